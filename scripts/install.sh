#!/usr/bin/env bash
# Installs from the distribution what Plenum needs and this machine lacks. Running it again costs nothing.
#
#   scripts/install.sh run     what the daemon needs, and what building it needs
#   scripts/install.sh test    that, and what the tests need
#   scripts/install.sh bench   that, and what the measurements need
#
# No service is started. What cannot be had ends the script with a message; nothing is skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "install: $*"; }
fail() { echo "install: $*" >&2; exit 1; }

for_run=(haproxy keepalived caddy gcc libc6-dev make ca-certificates curl python3-venv)
for_test=("${for_run[@]}" postgresql-15 jq socat strace wrk patchelf openssl mount util-linux chromium fonts-dejavu-core
  bind9-dnsutils dnsmasq-base certbot openssh-server docker.io)
for_bench=("${for_test[@]}" hyperfine)

case "${1:-}" in
  run) packages=("${for_run[@]}") ;;
  test) packages=("${for_test[@]}") ;;
  bench) packages=("${for_bench[@]}") ;;
  *) fail "usage: scripts/install.sh run|test|bench" ;;
esac

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing() {
  local package
  for package in "${packages[@]}"; do is_installed "$package" || printf '%s\n' "$package"; done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else fail "this needs root (there is no sudo here): $*"
  fi
}

install_packages() {
  local policy=/usr/sbin/policy-rc.d made=
  # Packages start their services when they are installed. This file, for as long as it is there, tells them not to.
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    made=yes
  fi
  local result=0
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update </dev/null &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" </dev/null || result=$?
  [ -z "$made" ] || as_root rm -f "$policy"
  return "$result"
}

command -v dpkg-query >/dev/null || fail "this machine has no dpkg: install ${packages[*]} by its own means (Debian 12 is what is tried)"
mapfile -t lacking < <(missing)
if [ "${#lacking[@]}" -gt 0 ]; then
  say "installing ${lacking[*]}"
  install_packages "${lacking[@]}" || fail "apt-get could not install ${lacking[*]}"
  mapfile -t lacking < <(missing)
  [ "${#lacking[@]}" = 0 ] || fail "still missing after apt-get: ${lacking[*]}"
fi

command -v cargo >/dev/null || fail "there is no Rust toolchain: install it with rustup; rust-toolchain.toml names the version"
for program in /usr/sbin/haproxy /usr/bin/caddy; do
  [ -x "$program" ] || fail "the packages are installed and $program is not there"
done

if [ "$1" != run ]; then
  if ! cargo nextest --version >/dev/null 2>&1; then
    say "building cargo-nextest, the test runner, from the package registry (once; this takes minutes)"
    cargo install --locked --version 0.9.143 cargo-nextest || fail "cargo-nextest could not be installed"
  fi
fi
say "all that \`$1\` needs is here"
