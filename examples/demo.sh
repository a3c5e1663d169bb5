#!/bin/sh
# Repairs a copy of the example project. Called by `make demo`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$here/lending" "$work/lending"
cd "$work/lending"
git init -q
git add .
git -c user.name=demo -c user.email=demo@example.org commit -qm "the lending desk"
echo "The replies come from a file, not from a model: $here/lending.replies.toml"
R1CODE_STATE_DIR="$work/state" "$1" fix --test "pytest -q" --profile scripted --replies "$here/lending.replies.toml"
