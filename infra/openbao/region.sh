#!/bin/sh
# Enter a region at the key service or change it, with the token that enroller.sh printed:
#   sh region.sh NAME CA_FILE ADDRESS REQUESTS
#   NAME      the common name of the region's client certificate, such as region-norr
#   CA_FILE   who signs the region's client certificates (PEM)
#   ADDRESS   the one address the region calls from, such as 192.0.2.17/32
#   REQUESTS  requests a token is good for
# How many tokens it gets an hour is the operator's to say (quota.sh).
set -eu
here=$(dirname "$0")
. "$here/region-name.sh"
address=$3 requests=$4

bao write "auth/cert/certs/$name" certificate="$ca" allowed_common_names="$name" \
    token_policies=region token_no_default_policy=true token_bound_cidrs="$address" \
    token_num_uses="$requests" token_ttl=1h token_max_ttl=1h >/dev/null
echo "$name may call from $address, $requests requests with each token"
