#!/usr/bin/env bash
# Checks the dependencies against deny.toml: nothing banned, only known licences, only the package registry.
set -euo pipefail
cd "$(dirname "$0")/.."
if cargo deny --version >/dev/null 2>&1; then
  cargo deny --offline --locked check bans licenses sources
else
  python3 scripts/deny.py
fi
