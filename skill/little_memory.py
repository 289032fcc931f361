"""Whether this computer has room for everything, or for the smallest set that still hears a danger sign.

Measured with Whisper (`python -m benchmarks.faults.files`): the full set takes 353 MB while it listens, and 394 when the natural voice has
rendered something; the smallest set takes 218. Learning edited intents takes some 90 more for a moment. A set that does not fit is killed
by the system in the middle of a sentence.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
# Between the two sizes of Raspberry Pi that matter. With 512 MB (Zero 2 W, 3 A+), of which kernel and graphics keep a part, the full
# set and the system do not fit together; with 1 GB (3 B+) they do.
LEAST_TOTAL_MB = 700
# The full set, the natural voice at work, edited intents being learned: 484, and a little room.
LEAST_AVAILABLE_MB = 520


@dataclass(frozen=True, slots=True)
class Memory:
    """In megabytes of 10**6 bytes. available: what programs can still get without swapping."""

    total: int
    available: int

    @property
    def is_little(self) -> bool:
        return self.total < LEAST_TOTAL_MB or self.available < LEAST_AVAILABLE_MB


def memory_in(meminfo: str) -> Memory | None:
    """The content of /proc/meminfo, proc(5); None where it does not tell."""
    found = {}
    for line in meminfo.splitlines():
        name, _, rest = line.partition(":")
        number = rest.split()[:1]
        if number and number[0].isdecimal():
            found[name] = int(number[0]) * 1024 // 1_000_000
    if "MemTotal" not in found or "MemAvailable" not in found:
        return None
    return Memory(found["MemTotal"], found["MemAvailable"])


@functools.cache
def memory_at_start() -> Memory | None:
    """Looked at once: what the first parts take must not decide about the next ones. None where nothing is known."""
    try:
        return memory_in(MEMINFO.read_text(encoding="utf-8"))
    except OSError:
        return None


def is_small(wanted: str) -> bool:
    """wanted: the setting `memory`: auto, small or full. What is not known counts as enough."""
    if wanted != "auto":
        return wanted == "small"
    memory = memory_at_start()
    return memory is not None and memory.is_little
