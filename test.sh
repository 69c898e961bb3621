#!/usr/bin/env bash
# Runs every test. It needs a Rust toolchain and a C compiler and brings the rest itself.
set -euo pipefail
cd "$(dirname "$0")"

cargo fmt --all --check
if ! cargo nextest --version >/dev/null 2>&1; then
    cargo install cargo-nextest --locked
fi
# Installs a package where that may be done, else says what to do.
needs() {
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        apt-get update -qq && apt-get install -y -qq "$1"
    else
        echo "$2: install it" >&2
        exit 1
    fi
}
if ! command -v curl >/dev/null 2>&1; then
    needs curl "the README's commands are among the tests, and they need curl"
fi
# Tests start private servers of their own.
if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
    needs postgresql "read models and keys are tested on Postgres, in /usr/lib/postgresql as Debian has it"
fi
cargo nextest run --workspace --all-features --locked --no-fail-fast
