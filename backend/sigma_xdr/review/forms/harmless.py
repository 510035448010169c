"""Lines that may stand in the log of a workflow: GitHub's runner takes some lines of a step's output for commands to itself."""

from __future__ import annotations

import re

from sigma_xdr.errors import visible

__all__ = ["APART", "harmless"]

#: A space that isn't seen.
APART = "\u200b"
#: ``::error::…`` after any blanks, and ``##[error]…`` wherever it is.
_COMMAND = re.compile(r"^(?P<blanks>\s*):(?=:)|##(?=\[)")


def harmless(line: str) -> str:
    """A line that can't drive a terminal, and is no command."""
    return _COMMAND.sub(lambda found: found[0] + APART, visible(line))
