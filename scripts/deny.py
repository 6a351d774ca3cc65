"""Checks the dependency graph against deny.toml, where cargo-deny is not installed.

The same rules, read from the same file, in the part that this project uses: banned crates, licences, sources.
"""

import re
import subprocess
import sys
import tomllib

rules = tomllib.load(open("deny.toml", "rb"))
target = rules["graph"]["targets"][0]
# `cargo metadata` also lists optional dependencies that no feature turns on; `cargo tree` tells what is built.
tree = subprocess.run(
    ["cargo", "tree", "--workspace", "--all-features", "--locked", "--target", target, "--edges", "normal,build,dev",
     "--prefix", "none", "--format", "{p}|{l}"],
    check=True,
    stdout=subprocess.PIPE,
    text=True,
).stdout
packages = sorted({line.removesuffix(" (*)") for line in tree.splitlines() if line})
banned = {rule["crate"]: rule["reason"] for rule in rules["bans"]["deny"]}
allowed = set(rules["licenses"]["allow"])
problems = []


def acceptable(expression: str) -> bool:
    """Whether an SPDX expression can be satisfied with allowed licences alone."""
    tokens = re.findall(r"\(|\)|[^\s()/]+|/", expression)
    position = 0

    def alternatives() -> bool:
        nonlocal position
        result = conjunction()
        while position < len(tokens) and tokens[position] in ("OR", "/"):
            position += 1
            result = conjunction() or result
        return result

    def conjunction() -> bool:
        nonlocal position
        result = single()
        while position < len(tokens) and tokens[position] == "AND":
            position += 1
            result = single() and result
        return result

    def single() -> bool:
        nonlocal position
        token = tokens[position]
        position += 1
        if token == "(":
            result = alternatives()
            position += 1
            return result
        if position < len(tokens) and tokens[position] == "WITH":
            token = f"{token} WITH {tokens[position + 1]}"
            position += 2
        return token in allowed

    return alternatives()


for line in packages:
    package, _, licence = line.rpartition("|")
    # `name v1.2.3`, and in parentheses where it is from when that is not the package registry (or what it is).
    name, version, *origin = package.split(" ", 2)
    origin = origin[0].replace("(proc-macro)", "").strip(" ()") if origin else ""
    if name in banned:
        problems.append(f"{name} {version} is banned: {banned[name]}")
    ours = origin.startswith("/")
    if origin and not ours:
        problems.append(f"{name} {version} comes from {origin}")
    if not ours and not licence:
        problems.append(f"{name} {version} names no licence")
    elif not ours and not acceptable(licence):
        problems.append(f"{name} {version} has the licence {licence}")

for problem in problems:
    print(f"deny: {problem}", file=sys.stderr)
if problems:
    sys.exit(1)
print(f"deny: {len(packages)} packages, no banned one, no unknown licence or source")
