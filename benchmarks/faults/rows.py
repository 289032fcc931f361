"""What a benchmark of faults tells of each one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """what: the fault that was injected. happened: what came of it. seconds: from the fault to that; None where no time is meant."""

    what: str
    happened: str
    seconds: float | None
