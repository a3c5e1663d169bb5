"""A real model on a real vLLM tries to repair something, through the gateway. It is the embedded one, not R1.

Whether it can is not what is tested: what r1code says of it has to be so.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.gateway import Gateway, need_nginx
from fakes.requests import KEY, MODEL
from fakes.served import Served
from r1code.types import ExitCode

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(1800)]
WRONG = "def total(prices, discount):\n    return sum(prices) + discount\n"
TEST = """\
import unittest

from cart import total


class Test(unittest.TestCase):
    def test_a_discount_makes_it_cheaper(self):
        self.assertEqual(total([10, 5], 3), 12)

    def test_without_one(self):
        self.assertEqual(total([10, 5], 0), 15)
"""
PROFILE = """\
[team]
label = "what the gateway serves"
provider = "chat"
base_url = "{url}/v1"
key_env = "TEAM_R1_KEY"
model = "{model}"
reasoning = "none"
system = true
context_window = 4096
working_context = 3000
map_tokens = 0
sampling = {{ temperature = 0.2, top_p = 0.95, max_tokens = 200 }}
"""


def test_what_r1code_says_of_a_repair_through_the_gateway_is_so(small: Served, tmp_path: Path) -> None:
    need_nginx()
    project, home = tmp_path / "shop", tmp_path / "home"
    project.mkdir()
    (project / "cart.py").write_text(WRONG)
    (project / "test_cart.py").write_text(TEST)
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "first"]):
        subprocess.run(["git", *words], cwd=project, check=True)
    (tmp_path / "gateway").mkdir()
    gateway = Gateway(tmp_path / "gateway", (), key=KEY, ports=[int(small.root.rpartition(":")[2])])
    try:
        gateway.start()
        profiles = home / ".config/r1code/profiles.toml"
        profiles.parent.mkdir(parents=True)
        profiles.write_text(PROFILE.format(url=gateway.url, model=MODEL))
        environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "R1CODE_"))},
            "HOME": str(home),
            "TEAM_R1_KEY": gateway.key("ada"),
            "SSL_CERT_FILE": str(gateway.certificate),
        }
        words = ["fix", "--test", "python3 -m unittest", "--sandbox", "none", "--allow-host-exec"]
        ran = subprocess.run(
            [sys.executable, "-P", "-m", "r1code", *words, "--profile", "team", "--steps", "4", "--json"],
            cwd=project, env=environ, capture_output=True, text=True, check=False, timeout=1500,
        )  # fmt: skip
        assert "Traceback" not in ran.stderr
        events = [json.loads(line) for line in ran.stdout.splitlines()]
        end = next(one for one in reversed(events) if one["event"] == "Finished")
        sys.stdout.write(f"{end['outcome']}, exit code {ran.returncode}, {end['spent']}\n")
        again = subprocess.run([sys.executable, "-m", "unittest", "-q"], cwd=project, check=False)
        assert end["exit_code"] == ran.returncode
        assert ran.returncode in {ExitCode.OK, ExitCode.NOT_FIXED, ExitCode.BUDGET}
        assert (again.returncode == 0) == (ran.returncode == ExitCode.OK)
        assert (project / "test_cart.py").read_text() == TEST
        assert ran.returncode == ExitCode.OK or (project / "cart.py").read_text() == WRONG
        used, spent = gateway.settled("ada"), end["spent"]
        known = spent["requests"], spent["prompt"]["known"], spent["completion"]["known"]
        assert (used.requests, used.input, used.output) == known
        assert used.output > 0
    finally:
        gateway.stop()
        gateway.store.close()
