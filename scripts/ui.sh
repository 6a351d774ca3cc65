#!/usr/bin/env bash
# Builds the web app into web/dist, if its sources are newer than what is there. The program is built with what lies there.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/node.sh

sources() { printf '%s\n' web/src web/public web/scripts web/index.html web/openapi.json web/package.json web/package-lock.json web/vite.config.ts web/tsconfig.json; }

is_current() {
  [ -f web/dist/index.html ] || return 1
  local newer
  mapfile -t newer < <(sources | xargs -I{} find {} -newer web/dist/index.html -print -quit)
  [ "${#newer[@]}" = 0 ]
}

if is_current; then
  say "web/dist is newer than all sources"
  exit 0
fi
find_node
say "building the web app with Node.js $(node --version)"
install_packages
npm run --prefix web build
[ -f web/dist/index.html ] || fail "the build left no web/dist/index.html"
# What was built last is what the comparison above goes by.
touch web/dist/index.html
say "web/dist is built"
