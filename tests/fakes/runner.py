"""A runner of GitHub's, as far as composite actions of shell steps need one."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import yaml

_SAID = re.compile(r"\$\{\{ *(inputs|steps)\.([\w-]+)(?:\.outputs\.([\w-]+))? *\}\}")


@dataclass
class Done:
    code: int
    log: str
    outputs: dict[str, str]
    summary: str


@dataclass
class Runner:
    folder: Path
    """Of the runner itself."""
    workspace: Path
    env: dict[str, str] = field(default_factory=dict)
    """What the workflow gives the step."""

    @property
    def temp(self) -> Path:
        return self.folder / "temp"

    def stub(self, name: str, script: str) -> Path:
        """A program that is found first."""
        return _executable(self.folder / "bin" / name, script)

    def installed(self, script: str) -> Path:
        """What the action takes for r1code."""
        return _executable(self.temp / "r1code/venv/bin/r1code", script)

    def run(self, action: Path, **inputs: str) -> Done:
        """Runs all steps of an action, until one fails."""
        told = yaml.safe_load(action.read_text())
        given = {name: str(one.get("default", "")) for name, one in told["inputs"].items()}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        assert given.keys() == told["inputs"].keys()
        steps: dict[str, dict[str, str]] = {}
        log, code = "", 0
        for number, step in enumerate(told["runs"]["steps"]):
            assert (step["shell"], "${{" in step["run"]) == ("bash", False)
            env = {key: _filled(value, given, steps) for key, value in step.get("env", {}).items()}
            ran = self._step(step["run"], {**env, "GITHUB_ACTION_PATH": str(action.parent)}, number)
            log, code = log + ran.log, ran.code
            steps[step.get("id", str(number))] = ran.outputs
            if code:
                break
        outputs = {name: _filled(one["value"], given, steps) for name, one in told["outputs"].items()}
        summaries = sorted(self.folder.glob("*.summary"))
        return Done(code, log, outputs, "".join(path.read_text() for path in summaries))

    def _step(self, run: str, env: dict[str, str], number: int) -> Done:
        self.temp.mkdir(parents=True, exist_ok=True)
        output, summary = (self.folder / f"{number}.{kind}" for kind in ("output", "summary"))
        output.write_text("")
        summary.write_text("")
        script = self.folder / f"{number}.sh"
        script.write_text(run)
        places = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_ACTIONS": "true",
            "GITHUB_RUN_ID": "17",
            "GITHUB_RUN_ATTEMPT": "1",
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.workspace,
            env={**os.environ, **self.env, **places, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=170,
            check=False,
        )
        said = done.stdout.decode(errors="replace")
        return Done(done.returncode, said, _outputs(output.read_text()), summary.read_text())


def _outputs(text: str) -> dict[str, str]:
    """As the runner reads them: NAME=VALUE, or NAME<<MARK and lines until MARK."""
    found: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, mark, end = re.split("(=|<<)", line, maxsplit=1)
        found[name] = end if mark == "=" else "\n".join(iter(lines.__next__, end))
    return found


def _filled(text: str, inputs: dict[str, str], steps: dict[str, dict[str, str]]) -> str:
    def value(found: re.Match[str]) -> str:
        kind, name, output = found.groups()
        return inputs[name] if kind == "inputs" else steps.get(name, {}).get(output, "")

    filled = _SAID.sub(value, text)
    assert "${{" not in _SAID.sub("", text)
    return filled


def _executable(place: Path, script: str) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(script)
    place.chmod(0o755)
    return place
