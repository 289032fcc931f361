"""The danger screen: readable rules that look for danger signs in what was said, whatever else was meant.

The rules are `shared/danger_screen.yaml`. A sign is written as groups of words that must all be there:

    bleed* / bled / blood            one of these words (a * ends a word anywhere)
    numb / no feeling + leg* / bum   one from each side of the +, in one clause, in any order

For each sign that is found it is judged whether she reports it, or denies it, asks about it, tells of long ago, or of somebody else.
Pure: no clock, no file, no learned weights. What this finds and what the examples teach are weighed in `interpreter`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from skill.errors import IntentError
from skill.messages import Tier
from skill.understanding.rules import any_of, patterns_of
from skill.yaml_source import YamlSource, read_yaml, validate

_DENIAL_REACH_WORDS = 5
_INNER_REACH_WORDS = 2  # between the words of one sign: "my waters have not broken"
_DANGER_TIERS = ("today", "now", "emergency")


class Said(Enum):
    """How a sign was spoken of."""

    REPORTED = "reported"
    DENIED = "denied"
    ASKED = "asked about"
    PAST = "long ago"
    OTHERS = "of somebody else"


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign found: label, the words that showed it, and how it was spoken of."""

    label: str
    words: str
    said: Said


class _SignFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    signs: list[str] = Field(min_length=1)
    never: list[str] = []


class _RaiseFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    label: str
    to: str
    with_labels: list[str] = []
    with_words: list[str] = []


class _ScreenFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    denials: list[str] = Field(min_length=1)
    no_denials: list[str] = []
    clause_ends: list[str] = Field(min_length=1)
    questions: list[str] = Field(min_length=1)
    reports: list[str] = Field(min_length=1)
    past: list[str] = Field(min_length=1)
    others: list[str] = Field(min_length=1)
    hers: list[str] = Field(min_length=1)
    dangers: dict[str, _SignFile] = Field(min_length=1)
    starts_at: dict[str, str] = {}
    raises: list[_RaiseFile] = []


@dataclass(frozen=True)
class _Raise:
    label: str
    to: Tier
    labels: frozenset[str]
    words: re.Pattern[str] | None


