#!/bin/sh
# Make what a side's services need of its MinIO: buckets, versions, encryption, locks, users, each
# user with one policy. Safe to run again. Needs `mc`, and in the environment:
#   STORE    http://host:port       ROOT     file with MINIO_ROOT_USER= and MINIO_ROOT_PASSWORD=
#   BUCKETS  names                  LOCKED   name of the audit bucket, with object lock
#   VERSIONED  those of BUCKETS in which what is removed stays; never one that holds originals, as
#            erasing must erase
#   USERS    pairs name:policy; the secret of each is in $SECRETS/store_NAME
set -eu
policies=${POLICIES:-$(dirname "$0")/policies}
secrets=${SECRETS:-/run/secrets}
days=${LOCKED_DAYS:-3650}
value() { sed -n "s/^$1=//p" "$ROOT"; }

tries=0
until mc alias set store "$STORE" "$(value MINIO_ROOT_USER)" "$(value MINIO_ROOT_PASSWORD)" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || { echo "setup: the store does not answer" >&2; exit 1; }
    sleep 1
done
for bucket in $BUCKETS; do
    mc mb --ignore-existing "store/$bucket" >/dev/null
    mc encrypt set sse-s3 "store/$bucket" >/dev/null
done
for bucket in ${VERSIONED:-}; do
    mc version enable "store/$bucket" >/dev/null
done
mc mb --ignore-existing --with-lock "store/$LOCKED" >/dev/null
mc encrypt set sse-s3 "store/$LOCKED" >/dev/null
mc retention set --default COMPLIANCE "${days}d" "store/$LOCKED" >/dev/null
for pair in $USERS; do
    name=${pair%%:*} policy=${pair##*:}
    mc admin policy create store "$policy" "$policies/$policy.json" >/dev/null
    mc admin user add store "$name" "$(cat "$secrets/store_$name")" >/dev/null
    mc admin policy attach store "$policy" --user "$name" >/dev/null 2>&1 ||
        mc admin user info store "$name" | grep -q "$policy"
done
echo "setup: $STORE is ready"
