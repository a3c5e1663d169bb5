# What the scripts of the action share. Sourced, with `set -euo pipefail`.
# shellcheck shell=bash

# shellcheck disable=SC2034 # who sources this uses it
home=${RUNNER_TEMP:?"the runner's folder for one job is not known"}/r1code

fail() {
  printf '::error title=r1code::%s\n' "$1"
  exit 2
}

# A value of one line: what is written to $GITHUB_OUTPUT ends there.
output() {
  case $2 in *$'\n'*) fail "the output $1 has more than one line" ;; esac
  printf '%s=%s\n' "$1" "$2" >>"${GITHUB_OUTPUT:?}"
}
