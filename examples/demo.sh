#!/bin/sh
# Repairs a copy of the example project: demo.sh R1CODE embedded | recorded. Called by `make demo`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$here/lending" "$work/lending"
cd "$work/lending"
git init -q
git add .
git -c user.name=demo -c user.email=demo@example.org commit -qm "the lending desk"
export R1CODE_STATE_DIR="$work/state"
if [ "$2" = recorded ]; then
    echo "The replies come from a file, not from a model: $here/lending.replies.toml"
    "$1" fix --test "pytest -q" --profile scripted --replies "$here/lending.replies.toml"
else
    echo "A small model on this machine's CPU repairs the example: one to five minutes on two cores, and it may fail."
    echo "Its weights (1.1 GB) are downloaded if they are not here yet. It is not R1."
    "$1" fix --test "pytest -q" --profile embedded --seed 1 --yes
fi