class DangerScreen:
    """`look` gives every sign found, in the order of the rules; `raised` the tier that pairs of signs lift a label to."""

    def __init__(self, rules: _ScreenFile) -> None:
        self._denials = any_of(rules.denials)
        self._no_denials = any_of(rules.no_denials) if rules.no_denials else None
        self._clause_ends = any_of(rules.clause_ends)
        self._questions = re.compile(
            rf"^(?:(?:so|and|um|uh|ok|well|please|hi|hello|but|just wondering)\s+)*{any_of(rules.questions).pattern}"
        )
        self._reports = any_of(rules.reports)
        self._past = any_of(rules.past)
        self._others = any_of(rules.others)
        self._hers = any_of(rules.hers)
        self._patterns = {
            label: tuple(tuple(any_of(group.split("/")) for group in sign.split("+")) for sign in danger.signs)
            for label, danger in rules.dangers.items()
        }
        self._never = {label: any_of(danger.never) for label, danger in rules.dangers.items() if danger.never}
        self.starts_at = {label: Tier.from_word(tier) for label, tier in rules.starts_at.items()}
        self._raises = tuple(
            _Raise(
                rule.label,
                Tier.from_word(rule.to),
                frozenset(rule.with_labels),
                any_of(rule.with_words) if rule.with_words else None,
            )
            for rule in rules.raises
        )

    @property
    def labels(self) -> frozenset[str]:
        return frozenset(self._patterns) | frozenset(rule.label for rule in self._raises)

    def look(self, text: str) -> tuple[Sign, ...]:
        """text: normalised. Each label at most once in each manner of speaking."""
        found: dict[tuple[str, Said], Sign] = {}
        for clause in self.clauses(text):
            for label, patterns in self._patterns.items():
                never = self._never.get(label)
                cleared = never.sub(lambda hit: "_" * len(hit[0]), clause) if never else clause
                for groups in patterns:
                    spans = _spans(groups, cleared)
                    if spans:
                        said = self._manner(cleared, spans, text)
                        words = " … ".join(cleared[start:end] for start, end in spans)
                        found.setdefault((label, said), Sign(label, words, said))
        return tuple(found.values())

    def clauses(self, text: str) -> list[str]:
        """Split where one statement ends and another begins: "my back is better but my pee is red"."""
        return [clause for clause in (part.strip() for part in self._clause_ends.split(text)) if clause]

    def raised(self, label: str, others: Sequence[str], text: str) -> Tier:
        """The tier that pairs of signs lift `label` to, Tier.NONE where none does. others: the other danger labels found."""
        return max(
            (
                rule.to
                for rule in self._raises
                if rule.label == label and (rule.labels & set(others) or (rule.words is not None and self._spoken(rule.words, text)))
            ),
            default=Tier.NONE,
        )

    def _spoken(self, words: re.Pattern[str], text: str) -> bool:
        """Said, and not denied: "no clots" raises nothing."""
        return any(not self._denied(text, hit.start()) for hit in words.finditer(text))

    def _manner(self, clause: str, spans: Sequence[tuple[int, int]], text: str) -> Said:
        first = spans[0][0]
        between = (clause[end:start] for (_, end), (start, _) in pairwise(spans))
        if self._denied(clause, first) or any(self._denied(words, len(words), _INNER_REACH_WORDS) for words in between):
            return Said.DENIED
        if self._last(self._others, clause, first) > self._last(self._hers, clause, first):
            return Said.OTHERS
        if self._past.search(clause):
            return Said.PAST
        if (self._questions.match(clause) or self._questions.match(text)) and not self._reports.search(clause):
            return Said.ASKED
        return Said.REPORTED

    def _denied(self, text: str, before: int, reach_words: int = _DENIAL_REACH_WORDS) -> bool:
        """Whether a denial stands within reach, in the same clause."""
        clause = self._clause_ends.split(text[:before])[-1]
        reach = " ".join(clause.split()[-reach_words:])
        if self._no_denials:
            reach = self._no_denials.sub(" ", reach)
        return bool(self._denials.search(reach))

    @staticmethod
    def _last(words: re.Pattern[str], clause: str, before: int) -> int:
        return max((hit.start() for hit in words.finditer(clause[:before])), default=-1)


def _spans(groups: Sequence[re.Pattern[str]], clause: str) -> list[tuple[int, int]]:
    """Where the words of a sign stand, in order; empty where one of its groups is not there: most signs end at the first."""
    spans = []
    for group in groups:
        hit = group.search(clause)
        if hit is None:
            return []
        spans.append(hit.span())
    return sorted(spans)


def load_screen(path: Path, labels: Mapping[str, object]) -> DangerScreen:
    """Read the rules; raises IntentError with file, line and key of every mistake. labels: those that exist."""
    source = read_yaml(path)
    rules, problems = validate(source, _ScreenFile)
    if rules is not None:
        problems = _label_problems(source, rules, labels)
    if rules is None or problems:
        raise IntentError(problems)
    return DangerScreen(rules)


def _label_problems(source: YamlSource, rules: _ScreenFile, labels: Mapping[str, object]) -> list[str]:
    problems = [
        source.problem(("starts_at", label), f"{tier!r} is not a tier, or {label} has no intent file; check both")
        for label, tier in rules.starts_at.items()
        if label not in labels or tier not in _DANGER_TIERS
    ]
    problems += [
        source.problem(("dangers", label), "this label has no intent file; check its spelling")
        for label in rules.dangers
        if label not in labels
    ]
    problems += [
        source.problem(("dangers", label, "signs", position), "there is nothing before or behind a +; write words on both sides")
        for label, danger in rules.dangers.items()
        for position, sign in enumerate(danger.signs)
        if not all(patterns_of(group.split("/")) for group in sign.split("+"))
    ]
    for number, rule in enumerate(rules.raises):
        named = [rule.label, *rule.with_labels]
        problems += [
            source.problem(("raises", number), f"{label} has no intent file; check its spelling") for label in named if label not in labels
        ]
        if rule.to not in _DANGER_TIERS:
            problems.append(source.problem(("raises", number, "to"), f"{rule.to!r} is not a tier; write today, now or emergency"))
        if not rule.with_labels and not rule.with_words:
            problems.append(source.problem(("raises", number), "this rule needs with_labels or with_words"))
    return problems
