#!/bin/sh
# Say how many tokens a region gets an hour; with the operator's token, before it is entered:
#   sh quota.sh NAME LOGINS
# An hour's quota is LOGINS × REQUESTS (region.sh) × the people one request may hold (server.hcl).
set -eu
name=$1 logins=$2

bao write "sys/quotas/rate-limit/$name" path=auth/cert role="$name" rate="$logins" \
    interval=1h >/dev/null
echo "$name may log in $logins times an hour"
