#!/bin/sh
# Makes what must be secret, each in a file of its own in ./secrets; what is there already stays as it is.
set -eu
cd "$(dirname "$0")"
mkdir -p -m 0700 secrets
# The folder keeps others out. Within their containers the files are read by users that this machine does not know.
umask 0222

random() { od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n'; }
secret() { [ -e "secrets/$1" ] || printf '%s\n' "$2" >"secrets/$1"; }

secret master_key "$(random)"
secret postgres "$(random)"
secret read_store "postgres://dossier:$(random)@postgres/crm"
secret keyring "postgres://dossier_keys:$(random)@postgres/keys"
secret callers "# name and hash, a line each: docker run --rm caddy:2 caddy hash-password"
echo "back up secrets/master_key apart from everything else: without it nothing that is sealed can ever be read again"
