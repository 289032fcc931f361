"""Signatures: who reviewed what a file makes the assistant say, when, and which words these were.

    reviewed: "A. Midwife, 2026-12-01, words 3f2a9c"

The last part is a checksum of the words and of what decides when they are said, so that no signature outlives what it was given for.
Whoever signs writes name and date; `check` tells the rest.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Iterable

EXAMPLE = '"A. Midwife, 2026-12-01"'
_SIGNATURE = re.compile(r"(?P<who>.*[^\W\d_].*?),? (?P<day>\d{4}-\d{2}-\d{2})(?:, words (?P<words>\w+))?")
_WORDS_LENGTH = 6


def who_and_when(given: object) -> str:
    """What stands behind `reviewed:` → empty while nobody has signed, else the signature. ValueError says how to write it."""
    if given is False or given == "no":
        return ""
    signed = _SIGNATURE.fullmatch(given.strip()) if isinstance(given, str) else None
    if signed is None or not _is_day(signed["day"]):
        raise ValueError(f"this does not tell who has reviewed the words and when; write both, in quotes, like {EXAMPLE}, or no")
    return signed[0]


def words_problem(signature: str, said: Iterable[str]) -> str | None:
    """What is wrong with a signature under these words; None where it is right, or where nobody has signed."""
    signed = _SIGNATURE.fullmatch(signature)
    now = _checksum(said)
    if signed is None or (signed["words"] or "").lower() == now:
        return None
    if signed["words"] is None:
        return f'a signature names the words that it is given for; write "{signature}, words {now}"'
    return (
        "the words, or when they are said, have changed since this was signed; write no, "
        f"or have them read anew, and write who and when, like {EXAMPLE}"
    )


def _is_day(text: str) -> bool:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _checksum(said: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(said)).encode()).hexdigest()[:_WORDS_LENGTH]
