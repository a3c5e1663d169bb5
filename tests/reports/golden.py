"""The golden reports: `python -m reports.golden`, in tests/, writes them anew. Read the diff."""

from __future__ import annotations

import tempfile
from pathlib import Path

from r1code.reports.form import FORMS
from r1code.reports.sheet import sheet_of
from r1code.secrets.values import unchanged
from reports.runs import RUNS

FOLDER = Path(__file__).parent / "golden"
# The page has its tests beside it (tests/ui/test_export.py), and the clock of this machine in it.
GOLDEN = tuple(form for form in FORMS if form != "html")


def path_of(run: str, form: str) -> Path:
    return FOLDER / f"{run}.{form}.txt"


def made(run: str, form: str, folder: Path) -> str:
    sheet = sheet_of(RUNS[run](folder), folder, unchanged, forms=GOLDEN)
    return FORMS[form](sheet)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in RUNS:
        for form in GOLDEN:
            with tempfile.TemporaryDirectory() as place:
                path_of(name, form).write_bytes(made(name, form, Path(place)).encode("utf-8", "surrogateescape"))
