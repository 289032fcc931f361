"""Everything the assistant knows: `intents/<language>/*.yaml` → `IntentBook`.

One file an intent, named by its label. The folder `shared/` beside them holds what intents have in common: spoken lines (`lines.yaml`),
countries (`countries.yaml`), the danger screen (`danger_screen.yaml`). docs/writing_intents.md explains the files to people who write them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from skill.errors import IntentError
from skill.messages import Tier
from skill.understanding.intent_files import TIER_WORDS, ExampleFile, IntentFile, PartFile
from skill.understanding.intent_mistakes import PLACEHOLDER, WITH_NUMBER, file_problems, placeholder_problems
from skill.understanding.signatures import who_and_when, words_problem
from skill.understanding.wording import normalise
from skill.yaml_source import YamlSource, read_yaml, validate

NOTHING_OF_OURS = "none"


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of spoken words and where they come from.

    key: where it stands, for logs and reviews ("danger.fever answer"). place: file, line and key, for messages.
    """

    say: str
    source: str
    key: str
    place: str


@dataclass(frozen=True, slots=True)
class WeeksPart:
    """What is said from one week of pregnancy until another, both counted in."""

    part: Part
    from_week: int
    until_week: int


@dataclass(frozen=True, slots=True)
class Example:
    """One way in which people say it. plain: the text normalised. labels: all meanings it carries, the intent's own first."""

    text: str
    plain: str
    labels: tuple[str, ...]
    tier: Tier


@dataclass(frozen=True, slots=True)
class Intent:
    """One meaning: how people say it and what is answered.

    unsure: the conditional line of a danger sign. at_tier: what is said when other words make it more, or less, serious than `tier`.
    at_weeks: what is said instead of the answer in certain weeks of pregnancy. if_yes: the tier that a "yes" to the questions in the
    answer leads to.
    reviewed: empty while no clinician has signed; else who and when. place: file, line and key of the label, for messages.
    """

    label: str
    place: str
    means: str
    tier: Tier
    reviewed: str
    answer: Part | None
    unsure: Part | None
    if_yes: Tier | None
    at_tier: Mapping[Tier, Part]
    at_weeks: tuple[WeeksPart, ...]
    more: tuple[Part, ...]
    examples: tuple[Example, ...]

    @property
    def is_danger(self) -> bool:
        return self.label.startswith("danger.")

    def answer_in_week(self, week: int | None) -> Part | None:
        """The answer, or what is said in its place in this week of pregnancy; None: the week is not known."""
        fitting = (one.part for one in self.at_weeks if week is not None and one.from_week <= week <= one.until_week)
        return next(fitting, self.answer)

    @property
    def parts(self) -> tuple[Part, ...]:
        """Everything this intent can make the assistant say."""
        single = (self.answer, self.unsure, *self.at_tier.values(), *(weeks.part for weeks in self.at_weeks), *self.more)
        return tuple(part for part in single if part is not None)


@dataclass(frozen=True, slots=True)
class IntentBook:
    """All intents of one language, by label, and the lines they share, by key. lines_reviewed: as `Intent.reviewed`."""

    folder: Path
    intents: Mapping[str, Intent]
    lines: Mapping[str, Part]
    lines_reviewed: str

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
    book, problems = read_intents(folder)
    if problems:
        raise IntentError(problems)
    return book


def read_intents(folder: Path) -> tuple[IntentBook, list[str]]:
    """One language's folder as far as it can be read, and every mistake of every file. For `check`, which looks at the rest as well."""
    problems: list[str] = []
    lines, lines_reviewed = _load_lines(folder / "shared" / "lines.yaml", problems)
    intents: dict[str, Intent] = {}
    sources: dict[str, YamlSource] = {}
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        problems.append(f"{folder}: no intents here (no *.yaml file); put the intents folder back")
    for path in paths:
        source = read_yaml(path, booleans_at=frozenset({"reviewed"}))
        found, of_shape = validate(source, IntentFile)
        problems += of_shape + file_problems(source, lines)
        if found is None:
            continue
        if found.label in intents:
            first = sources[found.label].path
            problems.append(source.problem(("label",), f"{found.label} stands in {first} too; a label has one file"))
            continue
        sources[found.label] = source
        intents[found.label] = intent = _intent(source, found)
        problems += signature_problems(source, intent.reviewed, _signed_for(intent))
    problems += _cross_problems(intents, sources, {path.stem for path in paths})
    return IntentBook(folder, intents, lines, lines_reviewed), problems


def signature_problems(source: YamlSource, signature: str, said: Iterable[str]) -> list[str]:
    """said: all words and conditions that the signature of this file is given for."""
    problem = words_problem(signature, said)
    return [source.problem(("reviewed",), problem)] if problem else []


