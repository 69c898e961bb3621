#!/bin/sh
# Makes a database for the read models and one for the keys, each with a role of its own: neither reads what is the other's,
# and no backup of one holds the other. Run once, by a Postgres that was just made.
set -eu
SECRETS=${SECRETS:-/run/secrets}
export SECRETS

psql -q -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\set read_store `sed 's|^[^:]*://[^:]*:\([^@]*\)@.*|\1|' "$SECRETS/read_store"`
\set keyring `sed 's|^[^:]*://[^:]*:\([^@]*\)@.*|\1|' "$SECRETS/keyring"`
create role dossier login password :'read_store';
create role dossier_keys login password :'keyring';
-- Of analysts, who are granted it: `grant dossier_reader to ada`.
create role dossier_reader nologin;
create database crm owner dossier encoding 'UTF8' template template0;
create database keys owner dossier_keys encoding 'UTF8' template template0;
revoke connect on database crm, keys from public;
grant connect on database crm to dossier_reader;
SQL
