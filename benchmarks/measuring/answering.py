"""From the end of her speech to the first sound of the answer, on the virtual sound card, stage by stage.

The loop is the assistant's own (`Assistant.converse`) with its own microphone, recogniser, voice and speaker. Both ends of the time
are taken outside of it: when the room fell silent, and when the speaker was first loud.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from statistics import median

from benchmarks.measuring.recognisers import KOREAN, WatchedRecogniser
from benchmarks.measuring.report import Cell, Column, Table, reason
from benchmarks.measuring.sound import Tap
from benchmarks.measuring.understanding import encoder_problem
from skill import assembly
from skill.assistant import Assistant
from skill.errors import BackCareError
from skill.hearing import open_recogniser
from skill.hearing.listener import Listener
from skill.messages import Heard, Line, NothingHeard, Tone, Transcript, Turn, Understanding
from skill.mouth import Mouth
from skill.settings import Settings
from skill.speaking.earcons import earcon
from skill.stages import Interpreter
from skill.understanding.intents import IntentBook
from tests.virtual_sound import VirtualSoundCard

# The first is asked while its answer is not in the cache.
QUESTIONS = (
    "why does my back hurt",
    "which side should i sleep on",
    "can i take a hot bath",
    "how should i lift heavy things",
    "what shoes should i wear",
    "my back aches and i am bleeding a little",
    "i have a fever and my back hurts",
)
ANSWER_SECONDS = 25.0
SOUND_SECONDS = 5.0
# An answer that was stopped closes the speaker, so each one finds it closed, as after a while without a question.
PAUSE_SECONDS = 0.5
CACHED = "cache"
_COLUMNS = (
    Column("question"),
    Column("tier"),
    Column("answer from"),
    Column("silence, s"),
    Column("recognise, s"),
    Column("understand, s", 3),
    Column("answer, s", 4),
    Column("render, s", 3),
    Column("speaker, s"),
    Column("end decided → first sound, s", 3),
    Column("all, s"),
    Column("remark"),
)
_KIND = 2
_NUMBERS = range(3, 11)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A turn whose first sound was about to be played at `at` (time.monotonic)."""

    turn: Turn
    at: float
    render_seconds: float


Outcome = Spoken | Turn | NothingHeard | BackCareError


class _MarkedEar:
    """The Listener as an Ear; `is_open` is set when it has begun to listen again."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.is_open = threading.Event()

    def heard(self) -> Iterator[Heard]:
        return self._listener.heard()

    def reset(self) -> None:
        self._listener.reset()
        self.is_open.set()


class _Told:
    """For a recogniser of another language: understands what was asked, whatever was heard of it."""

    def __init__(self, interpreter: Interpreter) -> None:
        self._interpreter = interpreter
        self.question = ""

    def interpret(self, transcript: Transcript) -> Understanding:
        return self._interpreter.interpret(replace(transcript, text=self.question, alternatives=(), words=()))


class _Loop:
    """The assistant's loop in a thread of its own; what came of each utterance is put into `outcomes`."""

    def __init__(self, assistant: Assistant, ear: _MarkedEar, mouth: Mouth) -> None:
        self._assistant, self._ear, self._mouth = assistant, ear, mouth
        self._turn: Turn | None = None
        self.outcomes: SimpleQueue[Outcome] = SimpleQueue()
        mouth.on_sound = self._on_sound
        threading.Thread(target=self._run, name="assistant", daemon=True).start()

    def _run(self) -> None:
        try:
            self._assistant.converse(self._ear, self._mouth, self._on_turn, self._on_other)
        except BackCareError as error:
            self.outcomes.put(error)

    def _on_turn(self, turn: Turn) -> None:
        self._turn = turn
        if turn.reply.is_silent:
            self.outcomes.put(turn)

    def _on_other(self, heard: Heard) -> None:
        if isinstance(heard, NothingHeard):
            self.outcomes.put(heard)

    def _on_sound(self) -> None:
        if self._turn is not None:
            self.outcomes.put(Spoken(self._turn, time.monotonic(), self._mouth.render_seconds))


class _Asking:
    """Asks one question after the other and measures. The answers are cut off after their first sound."""

    def __init__(self, loop: _Loop, ear: _MarkedEar, recogniser: WatchedRecogniser, mouth: Mouth, card: VirtualSoundCard) -> None:
        self._loop, self._ear, self._recogniser, self._mouth, self._card = loop, ear, recogniser, mouth, card
        self.prepared: frozenset[Line] = frozenset()

    def ask(self, question: str, recording: Path, room: Tap, speaker: Tap) -> tuple[Cell, ...]:
        self._forget()
        self._ear.is_open.clear()
        began = time.monotonic()
        self._card.play_into_microphone(recording)
        try:
            outcome = self._loop.outcomes.get(timeout=ANSWER_SECONDS)
        except Empty:
            return _without_figures(question, f"nothing came of it within {ANSWER_SECONDS:g} s")
        if not isinstance(outcome, Spoken):
            return _without_figures(question, _why_silent(outcome))
        first_sound = speaker.wait_for_loud(max(began, outcome.at - 0.05), SOUND_SECONDS)
        self._mouth.stop()
        self._ear.is_open.wait(SOUND_SECONDS)
        speech_end = room.last_loud()
        time.sleep(PAUSE_SECONDS)
        if first_sound is None or speech_end is None:
            return _without_figures(question, f"no sound came from the speaker. {self._mouth.problem}")
        return self._row(question, outcome, speech_end, first_sound)

    def _forget(self) -> None:
        """What came too late of an earlier question is none of this one's."""
        self._mouth.stop()
        with contextlib.suppress(Empty):
            while True:
                self._loop.outcomes.get_nowait()

    def _row(self, question: str, spoken: Spoken, speech_end: float, first_sound: float) -> tuple[Cell, ...]:
        turn, heard = spoken.turn, spoken.turn.transcript.text
        return (
            question,
            turn.reply.tier.word,
            CACHED if self.prepared.issuperset(turn.reply.lines) else "rendered",
            self._recogniser.ended_at - speech_end,
            self._recogniser.heard_at - self._recogniser.ended_at,
            turn.seconds["understand"],
            turn.seconds["answer"],
            spoken.render_seconds,
            first_sound - spoken.at,
            first_sound - self._recogniser.ended_at,
            first_sound - speech_end,
            "" if heard == question else f'heard "{heard}"',
        )


