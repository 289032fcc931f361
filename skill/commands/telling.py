"""Lines for those who look at the screen or the log of the assistant."""

from __future__ import annotations

import sys
from typing import TextIO


def tell(what: str) -> None:
    print_line(what, sys.stderr)


def print_line(what: str, stream: TextIO) -> None:
    """Where that goes to a file on a full disk it is lost; what is spoken is not."""
    try:
        print(what, file=stream, flush=True)
    except BrokenPipeError:
        raise
    except OSError:
        return
