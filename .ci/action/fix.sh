#!/usr/bin/env bash
# Runs `r1code fix` as the action's inputs say, which come as variables and go on as arguments of their own.
# Pushes nothing. What it leaves: reports in $RUNNER_TEMP/r1code/reports, sessions in the state folder.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=.ci/action/common.sh
. "$here/common.sh"

r1code=$home/venv/bin/r1code
folder=${INPUT_FOLDER:-.}
reports=$home/reports
export R1CODE_STATE_DIR=${INPUT_STATE:-$home/state}
mkdir -p "$reports" "$R1CODE_STATE_DIR"

case ${INPUT_SANDBOX:=docker} in
docker | bubblewrap) ;;
*) fail "the input sandbox is docker or bubblewrap: this job may hold a key" ;;
esac
case ${INPUT_PULL_REQUEST:=none} in
none | patch) ;;
*) fail "the input pull-request is none or patch" ;;
esac

arguments=(-C "$folder")
given() { # FLAG VALUE: nothing where there is no value
  if [ -n "$2" ]; then arguments+=("$1=$2"); fi
}
given --replies "${INPUT_REPLIES:-}"
given --steps "${INPUT_STEPS:-}"
given --seconds "${INPUT_SECONDS:-}"
given --budget "${INPUT_BUDGET:-}"
# A session that goes on has its own settings, and the limits of now.
resumed=("${arguments[@]}")
arguments+=("--sandbox=$INPUT_SANDBOX" --yes)
given --test "${INPUT_TEST:-}"
given --from-junit "${INPUT_FROM_JUNIT:-}"
given --from-log "${INPUT_FROM_LOG:-}"
given --from-range "${INPUT_FROM_RANGE:-}"
given --from-issue "${INPUT_FROM_ISSUE:-}"
given --path "${INPUT_PATH:-}"
given --trust-from "${INPUT_TRUST_FROM:-}"
given --profile "${INPUT_PROFILE:-}"
given --base-url "${INPUT_BASE_URL:-}"
given --model "${INPUT_MODEL:-}"
given --image "${INPUT_IMAGE:-}"
given --candidates "${INPUT_CANDIDATES:-}"
if [ -n "${INPUT_ISSUE:-}" ]; then
  # Its text is a stranger's: a file, that r1code reads as data.
  printf '%s\n' "$INPUT_ISSUE" >"$home/issue.txt"
  given --from-issue "$home/issue.txt"
fi

newest() { # the session that was used last, or nothing
  find "$R1CODE_STATE_DIR/sessions" -mindepth 2 -maxdepth 2 -name log.jsonl -printf '%T@ %h\n' 2>/dev/null |
    sort -rn | head -n 1 | cut -d ' ' -f 2-
}

# What tests and the model say is printed below. The runner obeys lines like `::add-mask::` until it is told to stop.
token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
base=$(git -C "$folder" rev-parse HEAD)
code=2
printf '::stop-commands::%s\n' "$token"
if [ "${INPUT_RESUME:-false}" = true ] && [ -n "$(newest)" ]; then
  "$r1code" resume "${resumed[@]}" </dev/null && code=0 || code=$?
fi
# Nothing went on: there was nothing to, or it could not.
if [ "$code" -eq 2 ]; then
  "$r1code" fix "${arguments[@]}" </dev/null && code=0 || code=$?
fi
printf '\n::%s::\n' "$token"

case $code in
0) outcome=fixed ;;
1) outcome=not-fixed ;;
2) outcome=usage ;;
3) outcome=nothing-to-fix ;;
4) outcome=cannot-reproduce ;;
5) outcome=budget ;;
6) outcome=backend ;;
7) outcome=sandbox ;;
8) outcome=tampered ;;
10) outcome=flaky ;;
11) outcome=not-solvable ;;
130) outcome=interrupted ;;
*) outcome=internal ;;
esac
output outcome "$outcome"
output exit-code "$code"
output base "$base"
output state "$R1CODE_STATE_DIR"

session=$(newest)
report() { # FORM FILE
  "$r1code" report "$(basename "$session")" --as "$1" -o "$reports/$2" </dev/null ||
    printf '::warning title=r1code::there is no report as %s\n' "$1"
}
if [ -n "$session" ]; then
  output session "$session"
  for form in ${INPUT_REPORTS:-}; do
    case $form in
    markdown) report markdown summary.md ;;
    junit) report junit junit.xml ;;
    json) report json report.json ;;
    sarif) report sarif report.sarif ;;
    html) report html session.html ;;
    annotations) "$r1code" report "$(basename "$session")" --as annotations </dev/null || true ;;
    *) printf '::warning title=r1code::the input reports has a form that is not known\n' ;;
    esac
  done
  if [ -s "$reports/summary.md" ]; then
    output summary "$reports/summary.md"
    # A summary may have 1 MiB.
    head -c 1000000 "$reports/summary.md" >>"${GITHUB_STEP_SUMMARY:?}"
  fi
  if [ "$code" -eq 0 ] && [ "$INPUT_PULL_REQUEST" = patch ]; then
    report mbox fix.mbox
    if [ -s "$reports/fix.mbox" ]; then output patch "$reports/fix.mbox"; fi
  fi
fi
output reports "$reports"

# Nothing to fix is no failure of the job.
if [ "$code" -eq 3 ]; then code=0; fi
exit "$code"
