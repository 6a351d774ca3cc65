#!/usr/bin/env bash
# Runs every fuzz target for the given number of seconds. Needs a nightly compiler, which rustup installs.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}

fail() { echo "fuzz: $*" >&2; exit 1; }
cargo +nightly --version >/dev/null 2>&1 || fail "there is no nightly compiler: rustup toolchain install nightly"
command -v g++ >/dev/null || fail "there is no g++: apt-get install g++"
if ! cargo fuzz --version >/dev/null 2>&1; then
  echo "fuzz: building cargo-fuzz (once)"
  cargo install --locked cargo-fuzz
fi

shopt -s globstar
for manifest in crates/**/fuzz/Cargo.toml; do
  crate=$(dirname "$(dirname "$manifest")")
  for target in $(cd "$crate" && cargo +nightly fuzz list); do
    echo "fuzz: $crate $target for $seconds s"
    # What is found goes to the first directory; seeds are read only.
    inputs=("fuzz/corpus/$target")
    [ -d "$crate/fuzz/seeds/$target" ] && inputs+=("fuzz/seeds/$target")
    mkdir -p "$crate/fuzz/corpus/$target"
    (cd "$crate" && cargo +nightly fuzz run "$target" "${inputs[@]}" -- -max_total_time="$seconds" -max_len=65536 -rss_limit_mb=2048 -print_final_stats=1)
  done
done
