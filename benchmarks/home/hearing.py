"""The hour heard: through the path of recordings, by the assistant's own loop, with a clock that counts seconds of sound.

While it speaks a line it is deaf: the sound of that time is skipped. Between two lines it listens for a moment, as it does in a home.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring.processes import memory_of
from skill import assembly
from skill.assistant import Assistant
from skill.hearing.listener import Listener
from skill.interruption import Listening
from skill.memory import use_one_heap
from skill.messages import AudioBlock, Heard, Line, NothingHeard, Pace, Speech, Tier, Turn
from skill.mouth import Mouth
from skill.settings import load_settings
from skill.stages import Microphone

WORDS_PER_SECOND = {Pace.ORDINARY: 130 / 60, Pace.DANGER: 120 / 60}
PLAY_RATE_HZ = 8_000
AGAIN = "(nobody: an urgent line again)"
WARM_SECONDS = 300.0  # of sound; by then everything has been used once


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one utterance; times in seconds of the recording. reply: empty when it stayed silent. speaks_seconds: how long it was
    deaf then, because it spoke."""

    heard: str
    start_seconds: float
    end_seconds: float
    labels: tuple[str, ...]
    tier: Tier
    reply: str
    speaks_seconds: float = 0.0
    level_db: float | None = None


@dataclass(frozen=True, slots=True)
class HeardHour:
    """answers: of every utterance that was heard. nothing: what the recogniser threw away, as (when it ended, why).

    Megabytes are RSS: the PSS of libraries that other programs use as well changes when those begin and end.
    """

    answers: tuple[Answer, ...]
    nothing: tuple[tuple[float, str], ...]
    sound_seconds: float
    work_seconds: float
    cpu_seconds: float
    megabytes_warm: float
    megabytes_end: float


class _Playing:
    """A recording as a microphone, whose time other parts can read and let pass."""

    def __init__(self, microphone: Microphone) -> None:
        self._microphone = microphone
        self._blocks = microphone.blocks()
        self.seconds = 0.0
        self.megabytes_warm = 0.0
        self._deaf_until = 0.0

    def blocks(self) -> Iterator[AudioBlock]:
        """The rest of it: what was read is over."""
        for block in self._blocks:
            self.seconds += block.seconds
            if not self.megabytes_warm and self.seconds >= WARM_SECONDS:
                self.megabytes_warm = memory_of(os.getpid()).rss
            if self.seconds > self._deaf_until:
                yield block

    @property
    def now(self) -> float:
        """What a clock on the wall would show: the seconds in which it speaks are over when it has spoken."""
        return max(self.seconds, self._deaf_until)

    def let_pass(self, seconds: float) -> None:
        self._deaf_until = self.now + seconds

    def flush(self) -> None: ...

    def close(self) -> None:
        self._microphone.close()


class _Ear(Listener):
    """Knows how much sound it has taken in: the times of a transcript count only that."""

    taken_seconds = 0.0

    def take(self, block: AudioBlock) -> Iterator[Heard]:
        self.taken_seconds += block.seconds
        return super().take(block)


class _Voice:
    """Silence as long as the words take: rendering is measured elsewhere."""

    name, version, speed = "silence", "1", 1.0

    def render(self, line: Line) -> Speech:
        seconds = len(line.text.split()) / WORDS_PER_SECOND[line.pace]
        return Speech(bytes(2 * round(seconds * PLAY_RATE_HZ)), PLAY_RATE_HZ)

    def close(self) -> None: ...


class _Speaker:
    volume = 80

    def __init__(self, playing: _Playing) -> None:
        self._playing = playing

    def play(self, speech: Speech) -> bool:
        self._playing.let_pass(speech.seconds)
        return True

    def prepare(self) -> None: ...

    def stop(self) -> None: ...

    def close(self) -> None: ...


def hear_hour(path: Path) -> HeardHour:
    """Raises ModelError where no recogniser is installed."""
    use_one_heap()  # as the program does
    settings = load_settings(None, os.environ).settings
    book = assembly.intent_book(settings)
    recogniser = assembly.recogniser(settings)
    answers: list[Answer] = []
    nothing: list[tuple[float, str]] = []
    with closing(assembly.recording(path)) as microphone:
        playing = _Playing(microphone)
        assistant = Assistant(assembly.interpreter(settings, book), assembly.responder(settings, book), clock=lambda: playing.now)
        assistant.attention = assembly.attention(settings, assembly.script(book), recogniser)
        mouth = Mouth(_Voice(), _Speaker(playing), assembly.tones(), lambda text: spoken(text))
        ear = _Ear(playing, recogniser)
        mouth.interruption = Listening(playing, ear, assistant.judge, None)
        answered = ""

        def spoken(text: str) -> None:
            """An urgent line is said again when nobody says anything: no answer, but it is deaf then too."""
            if text != answered:
                speaks = len(text.split()) / WORDS_PER_SECOND[Pace.DANGER]
                answers.append(Answer(AGAIN, playing.now, playing.now, (), Tier.NONE, "", speaks))

        def on_turn(turn: Turn) -> None:
            nonlocal answered
            answered = turn.reply.text
            said = turn.transcript
            skipped = playing.seconds - ear.taken_seconds
            start, end = said.start_seconds + skipped, said.end_seconds + skipped
            speaks = sum(_Voice().render(line).seconds for line in turn.reply.lines)
            understood = turn.understanding
            answers.append(Answer(said.text, start, end, understood.labels, turn.reply.tier, turn.reply.text, speaks, said.level_db))

        def on_other(heard: Heard) -> None:
            if isinstance(heard, NothingHeard):
                nothing.append((playing.seconds, heard.reason))

        began, cpu_began = time.monotonic(), time.process_time()
        assistant.converse(ear, mouth, on_turn, on_other)
        work, cpu = time.monotonic() - began, time.process_time() - cpu_began
        end = memory_of(os.getpid()).rss
    return HeardHour(tuple(answers), tuple(nothing), playing.seconds, work, cpu, playing.megabytes_warm or end, end)