def measure_answers(
    settings: Settings,
    model: str,
    book: IntentBook,
    interpreter: Interpreter,
    recordings: Mapping[str, Path],
    card: VirtualSoundCard,
) -> Iterator[Table]:
    """model: the recogniser's. Sound devices must not have been looked for before the virtual card was there."""
    recogniser_name = model.partition("-")[0]
    folder = assembly.model_store(settings.storage).path(model)
    recogniser = WatchedRecogniser(open_recogniser(recogniser_name, folder, settings.hearing.silence_seconds))
    told = _Told(interpreter)
    assistant = Assistant(told if model == KOREAN else interpreter, assembly.responder(settings, book))
    with ExitStack() as stack:
        voice = assembly.voice(settings)
        mouth = stack.enter_context(closing(Mouth(voice, assembly.speaker(settings), assembly.tones(), lambda text: None)))
        microphone = stack.enter_context(closing(assembly.microphone(settings)))
        room, speaker = (stack.enter_context(Tap(part, card.environment)) for part in ("room", "speaker"))
        ear = _MarkedEar(Listener(microphone, recogniser))
        asking = _Asking(_Loop(assistant, ear, mouth), ear, recogniser, mouth, card)
        uncached, *cached = recordings
        told.question = uncached
        rows = [asking.ask(uncached, recordings[uncached], room, speaker)]
        asking.prepared = _answers_to(cached, interpreter, settings, book)
        voice.prepare(asking.prepared, lambda done, total: None)
        for told.question in cached:
            rows.append(asking.ask(told.question, recordings[told.question], room, speaker))
    yield _table(model, voice.name, settings, rows)


def _answers_to(questions: Iterable[str], interpreter: Interpreter, settings: Settings, book: IntentBook) -> frozenset[Line]:
    assistant = Assistant(interpreter, assembly.responder(settings, book))
    return frozenset(line for question in questions for line in assistant.take_turn(Transcript(question, "typed")).reply.lines)


def _why_silent(outcome: Turn | NothingHeard | BackCareError) -> str:
    if isinstance(outcome, NothingHeard):
        return f"nothing heard: {outcome.reason}"
    if isinstance(outcome, Turn):
        return f'stayed silent; heard "{outcome.transcript.text}"'
    return reason(outcome)


def _without_figures(question: str, why: str) -> tuple[Cell, ...]:
    return question, *[None] * (len(_COLUMNS) - 2), why


def _table(model: str, voice: str, settings: Settings, rows: Sequence[tuple[Cell, ...]]) -> Table:
    answered = [row for row in rows if row[_KIND] == CACHED]
    summary: list[tuple[Cell, ...]] = [
        (f"{name} of {len(answered)}", None, CACHED, *(choose(_numbers(answered, column)) for column in _NUMBERS))
        for name, choose in (("median", median), ("worst", max))
        if answered
    ]
    problem = encoder_problem()
    notes = (
        "All: from the last sound of her voice in the room to the first sound of the speaker, heard from outside the program. "
        "A real microphone and speaker add their own delay.",
        f"Silence: waited until she has surely finished ({settings.hearing.silence_seconds:g} s by the settings) and the sound's "
        "way through the card. Speaker: from the order to speak to the first sound. The device was closed; it was opened and woken while "
        f"she spoke (that takes {settings.speaking.wake_seconds:g} s by the settings, so that HDMI swallows no word).",
        f"Before a danger line the first sound is the tone ({earcon(Tone.DANGER).seconds:.1f} s); its words follow at once.",
        "Answer from: the cache, or rendered then, with the loading of the voice; set-up renders all answers ahead.",
        f"Understood on words alone: {problem}" if problem else "Understood with the sentence encoder.",
        *(("The model is a Korean one: what was asked is understood in place of what it heard.",) if model == KOREAN else ()),
    )
    title = f"From her last word to the answer: {model.partition('-')[0]} hears, the {voice} voice answers"
    return Table(title, _COLUMNS, (*rows, *summary), notes)


def _numbers(rows: Iterable[tuple[Cell, ...]], column: int) -> list[float]:
    return [cell for row in rows if isinstance(cell := row[column], float)]
