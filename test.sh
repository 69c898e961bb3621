#!/usr/bin/env bash
# Runs every test. It needs a Rust toolchain and a C compiler and brings the rest itself.
set -euo pipefail
cd "$(dirname "$0")"

cargo fmt --all --check
if ! cargo nextest --version >/dev/null 2>&1; then
    cargo install cargo-nextest --locked
fi
# The README's commands are run as they stand there.
if ! command -v curl >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        apt-get update -qq && apt-get install -y -qq curl
    else
        echo "the README's commands are among the tests, and they need curl: install it" >&2
        exit 1
    fi
fi
cargo nextest run --workspace --all-features --locked --no-fail-fast
