"""What a module of faults gives."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """what: was injected. happened: afterwards. seconds: until then; None: no time was measured."""

    what: str
    happened: str
    seconds: float | None = None


def as_markdown(rows: list[Row]) -> str:
    lines = ["| what was done | what happened | after |", "|---|---|---|"]
    for row in rows:
        seconds = "" if row.seconds is None else f"{row.seconds:.1f} s"
        lines.append(f"| {row.what} | {row.happened} | {seconds} |")
    return "\n".join(lines)
