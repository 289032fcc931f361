"""Whole conversations, written as scripts in tests/conversations (README.md there): what she says, what it says.

They run through the real interpreter, the real responder and `Assistant.take_turn`, with typed words instead of sound.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from skill import assembly
from skill.assistant import REPEAT_AFTER_SECONDS, Assistant
from skill.attention import Attention
from skill.messages import Certainty, Effect, Match, Reply, Tier, Transcript, Understanding
from skill.settings import Answering, Hearing, Settings, Storage
from skill.stages import Interpreter, Responder
from skill.understanding.intents import IntentBook
from skill.yaml_source import YamlSource, read_yaml, validate
from tests.fakes import FakeRecogniser
from tests.knowledge import cache_folder, needs_encoder

__all__ = ["cache_folder"]

SCRIPTS = Path(__file__).resolve().parent / "conversations"
LEAST_CONVERSATIONS = 60
YES_OR_NO_KEYS = frozenset({"she", "silence", "it_is_silent", "it_repeats", "quietly"})
# Never said, in whatever state: it cannot know.
NEVER_SAID = re.compile(r"you are (fine|ok|okay|safe|healthy|all right)|baby is (fine|safe|ok|okay)|nothing to worry", re.IGNORECASE)


# --- the scripts -------------------------------------------------------------------------------------------------------


def _spoken(value: object) -> object:
    """YAML reads an unquoted yes or no as true or false; here it is simply what she says."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


def _one_of(*words: str) -> Callable[[str | None], str | None]:
    def check(word: str | None) -> str | None:
        if word is not None and word not in words:
            raise ValueError(f"write {', '.join(words[:-1])} or {words[-1]}, not {word!r}")
        return word

    return check


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Place(_Strict):
    country: str | None = None
    hospital: str | None = None
    helper_name: str | None = None
    helper_number: str | None = None
    weeks: int | None = None
    wake: Annotated[str, BeforeValidator(_one_of("open", "phrase"))] = "open"


class Step(_Strict):
    """One thing that happens (she, silence, wait_minutes or wait_seconds) and what must come of it."""

    she: Annotated[str | None, BeforeValidator(_spoken)] = None
    silence: bool = False
    wait_minutes: int = 0
    wait_seconds: int = 0
    unsure_between: Annotated[list[str], Field(max_length=2)] = []
    it_says: list[str] = []
    it_does_not_say: list[str] = []
    it_is_silent: bool = False
    it_repeats: bool = False
    tier: Annotated[str | None, BeforeValidator(_one_of(*(tier.word for tier in Tier)))] = None
    effect: Annotated[str | None, BeforeValidator(_one_of(*(effect.value for effect in Effect)))] = None
    quietly: bool | None = None

    @model_validator(mode="after")
    def _one_thing_happens(self) -> Step:
        if (self.she is not None) + self.silence + bool(self.wait_minutes) + bool(self.wait_seconds) != 1:
            raise ValueError("each step needs one of `she`, `silence`, `wait_minutes` and `wait_seconds`, and only one")
        if self.it_is_silent and (self.it_says or self.it_repeats):
            raise ValueError("it cannot be silent and say something; keep one of them")
        return self


class Talk(_Strict):
    name: str = Field(min_length=1)
    settings: Place = Place()
    talk: list[Step] = Field(min_length=1)

    @model_validator(mode="after")
    def _shows_something(self) -> Talk:
        last = self.talk[-1]
        if not (last.it_says or last.it_does_not_say or last.it_is_silent or last.it_repeats or last.tier):
            raise ValueError("the last step says nothing of what must come of it; add `it_says`, `it_is_silent` or `tier`")
        return self


class ScriptFile(_Strict):
    conversations: list[Talk] = Field(min_length=1)


@dataclass(frozen=True)
class Script:
    """A conversation and where it stands."""

    talk: Talk
    source: YamlSource
    number: int

    def place(self, step: int) -> str:
        return f"{self.source.path.name}, line {self.source.line_of(('conversations', self.number, 'talk', step))}: {self.talk.name}"


def read_scripts(path: Path) -> tuple[list[Script], list[str]]:
    """The conversations of one file, or every mistake in it."""
    source = read_yaml(path, YES_OR_NO_KEYS)
    found, problems = validate(source, ScriptFile)
    return [Script(talk, source, number) for number, talk in enumerate(found.conversations if found else [])], problems


