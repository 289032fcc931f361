"""A file of the cache, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO


def write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """write: is given the open file. Where there is no space or no right to write, nothing is there."""
    name = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
        os.chmod(name, 0o644)
        with os.fdopen(handle, "wb") as file:
            write(file)
        os.replace(name, path)
    except OSError:
        if name is not None:
            with suppress(OSError):
                os.unlink(name)  # on a full disk each start would leave one more