def _signed_for(intent: Intent) -> Iterator[str]:
    """What a reviewer reads: each part, and when it is said. Not how people say it: that grows, and is not spoken."""
    yield f"tier {intent.tier.word}"
    if intent.if_yes is not None:
        yield f"a yes leads to {intent.if_yes.word}"
    yield from (f"{weeks.part.key} until week {weeks.until_week}" for weeks in intent.at_weeks)
    yield from signed_for(intent.parts)


def signed_for(parts: Iterable[Part]) -> Iterator[str]:
    return (f"{part.key}: {part.say}" for part in parts)


def _load_lines(path: Path, problems: list[str]) -> tuple[dict[str, Part], str]:
    source = read_yaml(path, booleans_at=frozenset({"reviewed"}))
    problems += source.problems
    if not isinstance(source.value, dict):
        if not source.problems:
            problems.append(f"{path}, line 1: the file must hold spoken lines, each a key with `say:` and `source:`")
        return {}, ""
    lines: dict[str, Part] = {}
    for key, value in source.value.items():
        if key == "reviewed":
            continue
        part_source = YamlSource(path, value, {where[1:]: line for where, line in source.lines.items() if where[:1] == (key,)})
        part, part_problems = validate(part_source, PartFile)
        problems += [problem.replace(", key ", f", key {key} ") for problem in part_problems]
        if part is not None:
            lines[key] = Part(part.say, part.source, f"lines {key}", source.place((key, "say")))
    for key, line in lines.items():
        names = set(PLACEHOLDER.findall(line.say)) - ({"number"} if key.endswith(WITH_NUMBER) else set())
        problems += placeholder_problems(source, (key, "say"), names, lines)
        if _goes_round(key, lines, ()):
            problems.append(source.problem((key, "say"), f"{{{key}}} stands in itself; take it out"))
    return lines, _lines_signature(source, lines, problems)


def _lines_signature(source: YamlSource, lines: Mapping[str, Part], problems: list[str]) -> str:
    if "reviewed" not in source.value:
        problems.append(source.problem(("reviewed",), "this key is missing; add it"))
        return ""
    try:
        signature = who_and_when(source.value["reviewed"])
    except ValueError as wrong:
        problems.append(source.problem(("reviewed",), str(wrong)))
        return ""
    problems += signature_problems(source, signature, signed_for(lines.values()))
    return signature


def _goes_round(key: str, lines: Mapping[str, Part], within: tuple[str, ...]) -> bool:
    names = PLACEHOLDER.findall(lines[key].say) if key in lines else []
    return key in within or any(_goes_round(name, lines, (*within, key)) for name in names)


def _cross_problems(intents: Mapping[str, Intent], sources: Mapping[str, YamlSource], labels: Collection[str]) -> list[str]:
    """What only all files together show: examples that name unknown labels, or stand under two. labels: all that have a file."""
    problems = []
    home: dict[str, str] = {}
    for label, intent in intents.items():
        for position, example in enumerate(intent.examples):
            where = ("people_say", position)
            problems += [
                sources[label].problem(where, f"{example.text!r} names {also}, which has no file; check its spelling")
                for also in example.labels
                if also not in intents and also not in labels
            ]
            if (first := home.setdefault(example.plain, label)) != label:
                what = f"{example.text!r} stands in {sources[first].path.name} too; keep one of them"
                problems.append(sources[label].problem(where, what))
    return problems


def _intent(source: YamlSource, found: IntentFile) -> Intent:
    def part(given: PartFile, name: str, *where: str | int) -> Part:
        return Part(given.say, given.source, f"{found.label} {name}", source.place((*where, "say")))

    tier = TIER_WORDS[found.tier]
    return Intent(
        label=found.label,
        place=source.place(("label",)),
        means=found.means,
        tier=tier,
        reviewed=found.reviewed,
        answer=part(found.answer, "answer", "answer") if found.answer else None,
        unsure=part(found.unsure, "unsure", "unsure") if found.unsure else None,
        if_yes=TIER_WORDS[found.if_yes] if found.if_yes else None,
        at_tier={TIER_WORDS[word]: part(given, f"at {word}", "at_tier", word) for word, given in found.at_tier.items()},
        at_weeks=tuple(
            WeeksPart(part(given, f"from week {given.from_week}", "at_weeks", number), given.from_week, given.until_week)
            for number, given in enumerate(found.at_weeks)
        ),
        more=tuple(part(given, f"more {number + 1}", "more", number) for number, given in enumerate(found.more)),
        examples=tuple(_examples((found.label,), tier, found.people_say)),
    )


def _examples(own: tuple[str], tier: Tier, people_say: Iterable[str | ExampleFile]) -> Iterator[Example]:
    """Tens of thousands stay in memory: what is the same in many of them is there once."""
    for given in people_say:
        said = given if isinstance(given, str) else given.say
        plain = normalise(said)
        text = plain if plain == said else said
        if isinstance(given, str):
            yield Example(text, plain, own, tier)
        else:
            yield Example(text, plain, (*own, *given.also), TIER_WORDS.get(given.tier or "", tier))
