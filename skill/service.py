"""What it tells whoever keeps it running: systemd's watchdog, and the file behind `run_assistant.py status`."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from skill.errors import BackCareError, HearingError, ModelError, SpeakingError
from skill.messages import Reply, Tier
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
        self._is_ready = False
        self._tell(b"WATCHDOG=1")  # where it was started anew in the place of one that hung, the time begins again

    def ready(self) -> None:
        """Told once."""
        if not self._is_ready:
            self._is_ready = True
            self._tell(b"READY=1")

    def alive(self) -> None:
        """Told when it is due."""
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
    """What works, what it is at and how often it answered: for `state` (None: nobody wants to know) and for `watchdog`.

    A context manager: an error that ends the assistant is noted on the way out. Nothing here raises or waits.
    """

    def __init__(self, state: StateFile | None, watchdog: Watchdog) -> None:
        self._state = state
        self._watchdog = watchdog
        self._is_discreet = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(error, BackCareError):
            self.failed(part_of(error), str(error))
        elif isinstance(error, Exception):
            place = traceback.extract_tb(trace)[-1]
            self.failed(ASSISTANT, f"{type(error).__name__} in {place.filename}, line {place.lineno}")
        if self._state:
            self._state.ended()

    def alive(self) -> None:
        """The loop turns. Cheap enough for each piece of sound."""
        self._watchdog.ready()
        self._watchdog.alive()
        if self._state:
            self._state.alive()

    def listening(self) -> None:
        """Sound arrives. Cheap enough for each piece of it."""
        if self._state:
            self._state.listening()

    def speaking(self) -> None:
        """A line begins to sound."""
        self._watchdog.alive()
        if self._state and not self._is_discreet:
            self._state.speaking()

    def answering(self, reply: Reply) -> None:
        """A reply is about to be spoken. A discreet one is not counted and leaves no trace: someone may look who must not know."""
        self._is_discreet = reply.discreet
        if not reply.discreet and not reply.is_silent:
            self.answered(reply.tier > Tier.NONE)

    def answered(self, is_danger: bool) -> None:
        if self._state:
            self._state.answered(is_danger)

    def failed(self, part: str, what: str) -> None:
        """what: a sentence of ours, with nothing in it that anyone said."""
        if self._state:
            self._state.failed(part, what)

    def recovered(self, part: str) -> None:
        """part: works. Counts only where it had failed."""
        if self._state:
            self._state.recovered(part)

    def runs_on_smallest_set(self) -> None:
        """It does without what needs much memory."""
        if self._state:
            self._state.runs_on_smallest_set()

    def waits_for_start(self, keys: Sequence[str]) -> None:
        """keys: the settings that were edited and take effect at the next start only."""
        if self._state:
            self._state.waits_for_start(keys)


def part_of(error: BackCareError) -> str:
    """The part whose failure this is."""
    if isinstance(error, SpeakingError):
        return SPEAKING
    return HEARING if isinstance(error, HearingError | ModelError) else ASSISTANT


def is_service(environment: Mapping[str, str]) -> bool:
    """Started by systemd, with nobody at a terminal."""
    return "INVOCATION_ID" in environment and not sys.stderr.isatty()


def keep_words_out_of_the_log(environment: Mapping[str, str]) -> None:
    """Under systemd, which keeps what we print: a crash is told by its place, for its message may hold what she said."""
    if is_service(environment):
        sys.excepthook = lambda kind, error, trace: _print_place(kind, trace)
        threading.excepthook = lambda crash: _print_place(crash.exc_type, crash.exc_traceback)


def _print_place(kind: type[BaseException], trace: TracebackType | None) -> None:
    print(*traceback.format_tb(trace), f"{kind.__name__}\n", sep="", end="", file=sys.stderr, flush=True)
