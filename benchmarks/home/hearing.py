"""The hour heard by the assistant's own loop: through the path of recordings, with a clock that counts seconds of sound, or in real time
through the microphone and the speaker of a virtual sound card.

While it speaks a line it is deaf, but for stop words in real time: the sound of that time is skipped. Between two lines it listens for a
moment, as it does in a home.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measuring.processes import memory_of
from skill import assembly
from skill.assistant import Assistant
from skill.hearing.listener import Listener
from skill.interruption import Listening
from skill.memory import use_one_heap
from skill.messages import AudioBlock, Heard, Line, NothingHeard, Pace, Speech, Tier, Turn
from skill.mouth import Mouth
from skill.settings import Settings, load_settings
from skill.stages import Microphone, Recogniser

WORDS_PER_SECOND = {Pace.ORDINARY: 130 / 60, Pace.DANGER: 120 / 60}
PLAY_RATE_HZ = 8_000
AGAIN = "(nobody: an urgent line again)"
WARM_SECONDS = 300.0  # of sound; by then everything has been used once
LAST_ANSWER_SECONDS = 3.0


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


class _Ear(Listener):
    """Knows when the sound was taken in that it has heard: the times of a transcript count only that.

    now: seconds of the recording, at this moment.
    """

    def __init__(self, microphone: Microphone, recogniser: Recogniser, now: Callable[[], float]) -> None:
        super().__init__(microphone, recogniser)
        self._now = now
        self._taken_seconds = 0.0
        self._taken: list[tuple[float, float]] = []

    def take(self, block: AudioBlock) -> Iterator[Heard]:
        self._taken_seconds += block.seconds
        self._taken.append((self._taken_seconds, self._now()))
        return super().take(block)

    def when(self, taken_seconds: float) -> float:
        """Seconds of the recording, where so much of it had been taken in."""
        place = min(bisect_left(self._taken, (taken_seconds, 0.0)), len(self._taken) - 1)
        taken, at = self._taken[place]
        return at - (taken - taken_seconds)


@dataclass
class _Came:
    """What came of the hour so far. now: seconds of the recording, at this moment."""

    ear: _Ear
    now: Callable[[], float]
    answers: list[Answer] = field(default_factory=list)
    nothing: list[tuple[float, str]] = field(default_factory=list)
    answered: str = ""

    def on_words(self, text: str) -> None:
        """An urgent line is said again when nobody says anything: no answer, but it is deaf then too."""
        if text != self.answered:
            speaks = len(text.split()) / WORDS_PER_SECOND[Pace.DANGER]
            self.answers.append(Answer(AGAIN, self.now(), self.now(), (), Tier.NONE, "", speaks))

    def on_turn(self, turn: Turn) -> None:
        self.answered = turn.reply.text
        said, understood = turn.transcript, turn.understanding
        start, end = self.ear.when(said.start_seconds), self.ear.when(said.end_seconds)
        speaks = sum(_Voice().render(line).seconds for line in turn.reply.lines)
        self.answers.append(Answer(said.text, start, end, understood.labels, turn.reply.tier, turn.reply.text, speaks, said.level_db))

    def on_other(self, heard: Heard) -> None:
        if isinstance(heard, NothingHeard):
            self.nothing.append((self.now(), heard.reason))


@dataclass(frozen=True, slots=True)
class _Parts:
    """What hears, understands and speaks."""

    settings: Settings
    assistant: Assistant
    recogniser: Recogniser


def _parts(clock: Callable[[], float]) -> _Parts:
    """Raises ModelError where no recogniser is installed."""
    use_one_heap()  # as the program does
    settings = load_settings(None, os.environ).settings
    book = assembly.intent_book(settings)
    recogniser = assembly.recogniser(settings)
    assistant = Assistant(assembly.interpreter(settings, book), assembly.responder(settings, book), clock=clock)
    assistant.attention = assembly.attention(settings, assembly.script(book), recogniser)
    return _Parts(settings, assistant, recogniser)


def hear_hour(path: Path) -> HeardHour:
    """Faster than real time. Raises ModelError where no recogniser is installed."""
    with closing(assembly.recording(path)) as microphone:
        playing = _Playing(microphone)
        parts = _parts(lambda: playing.now)
        ear = _Ear(playing, parts.recogniser, lambda: playing.seconds)
        came = _Came(ear, lambda: playing.now)
        mouth = Mouth(_Voice(), _Speaker(playing), assembly.tones(), came.on_words)
        mouth.interruption = Listening(playing, ear, parts.assistant.judge, None)
        return _heard(parts, came, mouth, playing)


def hear_in_real_time(path: Path, environment: Mapping[str, str]) -> HeardHour:
    """environment: that of a virtual sound card, on whose microphone the recording is played. Raises ModelError where no recogniser is
    installed, HearingError and SpeakingError where the card fails.
    """
    os.environ.update(environment)
    parts = _parts(time.monotonic)
    with closing(assembly.microphone(parts.settings)) as microphone, subprocess.Popen(["paplay", "--device=room", str(path)]) as player:
        live = _Live(microphone, player)
        ear = _Ear(live, parts.recogniser, lambda: live.seconds)
        came = _Came(ear, lambda: live.seconds)
        voice = assembly.lasting_voice(parts.settings, _tell, _tell)
        with closing(Mouth(voice, assembly.lasting_speaker(parts.settings), assembly.tones(), came.on_words)) as mouth:
            mouth.interruption = Listening(live, ear, parts.assistant.judge, assembly.stop_listener(parts.settings, parts.recogniser))
            return _heard(parts, came, mouth, live)


class _Live:
    """A microphone that is closed when the recording has been played."""

    def __init__(self, microphone: Microphone, player: subprocess.Popen[bytes]) -> None:
        self._microphone = microphone
        self._began = time.monotonic()
        self.megabytes_warm = 0.0
        threading.Thread(target=self._close_after, args=(player,), daemon=True).start()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def blocks(self) -> Iterator[AudioBlock]:
        for block in self._microphone.blocks():
            if not self.megabytes_warm and self.seconds >= WARM_SECONDS:
                self.megabytes_warm = memory_of(os.getpid()).rss
            yield block

    def flush(self) -> None:
        self._microphone.flush()

    def close(self) -> None:
        self._microphone.close()

    def _close_after(self, player: subprocess.Popen[bytes]) -> None:
        player.wait()
        time.sleep(LAST_ANSWER_SECONDS)
        self._microphone.close()


def _heard(parts: _Parts, came: _Came, mouth: Mouth, room: _Playing | _Live) -> HeardHour:
    began, cpu_began = time.monotonic(), time.process_time()
    parts.assistant.converse(came.ear, mouth, came.on_turn, came.on_other)
    work, cpu = time.monotonic() - began, time.process_time() - cpu_began
    end = memory_of(os.getpid()).rss
    return HeardHour(tuple(came.answers), tuple(came.nothing), room.seconds, work, cpu, room.megabytes_warm or end, end)


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
