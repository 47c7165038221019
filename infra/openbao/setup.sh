#!/bin/sh
# Set up the third party's key service, once, with the root token of `bao operator init`:
#   BAO_ADDR=… BAO_CACERT=… BAO_CLIENT_CERT=… BAO_CLIENT_KEY=… BAO_TOKEN=… sh setup.sh
# A second run changes nothing, and never makes a new key where there was one: a pseudonym that is
# lost with its key stays lost. Ends by saying what to do next.
set -eu
cd "$(dirname "$0")"

if bao secrets list | grep -q '^transit/ '; then
    echo "the key service is set up already; its key was not touched"
    exit 1
fi
bao secrets enable transit >/dev/null
# Of its own type, so that it can do nothing but HMAC; it never leaves the service in clear.
bao write -force transit/keys/people type=hmac key_size=32 exportable=false \
    allow_plaintext_backup=false >/dev/null
bao auth enable cert >/dev/null
bao policy write region region.hcl >/dev/null
bao policy write operator operator.hcl >/dev/null
bao write sys/quotas/config enable_rate_limit_audit_logging=true \
    enable_rate_limit_response_headers=true >/dev/null
echo "ready: enter each region with region.sh, give the operator a token, and revoke the root token"
