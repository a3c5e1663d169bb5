from __future__ import annotations

from typing import Any

import pytest

from r1code.app.demands import demands_of
from r1code.config import Config
from r1code.repair.demands import Demands, Gate


@pytest.mark.parametrize(
    ("config", "environ", "demands"),
    [
        ({}, {}, Demands()),
        ({}, {"CI": "true"}, Demands(strict="runner")),
        ({"strict": "off"}, {"CI": "true"}, Demands()),
        ({"strict": "all", "verdict_runs": 4}, {}, Demands(strict="all", runs=4)),
        ({"build": "make", "lint_gate": "off"}, {}, Demands(gates=(Gate(name="build", command="make"),))),
        ({"lint_gate": "ruff check", "build": ""}, {}, Demands(gates=(Gate(name="lint", command="ruff check"),))),
    ],
)
def test_what_a_fix_has_to_stand_up_to(config: dict[str, Any], environ: dict[str, str], demands: Demands) -> None:
    assert demands_of(Config(**config), environ) == demands
