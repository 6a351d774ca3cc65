#!/usr/bin/env bash
# Measures, and prints each figure as a ratio to its floor or peer of the same run, or beside its target.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/node.sh
# The release program without fail points: what an operator runs.
cargo bench --locked -p plenum --bench measure "$@"
cargo bench --locked -p plenum-dns

scripts/ui.sh
cargo build --release --locked -p plenum
find_node
install_packages
PLENUM_BIN="$PWD/target/release/plenum" npm run --prefix web --silent measure
