#!/bin/sh
# Runs once, when a server's volume is empty: one database and one login for each service named in
# DATABASES, with the password that lies in its secret. GUESTS, as login:database, may connect to
# another's database; what they may do there, its owner says.
set -eu
for name in $DATABASES; do
    password=$(cat "/run/secrets/database_$name")
    psql -v ON_ERROR_STOP=1 -v name="$name" -v password="$password" --username "$POSTGRES_USER" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name" TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
for pair in ${GUESTS:-}; do
    name=${pair%%:*}
    password=$(cat "/run/secrets/database_$name")
    psql -v ON_ERROR_STOP=1 -v name="$name" -v password="$password" -v database="${pair#*:}" \
        --username "$POSTGRES_USER" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
GRANT CONNECT ON DATABASE :"database" TO :"name";
SQL
done
