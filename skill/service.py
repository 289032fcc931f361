"""What it tells whoever keeps it running: systemd's watchdog, and the file behind `run_assistant.py status`.

Signs of life come only from where the work is done: a piece of sound taken up by the listener, or a line spoken. A loop that hangs
gives none, and is ended and started anew.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Self

from skill.errors import BackCareError, HearingError, ModelError, SpeakingError
from skill.messages import AudioBlock, Reply, Speech, Tier
from skill.stages import Microphone, Speaker
from skill.state import ASSISTANT, HEARING, SPEAKING, StateFile

# sd_watchdog_enabled(3) asks for a sign in half of the time that systemd waits.
SIGNS_IN_TIME = 3


class Watchdog:
    """Tells systemd that it is ready and that it is alive: sd_notify(3). Without systemd it does nothing.

    environment: NOTIFY_SOCKET is a file, or behind an @ an abstract name; WATCHDOG_USEC how long systemd waits for a sign of life.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "").replace("@", "\0", 1)
        patience = environment.get("WATCHDOG_USEC", "")
        self._every_seconds = int(patience) / 1e6 / SIGNS_IN_TIME if patience.isdecimal() else float("inf")
        self._last_sign = time.monotonic()

    def ready(self) -> None:
        self._tell(b"READY=1")

    def alive(self) -> None:
        if time.monotonic() - self._last_sign >= self._every_seconds:
            self._last_sign = time.monotonic()
            self._tell(b"WATCHDOG=1")

    def _tell(self, what: bytes) -> None:
        if not self._address:
            return
        # Where systemd cannot be told, it decides what follows; a conversation does not end for it.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams:
            datagrams.setblocking(False)
            datagrams.connect(self._address)
            datagrams.send(what)


class Vitals:
    """What part of it works, what it is at and how often it answered, for `state` (None: nobody wants to know) and `watchdog`.

    A context manager: an error that ends the assistant is noted on the way out.
    """

    def __init__(self, state: StateFile | None, watchdog: Watchdog) -> None:
        self._state = state
        self._watchdog = watchdog
        self._is_ready = False
        self._discreet = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(error, BackCareError):
            self.failed(error)
        elif isinstance(error, Exception) and self._state:
            place = traceback.extract_tb(trace)[-1]
            self._state.failed(ASSISTANT, f"{type(error).__name__} in {place.filename}, line {place.lineno}")
        if self._state:
            self._state.ended()

    def microphone(self, microphone: Microphone) -> Microphone:
        """The same microphone, whose every block is a sign of life."""
        return _WatchedMicrophone(microphone, self)

    def speaker(self, speaker: Speaker) -> Speaker:
        """The same speaker; each line that it has spoken is a sign of life."""
        return _WatchedSpeaker(speaker, self)

    def heard_sound(self) -> None:
        if not self._is_ready:
            self._is_ready = True
            self._watchdog.ready()
        self._watchdog.alive()
        if self._state:
            self._state.listening()
            self._state.alive()

    def answering(self, reply: Reply) -> None:
        """Count a reply that is about to be spoken. A discreet one leaves no trace: someone may look who must not know."""
        self._discreet = reply.discreet
        if self._state and not reply.discreet and not reply.is_silent:
            self._state.answered(reply.tier > Tier.NONE)

    def speaking(self) -> None:
        self._watchdog.alive()
        if self._state and not self._discreet:
            self._state.speaking()

    def spoke(self) -> None:
        self._watchdog.alive()
        if self._state:
            self._state.works(SPEAKING)

    def failed(self, error: BackCareError) -> None:
        if self._state:
            self._state.failed(_part_of(error), str(error))


class _WatchedMicrophone:
    def __init__(self, microphone: Microphone, vitals: Vitals) -> None:
        self._microphone = microphone
        self._vitals = vitals

    def blocks(self) -> Iterator[AudioBlock]:
        for block in self._microphone.blocks():
            self._vitals.heard_sound()
            yield block

    def flush(self) -> None:
        self._microphone.flush()

    def close(self) -> None:
        self._microphone.close()


class _WatchedSpeaker:
    def __init__(self, speaker: Speaker, vitals: Vitals) -> None:
        self._speaker = speaker
        self._vitals = vitals

    @property
    def volume(self) -> int:
        return self._speaker.volume

    @volume.setter
    def volume(self, percent: int) -> None:
        self._speaker.volume = percent

    def play(self, speech: Speech) -> bool:
        self._vitals.speaking()
        to_its_end = self._speaker.play(speech)
        self._vitals.spoke()
        return to_its_end

    def stop(self) -> None:
        self._speaker.stop()

    def close(self) -> None:
        self._speaker.close()


def keep_words_out_of_the_log(environment: Mapping[str, str]) -> None:
    """Under systemd, which keeps what we print: a crash is told by its place, for its message may hold what she said."""
    if "INVOCATION_ID" in environment and not sys.stderr.isatty():
        sys.excepthook = lambda kind, error, trace: _print_place(kind, trace)
        threading.excepthook = lambda crash: _print_place(crash.exc_type, crash.exc_traceback)


def _print_place(kind: type[BaseException], trace: TracebackType | None) -> None:
    print(*traceback.format_tb(trace), f"{kind.__name__}\n", sep="", end="", file=sys.stderr, flush=True)


def _part_of(error: BackCareError) -> str:
    if isinstance(error, SpeakingError):
        return SPEAKING
    return HEARING if isinstance(error, HearingError | ModelError) else ASSISTANT
