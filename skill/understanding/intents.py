"""Everything the assistant knows: `intents/<language>/*.yaml` → `IntentBook`.

One file an intent, named by its label. The folder `shared/` beside them holds what intents have in common: spoken lines (`lines.yaml`),
countries (`countries.yaml`), the danger screen (`danger_screen.yaml`). docs/writing_intents.md explains the files to people who write them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from skill.errors import IntentError
from skill.messages import Tier
from skill.understanding.wording import normalise
from skill.yaml_source import YamlSource, read_yaml, validate

NOTHING_OF_OURS = "none"
_LABEL = re.compile(r"none|(danger|cause|info|relief|care|control)\.[a-z_]+")
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_TIER_WORDS = {tier.word: tier for tier in Tier}
_DANGER_TIERS = ("today", "now", "emergency")


# --- what a file may hold ----------------------------------------------------------------------------------------------


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _PartFile(_Strict):
    say: str = Field(min_length=1)
    source: str = Field(min_length=1)

    @field_validator("say", "source")
    @classmethod
    def _not_blank(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("this is empty; write something or take it away")
        return " ".join(text.split())


class _ExampleFile(_Strict):
    say: str = Field(min_length=1)
    also: list[str] = []
    tier: str | None = None


class _IntentFile(_Strict):
    label: str
    means: str = Field(min_length=1)
    tier: str
    reviewed: bool | str
    answer: _PartFile | None = None
    unsure: _PartFile | None = None
    if_yes: str | None = None
    at_tier: dict[str, _PartFile] = {}
    more: list[_PartFile] = []
    silent: str | None = None
    people_say: list[str | _ExampleFile] = Field(min_length=1)

    @field_validator("label")
    @classmethod
    def _known_shape(cls, label: str) -> str:
        if not _LABEL.fullmatch(label):
            raise ValueError(f"{label!r} is not a label; write a family and a name, like danger.fever or relief.shoes")
        return label

    @field_validator("tier")
    @classmethod
    def _known_tier(cls, tier: str) -> str:
        if tier not in _TIER_WORDS:
            raise ValueError(f"{tier!r} is not a tier; the tiers are {', '.join(_TIER_WORDS)}")
        return tier

    @field_validator("at_tier")
    @classmethod
    def _danger_tiers(cls, at_tier: dict[str, _PartFile]) -> dict[str, _PartFile]:
        for tier in at_tier:
            if tier not in _DANGER_TIERS:
                raise ValueError(f"{tier!r} has no answer of its own here; write {', '.join(_DANGER_TIERS)}")
        return at_tier

    @field_validator("if_yes")
    @classmethod
    def _danger_tier(cls, tier: str | None) -> str | None:
        if tier is not None and tier not in _DANGER_TIERS:
            raise ValueError(f"{tier!r} is not what a yes can lead to; write {', '.join(_DANGER_TIERS)}")
        return tier

    @model_validator(mode="after")
    def _whole(self) -> _IntentFile:
        if self.answer is None and not self.silent:
            raise ValueError(
                "the answer is missing; add `answer:` with `say:` and `source:`, or `silent:` with the reason why nothing is said"
            )
        if self.answer is not None and self.silent:
            raise ValueError("both `answer` and `silent` are there; keep one of them")
        is_danger = self.label.startswith("danger.")
        if is_danger and self.tier == "none":
            raise ValueError("a danger sign needs a tier: today, now or emergency")
        if not is_danger and self.tier != "none":
            raise ValueError(f"{self.label} is no danger sign, so its tier must be none")
        if is_danger and self.unsure is None:
            raise ValueError("a danger sign needs `unsure:`, the conditional line that is said when the words are not sure")
        return self


# --- what the rest of the program gets ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of spoken words and where they come from. key: where it stands, for logs and reviews ("danger.fever answer")."""

    say: str
    source: str
    key: str


@dataclass(frozen=True, slots=True)
class Example:
    """One way in which people say it. labels: all meanings it carries, the intent's own first."""

    text: str
    labels: tuple[str, ...]
    tier: Tier


@dataclass(frozen=True, slots=True)
class Intent:
    """One meaning: how people say it and what is answered.

    unsure: the conditional line of a danger sign. at_tier: what is said when a pair of signs makes it more (or milder words less) serious
    than `tier`. if_yes: the tier that a "yes" to the questions in the answer leads to.
    reviewed: empty while no clinician has signed; else who and when.
    """

    label: str
    means: str
    tier: Tier
    reviewed: str
    answer: Part | None
    unsure: Part | None
    if_yes: Tier | None
    at_tier: Mapping[Tier, Part]
    more: tuple[Part, ...]
    examples: tuple[Example, ...]

    @property
    def is_danger(self) -> bool:
        return self.label.startswith("danger.")

    @property
    def parts(self) -> tuple[Part, ...]:
        """Everything this intent can make the assistant say."""
        single = (self.answer, self.unsure, *self.at_tier.values(), *self.more)
        return tuple(part for part in single if part is not None)


@dataclass(frozen=True, slots=True)
class IntentBook:
    """All intents of one language, by label, and the lines they share, by key."""

    folder: Path
    intents: Mapping[str, Intent]
    lines: Mapping[str, Part]

    @property
    def examples(self) -> tuple[Example, ...]:
        return tuple(example for intent in self.intents.values() for example in intent.examples)

    @property
    def dangers(self) -> tuple[Intent, ...]:
        return tuple(intent for intent in self.intents.values() if intent.is_danger)

    def line(self, key: str) -> Part:
        return self.lines[key]


