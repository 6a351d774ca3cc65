#!/usr/bin/env bash
# Fetches the reference verifier of the Capsule Protocol from the Python package index; the tests let it judge our exports.
# It ends as <target>/capsule/venv/bin/capsule. Running the script again costs nothing when it is there.
set -euo pipefail
cd "$(dirname "$0")/.."

target=$(cargo metadata --no-deps --locked --format-version 1 | jq -r .target_directory)
[ -n "$target" ] && [ "$target" != null ] || { echo "capsule: cargo does not tell its target directory" >&2; exit 1; }
venv="$target/capsule/venv"

"$venv/bin/capsule" --version >/dev/null 2>&1 && exit 0
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check 'qp-capsule==1.5.4'
"$venv/bin/capsule" --version >/dev/null || { echo "capsule: the verifier does not run" >&2; exit 1; }
echo "capsule: the reference verifier is here"
