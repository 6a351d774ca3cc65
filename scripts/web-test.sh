#!/usr/bin/env bash
# Checks the web app.
#
#   scripts/web-test.sh lint   types, generated files, form
#   scripts/web-test.sh test   units, size of what the first page loads, and every page in a real browser
#
# The tests in the browser start the program of the debug build (target/debug/plenum, or PLENUM_BIN) with a real HAProxy.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/node.sh
find_node
install_packages

case "${1:-}" in
  lint) npm run --prefix web --silent check ;;
  test)
    npm run --prefix web --silent test
    scripts/ui.sh
    npm run --prefix web --silent budget
    [ -n "${PLENUM_BIN:-}" ] || cargo build --locked --quiet -p plenum --all-features
    npm run --prefix web --silent e2e
    ;;
  *) fail "usage: scripts/web-test.sh lint|test" ;;
esac
