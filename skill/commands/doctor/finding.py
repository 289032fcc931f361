"""What the doctor found out about a part."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """How a part is. WARNING: it works, but something about it should be known or mended."""

    WORKS = "works"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found out about a part. do: the next step; None where none is needed."""

    part: str
    state: State
    says: str
    do: str | None = None
