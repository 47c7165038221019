#!/bin/sh
# Draw the secrets of infra/compose.yaml that can be drawn, once, into a private folder, and name
# those that somebody must deliver. Nothing that is there is ever replaced.
set -eu
umask 077
here=$(cd "$(dirname "$0")/.." && pwd)
folder=${MAMMO_SECRETS:-$here/../var/compose}
mkdir -p "$folder"
chmod 0700 "$folder"
cd "$folder"

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
# Files of a container are read by its own user; the folder above lets nobody else through.
keep() { [ -e "$1" ] || { cat >"$1.new"; chmod 0444 "$1.new"; mv "$1.new" "$1"; }; }
root() {
    printf 'MINIO_ROOT_USER=root\nMINIO_ROOT_PASSWORD=%s\nMINIO_KMS_SECRET_KEY=mammo:%s\n' \
        "$(random)" "$(head -c 32 /dev/urandom | base64 | tr -d '\n')"
}

for name in region_store_root hub_store_root; do root | keep "$name"; done
for name in store_region store_region-audit store_intake store_arrivals store_hub store_hub-erase store_door \
    store_hub-audit region_db_root hub_db_root database_ledger database_region_prefect database_console \
    database_catalogue database_hub_prefect; do
    random | keep "$name"
done
for side in region hub; do
    printf 'mammo:%s' "$(random)" | keep "${side}_prefect_login"
    printf 'postgresql+asyncpg://%s_prefect:%s@%s-db/%s_prefect' \
        "$side" "$(cat "database_${side}_prefect")" "$side" "$side" | keep "${side}_prefect_url"
done
printf 'postgresql://ledger:%s@region-db/ledger' "$(cat database_ledger)" | keep region_ledger_url
printf 'postgresql://console:%s@region-db/ledger' "$(cat database_console)" | keep console_ledger_url
printf 'postgresql://catalogue:%s@hub-db/catalogue' "$(cat database_catalogue)" | keep catalogue_url

missing=
for name in region_key release_key region_certificate region_tls_key key_service_ca key_service_certificate \
    key_service_key key_service_clients intake_signing_key intake_ca hub_orders_key intake_certificate \
    intake_tls_key issuer_jwks receiver_peers; do
    [ -e "$name" ] || missing="$missing $name"
done
[ -z "$missing" ] || { echo "put these into $folder (docs/operator.md):$missing"; exit 1; }
echo "every secret is in $folder"
