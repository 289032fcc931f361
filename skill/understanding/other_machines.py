"""Requests to other machines in the house ("turn on the kitchen light"): readable rules in `shared/other_machines.yaml`.

They share our smallest words (on, off, up, down, red, open), and a house is full of them. Pure, like the danger screen.
"""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from skill.errors import IntentError
from skill.understanding.rules import any_of
from skill.yaml_source import read_yaml, validate

_LONGEST_REQUEST_WORDS = 14
_LONGEST_STATE_WORDS = 9


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    polite: list[str]
    requests: list[str] = Field(min_length=1)
    machines: list[str] = Field(min_length=1)
    states: list[str] = Field(min_length=1)
    told: list[str]
    loudness: list[str] = Field(min_length=1)
    loud_machines: list[str] = Field(min_length=1)
    places: list[str] = Field(min_length=1)
    ours: list[str] = Field(min_length=1)
    not_ours: list[str]


class OtherMachines:
    """Knows a request to another machine by its words."""

    def __init__(self, rules: _File) -> None:
        self._begins = re.compile(rf"^(?:{any_of(rules.polite).pattern} ?)*{any_of(rules.requests).pattern}")
        self._machines = any_of(rules.machines)
        self._told = any_of(rules.told)
        self._loud_or_elsewhere = any_of(rules.loud_machines + rules.places)
        self._states = any_of(rules.states)
        self._loudness = any_of(rules.loudness)
        self._ours = any_of(rules.ours)
        self._not_ours = any_of(rules.not_ours)

    def asked(self, text: str) -> bool:
        """text: normalised. Whether another machine is asked, and nothing of ours is spoken of."""
        words = len(text.split())
        if words > _LONGEST_REQUEST_WORDS or self._ours.search(self._not_ours.sub("_", text)):
            return False
        is_short = words <= _LONGEST_STATE_WORDS and not self._told.search(text)
        if self._loudness.search(text):
            return is_short and bool(self._loud_or_elsewhere.search(text))
        if not self._machines.search(text):
            return False
        return bool(self._begins.match(text)) or (is_short and bool(self._states.search(self._machines.sub("_", text))))


def load_other_machines(path: Path) -> OtherMachines:
    """Read the rules; raises IntentError with file, line and key of every mistake."""
    rules, problems = validate(read_yaml(path), _File)
    if rules is None:
        raise IntentError(problems)
    return OtherMachines(rules)