def all_scripts() -> tuple[list[Script], list[str]]:
    scripts: list[Script] = []
    problems: list[str] = []
    for path in sorted(SCRIPTS.glob("*.yaml")):
        found, mistakes = read_scripts(path)
        scripts += found
        problems += mistakes
    twice = [name for name, times in Counter(script.talk.name for script in scripts).items() if times > 1]
    return scripts, problems + [f"two conversations are called {name!r}; give one another name" for name in twice]


CONVERSATIONS, PROBLEMS = all_scripts()


# --- running them ------------------------------------------------------------------------------------------------------


@dataclass
class Understands:
    """The real interpreter, except where a script sets what the words leave open: which words do changes with every new example."""

    real: Interpreter
    between: list[str] = field(default_factory=list)

    def interpret(self, transcript: Transcript) -> Understanding:
        if not self.between:
            return self.real.interpret(transcript)
        return Understanding(transcript.text, tuple(Match(label, Tier.NONE, Certainty.UNSURE, 0.4) for label in self.between))


class Room:
    """She and the assistant, and a clock that only a script moves."""

    def __init__(self, interpreter: Interpreter, responder: Responder, attention: Attention, weeks: int | None) -> None:
        self.seconds = 0.0
        self.understands = Understands(interpreter)
        self.assistant = Assistant(self.understands, responder, lambda: self.seconds, weeks, attention)
        self.said: list[str] = []

    def take(self, step: Step) -> Reply | None:
        """What it says to this step; None where only time passes."""
        if pause_seconds := 60 * step.wait_minutes + step.wait_seconds:
            self.seconds += pause_seconds
            self.said.append(f"       ({pause_seconds} seconds later)")
            return None
        if step.silence:
            reply = self.assistant.after_silence(REPEAT_AFTER_SECONDS)
            self.said.append("  she: (says nothing)")
        else:
            self.understands.between = step.unsure_between
            turn = self.assistant.take_turn(Transcript(step.she or "", "typed"))
            reply = turn.reply
            self.said.append(f"  she: {step.she}   [{', '.join(turn.understanding.labels) or 'nothing of ours'}]")
        self.said.append(f"  it:  {reply.text or '(silent)'}   [{reply.tier.word}]")
        return reply


@pytest.fixture(scope="session")
def settings(cache_folder: Path) -> Settings:
    return Settings(storage=Storage(cache_folder=str(cache_folder)))


@pytest.fixture(scope="session")
def intent_book(settings: Settings) -> IntentBook:
    return assembly.intent_book(settings)


@pytest.fixture(scope="session")
def understanding(settings: Settings, intent_book: IntentBook) -> Interpreter:
    return assembly.interpreter(settings, intent_book)


@pytest.fixture(scope="session")
def room(settings: Settings, intent_book: IntentBook, understanding: Interpreter) -> Callable[[Place], Room]:
    """A new conversation where these settings hold."""
    known: dict[Place, Responder] = {}

    def room_of(place: Place) -> Room:
        if place not in known:
            answering = Answering(**place.model_dump(exclude_none=True, exclude={"wake"}))
            known[place] = assembly.responder(Settings(answering=answering, storage=settings.storage), intent_book)
        attention = assembly.attention(Settings(hearing=Hearing(wake=place.wake)), assembly.script(intent_book), FakeRecogniser())
        return Room(understanding, known[place], attention, place.weeks)

    return room_of


def wrongs(step: Step, reply: Reply, before: Reply) -> list[str]:
    """What came of a step and should not have."""
    text = reply.text.lower()
    found = []
    at = 0
    for piece in step.it_says:
        where = text.find(piece.lower(), at)
        if where < 0:
            found.append(f"it should say {piece!r}" + (" after that" if piece.lower() in text else ""))
        else:
            at = where + len(piece)
    found += [f"it should not say {piece!r}" for piece in step.it_does_not_say if piece.lower() in text]
    if step.it_is_silent and not reply.is_silent:
        found.append("it should be silent")
    if step.it_repeats and reply.lines != before.lines:
        found.append("it should say the same again")
    if step.tier is not None and reply.tier.word != step.tier:
        found.append(f"the tier should be {step.tier}, not {reply.tier.word}")
    if step.effect is not None and [effect.value for effect in reply.effects] != [step.effect]:
        found.append(f"the effect should be {step.effect}, not {[effect.value for effect in reply.effects]}")
    if step.quietly is not None and reply.discreet is not step.quietly:
        found.append(f"it should speak {'low, without the tone' if step.quietly else 'as usual'}")
    if never := NEVER_SAID.search(reply.text):
        found.append(f"it may never say {never[0]!r}")
    if re.search(r"[0-9{}]", reply.text):
        found.append("it may not say figures or what was not filled in")
    return found


