"""Utterances to measure with: JSON Lines of {"text", "labels", "tier", "who"?, "any"?}."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import zip_longest
from pathlib import Path

from skill.errors import InputError
from skill.messages import Tier
from skill.settings import PROJECT
from skill.understanding.intents import NOTHING_OF_OURS

DEVELOPMENT = PROJECT.parent / "shared" / "utterances"
HELD_OUT = PROJECT / "benchmarks" / "held_out"


class Kind(Enum):
    """What a right answer has to do with it. The bars are counted kind by kind."""

    DANGER = "danger"
    QUESTION = "question"
    CONTROL = "control"
    CHATTER = "chatter"


# How much of a sample each kind makes up: dangers weigh most, and are the ones that may not be missed.
SHARES = {Kind.DANGER: 0.45, Kind.QUESTION: 0.30, Kind.CONTROL: 0.10, Kind.CHATTER: 0.15}


@dataclass(frozen=True, slots=True)
class Utterance:
    """labels: what it means, the most serious first. any_label: one of them is as right as all of them."""

    text: str
    labels: tuple[str, ...]
    tier: Tier
    who: str = ""
    any_label: bool = False

    @property
    def dangers(self) -> tuple[str, ...]:
        return tuple(label for label in self.labels if label.startswith("danger.")) if self.tier > Tier.NONE else ()

    @property
    def kind(self) -> Kind:
        if self.dangers:
            return Kind.DANGER
        if self.labels == (NOTHING_OF_OURS,):
            return Kind.CHATTER
        return Kind.CONTROL if self.labels[0].startswith("control.") else Kind.QUESTION


@dataclass(frozen=True, slots=True)
class UtteranceSet:
    """name: as it is printed. utterances: empty where `why_absent` says why."""

    name: str
    utterances: tuple[Utterance, ...]
    why_absent: str = ""


def read_set(name: str, folder: Path) -> UtteranceSet:
    """All *.jsonl of the folder. Raises InputError with file and line where one cannot be read; a folder without any is no mistake."""
    paths = sorted(folder.glob("*.jsonl"))
    if not paths:
        return UtteranceSet(name, (), f"there is no *.jsonl file in {folder}")
    return UtteranceSet(name, tuple(utterance for path in paths for utterance in _read(path)))


def stratified(utterances: Iterable[Utterance], number: int) -> list[Utterance]:
    """So many of them: the kinds in `SHARES`, and within a kind all labels in turn. The same ones each time."""
    by_kind: dict[Kind, dict[str, list[Utterance]]] = {kind: {} for kind in Kind}
    for utterance in sorted(utterances, key=lambda one: hashlib.sha256(one.text.encode()).digest()):
        by_kind[utterance.kind].setdefault(utterance.labels[0], []).append(utterance)
    chosen = [utterance for kind, by_label in by_kind.items() for utterance in _in_turn(by_label.values())[: round(SHARES[kind] * number)]]
    return chosen[:number]


def _in_turn(groups: Iterable[Sequence[Utterance]]) -> list[Utterance]:
    return [utterance for layer in zip_longest(*groups) for utterance in layer if utterance is not None]


def _read(path: Path) -> Iterator[Utterance]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise InputError(f"{path} cannot be read ({exc}); it must hold JSON Lines in UTF-8.") from exc
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                row = json.loads(line)
                yield Utterance(row["text"], tuple(row["labels"]), Tier.from_word(row["tier"]), row.get("who", ""), bool(row.get("any")))
            except (ValueError, KeyError, TypeError) as exc:
                raise InputError(f"{path}, line {number}: this is not an utterance with text, labels and tier ({exc}).") from exc
