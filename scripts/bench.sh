#!/usr/bin/env bash
# Measures, and prints each figure as a ratio to its floor or peer of the same run.
set -euo pipefail
cd "$(dirname "$0")/.."
# The release program without fail points: what an operator runs.
cargo bench --locked -p plenum --bench measure "$@"
