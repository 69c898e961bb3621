#!/usr/bin/env bash
# Runs every check and every test. It needs a Rust toolchain and a C compiler and brings the rest itself.
set -euo pipefail
cd "$(dirname "$0")"

cargo fmt --all --check
cargo clippy --workspace --all-targets --all-features --locked -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet

if ! cargo nextest --version >/dev/null 2>&1; then
    cargo install cargo-nextest --locked
fi
cargo nextest run --workspace --all-features --locked
cargo test --workspace --doc --locked --quiet
