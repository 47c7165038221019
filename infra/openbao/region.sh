#!/bin/sh
# Enter a region at the key service, or change its quota:
#   sh region.sh NAME CA_FILE ADDRESS LOGINS REQUESTS
#   NAME      the common name of the region's client certificate, such as region-norr
#   CA_FILE   who signs the region's client certificates (PEM)
#   ADDRESS   the one address the region calls from, such as 192.0.2.17/32
#   LOGINS    tokens the region gets an hour
#   REQUESTS  requests a token is good for
# An hour's quota is LOGINS × REQUESTS × the people one request may hold (server.hcl).
set -eu
name=$1 ca=$2 address=$3 logins=$4 requests=$5

bao write "auth/cert/certs/$name" certificate="@$ca" allowed_common_names="$name" \
    token_policies=region token_no_default_policy=true token_bound_cidrs="$address" \
    token_num_uses="$requests" token_ttl=1h token_max_ttl=1h >/dev/null
bao write "sys/quotas/rate-limit/$name" path=auth/cert role="$name" rate="$logins" \
    interval=1h >/dev/null
echo "$name may log in $logins times an hour, $requests requests each"
