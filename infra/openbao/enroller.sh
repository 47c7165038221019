#!/bin/sh
# Allow somebody to enter one region or to change it, for half an hour; prints his token:
#   sh enroller.sh NAME CA_FILE
#   NAME      the common name of the region's client certificate, such as region-norr
#   CA_FILE   who signs the region's client certificates (PEM)
# Run with a root token that two key holders made (docs/third-party.md). The token enters NAME with
# that authority, that common name and the regions' policy, and does nothing else.
set -eu
here=$(dirname "$0")
. "$here/region-name.sh"

bao policy write "enroller-$name" - >/dev/null <<END
path "auth/cert/certs/$name" {
  capabilities        = ["create", "update"]
  required_parameters = [
    "certificate", "allowed_common_names", "token_policies", "token_no_default_policy",
    "token_bound_cidrs", "token_num_uses", "token_ttl", "token_max_ttl"
  ]
  allowed_parameters = {
    "certificate"             = ["$(printf '%s\n' "$ca" | awk 'NR > 1 { printf "\\n" } { printf "%s", $0 }')"]
    "allowed_common_names"    = ["$name"]
    "token_policies"          = ["region"]
    "token_no_default_policy" = ["true"]
    "token_bound_cidrs"       = []
    # Any number but 0, which means without end.
    "token_num_uses"          = ["1*", "2*", "3*", "4*", "5*", "6*", "7*", "8*", "9*"]
    "token_ttl"               = ["1h"]
    "token_max_ttl"           = ["1h"]
  }
}
END
# An orphan, so that it outlives the root token, which is revoked next.
bao token create -orphan -policy="enroller-$name" -no-default-policy -ttl=30m \
    -explicit-max-ttl=30m -display-name="enroller-$name" -field=token
echo