def load_intents(folder: Path) -> IntentBook:
    """Read one language's folder. Raises IntentError with every mistake of every file."""
    problems: list[str] = []
    lines = _load_lines(folder / "shared" / "lines.yaml", problems)
    intents: dict[str, Intent] = {}
    first_seen: dict[str, Path] = {}
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        problems.append(f"{folder}: no intents here (no *.yaml file); put the intents folder back")
    for path in paths:
        source = read_yaml(path, booleans_at=frozenset({"reviewed"}))
        found, file_problems = validate(source, _IntentFile)
        problems += file_problems
        if found is None:
            continue
        problems += _file_problems(source, found, lines)
        if found.label in intents:
            problems.append(source.problem(("label",), f"{found.label} stands in {first_seen[found.label]} too; a label has one file"))
            continue
        first_seen[found.label] = path
        intents[found.label] = _intent(found)
    problems += _cross_problems(intents, first_seen) if not problems else []
    if problems:
        raise IntentError(problems)
    return IntentBook(folder, intents, lines)


def _load_lines(path: Path, problems: list[str]) -> dict[str, Part]:
    source = read_yaml(path)
    if source.problems or not isinstance(source.value, dict):
        problems += source.problems or [f"{path}, line 1: the file must hold spoken lines, each a key with `say:` and `source:`"]
        return {}
    lines: dict[str, Part] = {}
    for key, value in source.value.items():
        part_source = YamlSource(path, value, {where[1:]: line for where, line in source.lines.items() if where[:1] == (key,)})
        part, part_problems = validate(part_source, _PartFile)
        problems += [problem.replace(", key ", f", key {key} ") for problem in part_problems]
        if part is not None:
            lines[key] = Part(part.say, part.source, f"lines {key}")
    return lines


def _file_problems(source: YamlSource, found: _IntentFile, lines: Mapping[str, Part]) -> list[str]:
    problems = []
    if source.path.stem != found.label:
        problems.append(
            source.problem(("label",), f"the label is {found.label} but the file is named {source.path.name}; make them the same")
        )
    for where, part in _parts_of(found):
        for name in PLACEHOLDER.findall(part.say):
            if name not in lines:
                problems.append(source.problem((*where, "say"), f"{{{name}}} is not a line of shared/lines.yaml; check its spelling"))
    seen: dict[str, int] = {}
    for position, example in enumerate(found.people_say):
        text = normalise(example if isinstance(example, str) else example.say)
        where = ("people_say", position)
        if not text:
            problems.append(source.problem(where, "this example is empty; write what people say or take it away"))
        elif text in seen:
            problems.append(source.problem(where, f"{text!r} stands twice (line {source.line_of(('people_say', seen[text]))}); keep one"))
        seen.setdefault(text, position)
        if not isinstance(example, str) and example.tier is not None and example.tier not in _TIER_WORDS:
            problems.append(source.problem(where, f"{example.tier!r} is not a tier; the tiers are {', '.join(_TIER_WORDS)}"))
    return problems


def _parts_of(found: _IntentFile) -> Iterable[tuple[tuple[str | int, ...], _PartFile]]:
    if found.answer:
        yield ("answer",), found.answer
    if found.unsure:
        yield ("unsure",), found.unsure
    for tier, part in found.at_tier.items():
        yield ("at_tier", tier), part
    for position, part in enumerate(found.more):
        yield ("more", position), part


def _cross_problems(intents: Mapping[str, Intent], paths: Mapping[str, Path]) -> list[str]:
    """What can only be seen when all files are read: examples that name unknown labels, or stand under two labels."""
    problems = []
    home: dict[str, str] = {}
    for label, intent in intents.items():
        for example in intent.examples:
            problems += [
                f"{paths[label]}, key people_say: {example.text!r} names {also}, which has no file; check its spelling"
                for also in example.labels
                if also not in intents
            ]
            text = normalise(example.text)
            if home.setdefault(text, label) != label:
                problems.append(
                    f"{paths[label]}, key people_say: {example.text!r} stands in {paths[home[text]].name} too; keep one of them"
                )
    return problems


def _intent(found: _IntentFile) -> Intent:
    def part(given: _PartFile | None, name: str) -> Part | None:
        return Part(given.say, given.source, f"{found.label} {name}") if given else None

    tier = _TIER_WORDS[found.tier]
    return Intent(
        label=found.label,
        means=found.means,
        tier=tier,
        reviewed=found.reviewed if isinstance(found.reviewed, str) else "",
        answer=part(found.answer, "answer"),
        unsure=part(found.unsure, "unsure"),
        if_yes=_TIER_WORDS[found.if_yes] if found.if_yes else None,
        at_tier={_TIER_WORDS[word]: Part(given.say, given.source, f"{found.label} at {word}") for word, given in found.at_tier.items()},
        more=tuple(Part(given.say, given.source, f"{found.label} more {number}") for number, given in enumerate(found.more, 1)),
        examples=tuple(_example(found.label, tier, given) for given in found.people_say),
    )


def _example(label: str, tier: Tier, given: str | _ExampleFile) -> Example:
    if isinstance(given, str):
        return Example(given, (label,), tier)
    return Example(given.say, (label, *given.also), _TIER_WORDS[given.tier] if given.tier else tier)
