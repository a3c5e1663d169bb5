#!/usr/bin/env bash
# Installs r1code for the action, in an environment of its own that no later step has on its path.
#
# Without a version it is the code that lies beside this script: who pins the action by its hash has pinned
# r1code, and constraints.txt what it needs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=.ci/action/common.sh
. "$here/common.sh"

python=${INPUT_PYTHON:-python3}
version=${INPUT_VERSION:-}
wheels=${INPUT_WHEELS:-}

if [ -x "$home/venv/bin/r1code" ]; then
  echo "r1code is installed already"
  exit 0
fi
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "r1code needs Python 3.11 or later: $python is older, or not there"
if [ -n "$version" ] && ! [[ $version =~ ^[0-9][0-9A-Za-z.+!]*$ ]]; then
  fail "the input version is no version"
fi

mkdir -p "$home"
"$python" -m venv "$home/venv"
install=("$home/venv/bin/python" -m pip install --quiet --disable-pip-version-check)
if [ -n "$wheels" ]; then
  install+=(--no-index --find-links "$wheels" "r1code${version:+==$version}")
elif [ -n "$version" ]; then
  install+=("r1code==$version")
else
  root=$(cd "$here/../.." && pwd)
  install+=(--constraint "$root/constraints.txt" "$root")
fi
"${install[@]}"
"$home/venv/bin/r1code" --version
