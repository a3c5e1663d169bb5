#!/usr/bin/env bash
# Commits a patch, looks at what it did, and only then pushes it to a new branch and opens a pull request; on GitLab
# a merge request, with the token in PUSH_TOKEN.
#
# The patch is a stranger's, whoever made it: it changes no file that says what CI, git or agents do, makes no links,
# and is one commit. No hook and no filter of the repository runs.
set -euo pipefail
set -f
# On some systems Agents.md is AGENTS.md.
shopt -s nocasematch

if [ "${GITLAB_CI:-}" = true ]; then
  run=${CI_PIPELINE_ID:?} attempt=${CI_JOB_ID:?}
  server=${CI_SERVER_URL:?}/${CI_PROJECT_PATH:?}.git user=oauth2
  export TOKEN=${PUSH_TOKEN:?}
else
  run=${GITHUB_RUN_ID:?} attempt=${GITHUB_RUN_ATTEMPT:-1}
  server=${GITHUB_SERVER_URL:?}/${GITHUB_REPOSITORY:?} user=x-access-token
  export TOKEN=${GH_TOKEN:?}
fi

fail() {
  if [ "${GITLAB_CI:-}" = true ]; then printf 'r1code: %s\n' "$1"; else printf '::error title=r1code::%s\n' "$1"; fi
  exit 1
}

patch=${INPUT_PATCH:?}
base=${INPUT_BASE:?}
branch=${INPUT_BRANCH:-r1code/fix-$run-$attempt}
title=${INPUT_TITLE:-Repair the failing tests}
body=${INPUT_BODY:-}
most_bytes=5000000

[ -s "$patch" ] || fail "there is no patch"
[ "$(wc -c <"$patch")" -le "$most_bytes" ] || fail "the patch is larger than $most_bytes bytes"
for name in "$branch" "$base"; do
  [ "$(git check-ref-format --branch "$name" 2>/dev/null)" = "$name" ] || fail "the name of a branch cannot be used"
done
[ -z "$(git status --porcelain)" ] || fail "the checkout has changes of its own"

start=$(git rev-parse HEAD)
export GIT_COMMITTER_NAME=r1code GIT_COMMITTER_EMAIL=r1code@users.noreply.github.com
git -c core.hooksPath=/dev/null -c commit.gpgSign=false am --quiet --no-3way "$patch" || fail "the patch does not apply to $start"
[ "$(git rev-list --count "$start..HEAD")" -eq 1 ] || fail "the patch is more than one commit"

refused() { # PATH
  local name=${1##*/} one
  case $1 in
  .github/* | .gitlab/* | .circleci/* | .buildkite/* | .azure-pipelines/* | .woodpecker/* | .drone/* | .r1code/* | .claude/* | .cursor/*) return 0 ;;
  .ci/* | .husky/* | .devcontainer/* | .vscode/* | .idea/*) return 0 ;;
  esac
  case $name in
  .gitattributes | .gitmodules | .lfsconfig | .r1codeignore) return 0 ;;
  .gitlab-ci.y*ml | .travis.yml | .drone.yml | azure-pipelines.y*ml | bitbucket-pipelines.yml | Jenkinsfile | action.y*ml) return 0 ;;
  .pre-commit-config.yaml | .pre-commit-hooks.yaml | lefthook.y*ml | CODEOWNERS) return 0 ;;
  AGENTS.md | AGENT.md | CLAUDE.md | GEMINI.md | QWEN.md | .cursorrules | .windsurfrules | .clinerules | .rules) return 0 ;;
  esac
  for one in ${INPUT_REFUSE:-}; do
    # shellcheck disable=SC2053 # they are globs
    if [[ $1 == $one ]]; then return 0; fi
  done
  return 1
}

while IFS= read -r -d '' told && IFS= read -r -d '' path; do
  read -r _ mode _ <<<"$told"
  case $mode in
  100644 | 100755 | 000000) ;;
  *) fail "the patch makes a link or a submodule" ;;
  esac
  if refused "$path"; then fail "the patch changes a file that says what CI, git or agents do"; fi
done < <(git diff --raw -z --no-renames --no-abbrev "$start" HEAD)

# The token is in no argument and in no file: git asks for it.
helper="!printf 'username=$user\\npassword=%s\\n' \"\$TOKEN\"; #"
push=(git -c core.hooksPath=/dev/null -c credential.helper= -c "credential.helper=$helper" push --quiet)
if [ "${GITLAB_CI:-}" = true ]; then
  push+=(-o merge_request.create -o "merge_request.target=$base" -o "merge_request.title=$title")
  if [ "${INPUT_DRAFT:-true}" = true ]; then push+=(-o merge_request.draft); fi
  "${push[@]}" "$server" "HEAD:refs/heads/$branch"
  exit 0
fi
"${push[@]}" "$server" "HEAD:refs/heads/$branch"
printf 'branch=%s\n' "$branch" >>"${GITHUB_OUTPUT:?}"

text=${RUNNER_TEMP:?}/r1code-pull-request.md
printf 'r1code made this commit. A clean re-run of the tests in a sandbox proved it; a person has to review it.\n\n' >"$text"
# A text may have 65,536 characters; and it calls nobody.
if [ -n "$body" ] && [ -f "$body" ]; then head -c 60000 "$body" | iconv -c -f utf-8 -t utf-8 | sed 's/@/@\xe2\x80\x8b/g' >>"$text"; fi
create=(gh pr create --repo "$GITHUB_REPOSITORY" --base "$base" --head "$branch" --title "$title" --body-file "$text")
if [ "${INPUT_DRAFT:-true}" = true ]; then create+=(--draft); fi
url=$("${create[@]}" | tail -n 1)
printf 'url=%s\n' "$url" >>"$GITHUB_OUTPUT"
