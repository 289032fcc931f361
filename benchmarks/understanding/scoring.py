"""Judgements against what was meant: the bars, their intervals, and what went wrong, worst first. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from benchmarks.understanding.utterances import Kind, Utterance
from skill.messages import Tier, Understanding

_NORMAL_95 = 1.959964


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a system made of an utterance. labels: the first is answered first; none at all is "left alone".

    heard: the words that it judged, where these were recognised speech. why: the evidence for the first label.
    """

    labels: tuple[str, ...]
    tier: Tier
    why: str = ""
    heard: str | None = None

    @property
    def dangers(self) -> tuple[str, ...]:
        return tuple(label for label in self.labels if label.startswith("danger."))


Judged = tuple[Utterance, Judgement]


def judgement_of(understood: Understanding) -> Judgement:
    why = understood.matches[0].evidence[0] if understood.matches and understood.matches[0].evidence else ""
    return Judgement(understood.labels, understood.tier, why)


# --- the bars ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many. Where several judgements hang together, both are divided by how many say the same (`thinned`)."""

    hits: float
    of: float

    @property
    def percent(self) -> float | None:
        return 100 * self.hits / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval, in percent: between these the true share lies, were these utterances drawn at random."""
        if not self.of:
            return 0.0, 100.0
        share, square = self.hits / self.of, _NORMAL_95**2
        middle = (share + square / (2 * self.of)) / (1 + square / self.of)
        reach = _NORMAL_95 / (1 + square / self.of) * math.sqrt(share * (1 - share) / self.of + square / (4 * self.of**2))
        return 100 * max(0.0, middle - reach), 100 * min(1.0, middle + reach)

    def thinned(self, by: int) -> Share:
        return Share(self.hits / by, self.of / by)


@dataclass(frozen=True, slots=True)
class Bar:
    """What is counted, on which utterances, and the limit in percent: at least (or, where `at_most`, at most) so much; None: no limit."""

    name: str
    applies: Callable[[Utterance], bool]
    hit: Callable[[Utterance, Judgement], bool]
    limit: float | None
    at_most: bool = False

    def share(self, judged: Iterable[Judged]) -> Share:
        counted = [self.hit(utterance, judgement) for utterance, judgement in judged if self.applies(utterance)]
        return Share(sum(counted), len(counted))

    def is_met(self, share: Share) -> bool | None:
        """None: no limit, or nothing to count."""
        if self.limit is None or share.percent is None:
            return None
        return share.percent <= self.limit if self.at_most else share.percent >= self.limit

    @property
    def wanted(self) -> str:
        return "" if self.limit is None else f"at {'most' if self.at_most else 'least'} {self.limit:g}"


def _of(kind: Kind) -> Callable[[Utterance], bool]:
    return lambda utterance: utterance.kind is kind


def _first_right(utterance: Utterance, judgement: Judgement) -> bool:
    return judgement.labels[:1] != () and judgement.labels[0] in utterance.labels


def _all_right(utterance: Utterance, judgement: Judgement) -> bool:
    given = set(judgement.labels) & set(utterance.labels)
    return bool(given) if utterance.any_label else given == set(utterance.labels)


DANGER_FOUND = Bar("danger: some danger label", _of(Kind.DANGER), lambda _, judgement: bool(judgement.dangers), 99)
DANGER_RIGHT = Bar(
    "danger: a right danger label", _of(Kind.DANGER), lambda said, judgement: bool(set(said.dangers) & set(judgement.dangers)), 95
)
TIER_TOO_LOW = Bar("danger: tier too low", _of(Kind.DANGER), lambda said, judgement: judgement.tier < said.tier, 2, at_most=True)
FALSE_DANGER = Bar(
    "no danger: a danger label", lambda said: said.kind is not Kind.DANGER, lambda _, judgement: bool(judgement.dangers), 3, at_most=True
)
QUESTION_RIGHT = Bar("question: first label right", _of(Kind.QUESTION), _first_right, 90)
CONTROL_RIGHT = Bar("control words: first label right", _of(Kind.CONTROL), _first_right, 95)
CHATTER_ALONE = Bar("chatter: left alone", _of(Kind.CHATTER), lambda _, judgement: not judgement.labels, 97)
SEVERAL_RIGHT = Bar("several meanings: all of them given", lambda said: len(said.labels) > 1, _all_right, None)

BARS = (
    DANGER_FOUND,
    DANGER_RIGHT,
    TIER_TOO_LOW,
    FALSE_DANGER,
    QUESTION_RIGHT,
    CONTROL_RIGHT,
    CHATTER_ALONE,
    SEVERAL_RIGHT,
)


# --- what went wrong -----------------------------------------------------------------------------------------------------


class Fault(IntEnum):
    """Worst first."""

    MISSED = 0
    TIER_LOW = 1
    FALSE_ALARM = 2
    WRONG_DANGER = 3
    WRONG_LABEL = 4
    NOT_ANSWERED = 5
    NOT_LEFT_ALONE = 6

    @property
    def words(self) -> str:
        return _FAULT_WORDS[self]


_FAULT_WORDS: Mapping[Fault, str] = {
    Fault.MISSED: "danger missed",
    Fault.TIER_LOW: "tier too low",
    Fault.FALSE_ALARM: "false alarm",
    Fault.WRONG_DANGER: "wrong danger",
    Fault.WRONG_LABEL: "wrong label",
    Fault.NOT_ANSWERED: "not answered",
    Fault.NOT_LEFT_ALONE: "not left alone",
}


def fault_of(utterance: Utterance, judgement: Judgement) -> Fault | None:
    """The worst thing that is wrong with the judgement; None where nothing is."""
    if utterance.kind is Kind.DANGER:
        if not judgement.dangers:
            return Fault.MISSED
        if judgement.tier < utterance.tier:
            return Fault.TIER_LOW
        return None if set(utterance.dangers) & set(judgement.dangers) else Fault.WRONG_DANGER
    if judgement.dangers:
        return Fault.FALSE_ALARM
    if utterance.kind is Kind.CHATTER:
        return Fault.NOT_LEFT_ALONE if judgement.labels else None
    if not judgement.labels:
        return Fault.NOT_ANSWERED
    return None if _first_right(utterance, judgement) else Fault.WRONG_LABEL


@dataclass(frozen=True, slots=True)
class Confusion:
    fault: Fault
    utterance: Utterance
    judgement: Judgement


def confusions(judged: Iterable[Judged]) -> list[Confusion]:
    """Worst first: by kind of fault, then by how serious it is, or was said to be."""
    found = [
        Confusion(fault, utterance, judgement) for utterance, judgement in judged if (fault := fault_of(utterance, judgement)) is not None
    ]
    return sorted(found, key=lambda one: (one.fault, -max(one.utterance.tier, one.judgement.tier), one.utterance.labels))


def word_errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """The fewest words to put in, take out or change (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for position, word in enumerate(said, 1):
        before, row[0] = row[0], position
        for column, other in enumerate(heard, 1):
            before, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, before + (word != other))
    return row[-1]
