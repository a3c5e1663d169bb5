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

# Summary, outputs and annotations; and while tests and the model talk, no line of theirs is a command to the runner.
told=(--report github)
for form in ${INPUT_REPORTS:-}; do
  case $form in
  markdown) told+=(--report "markdown:$reports/summary.md") ;;
  junit) told+=(--report "junit:$reports/junit.xml") ;;
  json) told+=(--report "json:$reports/report.json") ;;
  sarif) told+=(--report "sarif:$reports/report.sarif") ;;
  html) told+=(--report "html:$reports/session.html") ;;
  *) fail "the input reports has a form that the action does not make" ;;
  esac
done

output base "$(git -C "$folder" rev-parse HEAD)"
output state "$R1CODE_STATE_DIR"
output reports "$reports"
code=2
# A session goes on only where it was begun with the same commit.
mark=$R1CODE_STATE_DIR/commit
commit=$(git -C "$folder" rev-parse HEAD)
if [ "${INPUT_RESUME:-false}" = true ] && [ "$(cat "$mark" 2>/dev/null)" = "$commit" ]; then
  session=$(find "$R1CODE_STATE_DIR/sessions" -mindepth 2 -maxdepth 2 -name log.jsonl -printf '%T@ %h\n' |
    sort -rn | head -n 1 | cut -d ' ' -f 2-)
  if [ -n "$session" ]; then
    "$r1code" resume "$(basename "$session")" "${resumed[@]}" "${told[@]}" </dev/null && code=0 || code=$?
  fi
fi
printf '%s\n' "$commit" >"$mark"
# Nothing went on: there was nothing to, or it could not.
if [ "$code" -eq 2 ]; then
  "$r1code" fix "${arguments[@]}" "${told[@]}" </dev/null && code=0 || code=$?
fi
# It ended before it could say so.
if ! grep -q '^outcome[=<]' "$GITHUB_OUTPUT"; then
  output outcome error
  output exit-code "$code"
fi

if [ "$code" -eq 0 ] && [ "$INPUT_PULL_REQUEST" = patch ]; then
  "$r1code" report --as mbox -o "$reports/fix.mbox" --force </dev/null
  "$r1code" report --as comment -o "$reports/pull-request.md" --force </dev/null
  output mbox "$reports/fix.mbox"
fi
# Nothing to fix is no failure of the job.
if [ "$code" -eq 3 ]; then code=0; fi
exit "$code"
