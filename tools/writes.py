"""All tools that change files."""

from __future__ import annotations

from r1code.tools.base import WriteTool
from r1code.tools.chmod import Chmod
from r1code.tools.delete import Delete
from r1code.tools.edit import Edit
from r1code.tools.insert import Insert
from r1code.tools.move import Move
from r1code.tools.patch import Patch
from r1code.tools.replace import Replace
from r1code.tools.write import Write

WRITES: tuple[WriteTool, ...] = (Edit(), Patch(), Replace(), Insert(), Write(), Delete(), Move(), Chmod())
