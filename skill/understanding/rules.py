"""Words and phrases as readable rules: `bleed* / bled`, as they stand in the YAML."""

from __future__ import annotations

import re
from collections.abc import Sequence

from skill.understanding.wording import normalise


def any_of(phrases: Sequence[str]) -> re.Pattern[str]:
    """One pattern for a list of words and phrases; * stands for the rest of a word. Without any word it finds nothing."""
    parts = patterns_of(phrases)
    if not parts:
        return re.compile(r"(?!)")
    return re.compile(r"(?<![a-z'])(?:" + "|".join(sorted(parts, key=len, reverse=True)) + r")(?![a-z'])")


def patterns_of(phrases: Sequence[str]) -> list[str]:
    """Phrases are normalised like speech; blank ones are left out."""
    parts = []
    for phrase in phrases:
        words = " ".join(normalise(word.replace("*", "")) + ("*" if word.endswith("*") else "") for word in phrase.split())
        if words.strip("* "):
            parts.append(re.escape(words).replace(r"\*", r"[a-z']*"))
    return parts
