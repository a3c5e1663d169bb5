"""For `python -P -m r1code`. People use the command `r1code`."""

from __future__ import annotations

import sys

from r1code.cli.main import main

sys.exit(main())
