#!/usr/bin/env bash
# Runs every test. It needs a Rust toolchain and a C compiler and brings the rest itself.
set -euo pipefail
cd "$(dirname "$0")"

cargo fmt --all --check
if ! cargo nextest --version >/dev/null 2>&1; then
    cargo install cargo-nextest --locked
fi
cargo nextest run --workspace --all-features --locked --no-fail-fast
