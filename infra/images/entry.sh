#!/bin/sh
# Take secrets from files, then become the program that was asked for. `NAME_FROM=/run/secrets/x`
# sets NAME to what the file holds. Key files, which refuse others' eyes, are copied to memory,
# readable by this user alone.
set -eu
umask 077
for line in $(env | grep -E '^[A-Z][A-Z0-9_]*_FROM=/' || :); do
    name=${line%%=*}
    value=$(cat "${line#*=}")
    export "${name%_FROM}=$value"
    unset "$name"
done
for key in /run/secrets/*.key; do
    [ -e "$key" ] || continue
    cp "$key" "/run/mammo/${key##*/}"
    chmod 0400 "/run/mammo/${key##*/}"
done
exec "$@"
