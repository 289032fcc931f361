"""What a fetch tells while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """Something that takes a while and can be measured. doing: "downloading", "unpacking", …"""

    model: str
    doing: str
    done_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the user should know, in one sentence."""

    model: str
    text: str


Report = Callable[[Step | Note], None]


def silent(_: Step | Note) -> None:
    """A Report for callers that want none."""
