#!/usr/bin/env bash
# Runs the linter and builds the documentation, warnings being errors.
set -euo pipefail
cd "$(dirname "$0")"

cargo clippy --workspace --all-targets --all-features --locked -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet
