"""What keeps a conversation going: `shared/conversation.yaml`, `shared/topics.yaml` and `shared/symptom_check.yaml` → `Script`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, RootModel

from skill.errors import IntentError
from skill.understanding.intent_files import Reviewed
from skill.understanding.intents import IntentBook, Part, signature_problems, signed_for
from skill.understanding.wording import normalise
from skill.yaml_source import YamlSource, read_yaml, validate

NEEDED_LINES = frozenset(
    {"not_understood_again", "gate", "also_asked", "choice_first", "choice_second", "weeks_heard", "offer_more", "ready_for_phrase"}
)

QUESTIONS = ("cause.", "info.", "relief.", "care.")  # the families of labels that she asks about


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _PartFile(_Strict):
    say: str = Field(min_length=1)
    source: str = Field(min_length=1)


class _QuestionFile(_PartFile):
    label: str


class _CheckFile(_Strict):
    reviewed: Reviewed
    begin: _PartFile
    questions: list[_QuestionFile] = Field(min_length=1)
    again: _PartFile
    careful: _PartFile
    left: _PartFile
    end: _PartFile
    unclear: list[str] = []
    heard: list[str] = []


class _LinesFile(BaseModel):
    """Every other key is a line."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    __pydantic_extra__: dict[str, _PartFile]
    reviewed: Reviewed

    @property
    def lines(self) -> dict[str, _PartFile]:
        return self.__pydantic_extra__


class _TopicsFile(RootModel[dict[str, str]]):
    model_config = ConfigDict(frozen=True)


@dataclass(frozen=True, slots=True)
class CheckQuestion:
    """One step of the symptom check: a "yes" to it gives the answer of `label`."""

    label: str
    part: Part


@dataclass(frozen=True, slots=True)
class SymptomCheck:
    """The walk, worst first. again: when an answer was unclear; careful: when it stayed unclear; left: when she stops; end: no "yes".

    unclear: words that make an answer unclear though it sounds like a no. heard: whole answers that only say that she heard. Normalised.
    """

    begin: Part
    questions: tuple[CheckQuestion, ...]
    again: Part
    careful: Part
    left: Part
    end: Part
    unclear: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()

    @property
    def not_sure(self) -> frozenset[str]:
        """Whole answers that say that she cannot tell, normalised: "not sure", "I'm not sure"."""
        return frozenset(f"{begins}{words}" for words in self.unclear for begins in ("", "i ", "i'm ", "i am "))

    @property
    def parts(self) -> tuple[Part, ...]:
        return (self.begin, *(step.part for step in self.questions), self.again, self.careful, self.left, self.end)


@dataclass(frozen=True, slots=True)
class Script:
    """lines: by key. topics: label → how the question is called. check: the symptom check.

    lines_reviewed, check_reviewed: empty while no clinician has signed; else who and when.
    """

    lines: Mapping[str, Part]
    lines_reviewed: str
    topics: Mapping[str, str]
    check: SymptomCheck
    check_reviewed: str

    @property
    def parts(self) -> tuple[Part, ...]:
        """Every part, with {topic} and the like not yet filled in."""
        return (*self.lines.values(), *self.check.parts)


def load_script(folder: Path, labels: Iterable[str]) -> Script:
    """folder: of one language. labels: those that exist. Raises IntentError with every mistake of the three files."""
    known = frozenset(labels)
    problems: list[str] = []
    lines_source, topics_source, check_source = (
        read_yaml(folder / "shared" / name, booleans_at=frozenset({"reviewed"}))
        for name in ("conversation.yaml", "topics.yaml", "symptom_check.yaml")
    )
    lines, found = validate(lines_source, _LinesFile)
    problems += found
    topics, found = validate(topics_source, _TopicsFile)
    problems += found
    check, found = validate(check_source, _CheckFile)
    problems += found
    if lines is not None:
        problems += [lines_source.problem((), f"the line {key} is missing; put it back") for key in sorted(NEEDED_LINES - set(lines.lines))]
    if topics is not None:
        problems += _unknown(topics_source, ((label,) for label in topics.root), known)
    if check is not None:
        problems += _unknown(check_source, (("questions", number, "label") for number in range(len(check.questions))), known)
    if problems or lines is None or topics is None or check is None:
        raise IntentError(problems)
    spoken = {key: _part(given, f"conversation {key}", lines_source.place((key, "say"))) for key, given in lines.lines.items()}
    script = Script(spoken, lines.reviewed, topics.root, _walk(check_source, check), check.reviewed)
    # The names of the questions are spoken in lines of the conversation, and signed with them.
    names = (f"topic {label}: {name}" for label, name in topics.root.items())
    problems += signature_problems(lines_source, lines.reviewed, (*signed_for(spoken.values()), *names))
    problems += signature_problems(check_source, check.reviewed, signed_for(script.check.parts))
    if problems:
        raise IntentError(problems)
    return script


def unnamed(book: IntentBook, script: Script) -> list[str]:
    """Questions that the assistant answers and has no name for. Without one it cannot say "You also asked about …"."""
    questions = (intent for label, intent in book.intents.items() if label.startswith(QUESTIONS) and intent.answer is not None)
    return [
        f"{intent.place}: {intent.label} has no name in shared/topics.yaml; add one, like `{intent.label}: {intent.means.split(',')[0]}`"
        for intent in questions
        if intent.label not in script.topics
    ]


def _unknown(source: YamlSource, places: Iterable[tuple[str | int, ...]], known: frozenset[str]) -> list[str]:
    problems = []
    for place in places:
        label = source.value["questions"][place[1]]["label"] if place[0] == "questions" else place[0]
        if label not in known:
            problems.append(source.problem(place, f"{label} has no intent file; check its spelling"))
    return problems


def _walk(source: YamlSource, check: _CheckFile) -> SymptomCheck:
    questions = tuple(
        CheckQuestion(step.label, _part(step, f"check question {number + 1} {step.label}", source.place(("questions", number, "say"))))
        for number, step in enumerate(check.questions)
    )
    names = ("begin", "again", "careful", "left", "end")
    rest = {name: _part(getattr(check, name), f"check {name}", source.place((name, "say"))) for name in names}
    unclear, heard = (tuple(map(normalise, words)) for words in (check.unclear, check.heard))
    return SymptomCheck(questions=questions, unclear=unclear, heard=heard, **rest)


def _part(given: _PartFile, key: str, place: str) -> Part:
    return Part(" ".join(given.say.split()), " ".join(given.source.split()), key, place)
