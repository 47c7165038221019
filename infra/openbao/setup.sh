#!/bin/sh
# Set up the third party's key service, once, with the root token of `bao operator init`:
#   BAO_ADDR=… BAO_CACERT=… BAO_CLIENT_CERT=… BAO_CLIENT_KEY=… BAO_TOKEN=… sh setup.sh
# If it broke off, run it again. Once it has ended well, another run changes nothing, and never
# makes a new key where there was one: a pseudonym that is lost with its key stays lost. What tells
# is the regions' policy, made last: before, no region could have used a key.
set -eu
cd "$(dirname "$0")"

# Not in a pipe: where asking fails, nothing may be made.
policies=$(bao policy list)
engines=$(bao secrets list)
logins=$(bao auth list)
has() { printf '%s\n' "$1" | grep -q "^$2\( \|\$\)"; }

if has "$policies" region; then
    echo "the key service is set up already; its key was not touched"
    exit 1
fi
has "$engines" transit/ || bao secrets enable transit >/dev/null
# Of its own type, so that it can do nothing but HMAC; it never leaves the service in clear. A key
# that is there already is left as it is.
bao write -force transit/keys/people type=hmac key_size=32 exportable=false \
    allow_plaintext_backup=false >/dev/null
has "$logins" cert/ || bao auth enable cert >/dev/null
bao write sys/quotas/config enable_rate_limit_audit_logging=true \
    enable_rate_limit_response_headers=true >/dev/null
bao policy write operator operator.hcl >/dev/null
bao policy write region region.hcl >/dev/null
echo "ready: give the operator a token, enter each region (docs/third-party.md), and revoke the"
echo "root token"