@needs_encoder
@pytest.mark.parametrize("script", CONVERSATIONS, ids=[f"{script.source.path.stem}: {script.talk.name}" for script in CONVERSATIONS])
def test_conversation(script: Script, room: Callable[[Place], Room]) -> None:
    here = room(script.talk.settings)
    before = Reply()
    for number, step in enumerate(script.talk.talk):
        reply = here.take(step)
        if reply is None:
            continue
        if found := wrongs(step, reply, before):
            said = "\n".join(here.said)
            pytest.fail(f"{script.place(number)}\n{said}\n" + "\n".join(f"→ {wrong}" for wrong in found), pytrace=False)
        before = reply


# --- the scripts themselves --------------------------------------------------------------------------------------------


def test_scripts_hold_no_mistakes() -> None:
    assert PROBLEMS == []


def test_there_are_enough_conversations() -> None:
    assert len(CONVERSATIONS) >= LEAST_CONVERSATIONS


def test_a_wrong_key_is_named_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("conversations:\n  - name: shoes\n    talk:\n      - she: which shoes\n        it_sais: [flat]\n", encoding="utf-8")
    assert read_scripts(path) == (
        [],
        [f"{path}, line 5, key conversations item 1 talk item 1 it_sais: this key is not known here; did you mean it_says?"],
    )


@pytest.mark.parametrize(
    ("step", "what"),
    [
        ("{it_says: [flat]}", "each step needs one of"),
        ("{she: shoes, silence: yes, it_says: [flat]}", "each step needs one of"),
        ("{she: shoes, it_is_silent: yes, it_says: [flat]}", "it cannot be silent and say something"),
        ("{she: shoes}", "the last step says nothing of what must come of it"),
        ("{she: shoes, tier: soon}", "write none, today, now or emergency, not 'soon'"),
        ("{she: shoes, it_is_silent: yes, effect: jump}", "end conversation, not 'jump'"),
    ],
)
def test_a_step_that_cannot_be_is_refused(tmp_path: Path, step: str, what: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(f"conversations:\n  - name: shoes\n    talk:\n      - {step}\n", encoding="utf-8")
    scripts, problems = read_scripts(path)
    assert scripts == []
    assert [what in problem and f"{path}, line " in problem for problem in problems] == [True]


def test_unquoted_yes_and_no_are_what_she_says(tmp_path: Path) -> None:
    path = tmp_path / "right.yaml"
    path.write_text("conversations:\n  - name: a\n    talk: [{she: no}, {she: yes, it_is_silent: yes}]\n", encoding="utf-8")
    scripts, problems = read_scripts(path)
    assert problems == []
    assert [step.she for step in scripts[0].talk.talk] == ["no", "yes"]


@needs_encoder
def test_a_failing_step_is_seen(room: Callable[[Place], Room]) -> None:
    """The scripts themselves are worth nothing if whatever is said would pass."""
    here = room(Place())
    reply = here.take(Step(she="i am bleeding"))
    assert reply is not None
    wrong = Step(
        she="i am bleeding",
        it_says=["now", "flat shoes"],
        it_does_not_say=["hospital"],
        it_repeats=True,
        tier="none",
        effect="slower",
        quietly=True,
    )
    assert len(wrongs(wrong, reply, Reply())) == 6
    assert wrongs(Step(she="i am bleeding", it_is_silent=True), reply, Reply()) == ["it should be silent"]
    assert wrongs(Step(she="x", it_says=["pregnant", "hospital"]), reply, Reply())  # in this order they are not said


@needs_encoder
def test_help_names_the_same_three_things_in_every_state(room: Callable[[Place], Room]) -> None:
    states = [
        [],
        ["hello"],
        ["which shoes should i wear"],
        ["how should i sleep"],
        ["i am bleeding"],
        ["check my signs"],
        ["check my signs", "no", "no"],
        ["my husband hits me"],
        ["goodbye"],
        ["stop"],
    ]
    heard = []
    for lines in states:
        here = room(Place())
        for line in lines:
            here.take(Step(she=line))
        reply = here.take(Step(she="help"))
        assert reply is not None
        heard.append(reply.lines[0].text)
    assert len(set(heard)) == 1
    assert len(re.findall(r"you can ask: |say: ", heard[0], re.IGNORECASE)) == 3
