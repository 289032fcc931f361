"""An ear that outlives its microphone: what is lost is opened anew, by its name, for as long as that takes.

Nothing of this is thrown: `Deaf` and `HearsAgain` come among what is heard, so that whoever listens can say so aloud.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import SimpleQueue

from skill.errors import HearingError
from skill.hearing.listener import Listener
from skill.messages import AudioBlock, Deaf, Heard, HearsAgain
from skill.stages import Microphone, Recogniser

# A second, two, four …: a device that is being plugged in is soon back, and one that lies in a drawer is not looked for in vain too often.
LONGEST_PAUSE_SECONDS = 30
SECOND = 1.0


class LastingEar:
    """What the loop listens to.

    open_microphone: finds and opens it as it is now, or raises HearingError; its argument: look for devices that came since the program
    began, too, which closes every other one. watched: put around it where it is listened to; what hears while it speaks reads the bare one.
    second: how long a second of the pauses is.
    """

    def __init__(
        self,
        open_microphone: Callable[[bool], Microphone],
        recogniser: Recogniser,
        watched: Callable[[Microphone], Microphone] = lambda microphone: microphone,
        second: float = SECOND,
    ) -> None:
        self._open_microphone = open_microphone
        self._watched = watched
        self._second = second
        self._microphone: Microphone | None = None
        self._listener: Listener | None = None
        self._recogniser = recogniser
        self._given: SimpleQueue[Heard] = SimpleQueue()
        self._closing = threading.Event()
        self._lost_before = 0
        self._heard_at = time.monotonic()

    @property
    def lost_blocks(self) -> int:
        """Pieces of sound that were dropped before they could be heard."""
        return self._lost_before + (self._listener.lost_blocks if self._listener else 0)

    def open(self, anew: bool = False) -> None:
        """Open the microphone now, and not only when `heard` begins. Raises HearingError. anew: see `open_microphone`."""
        microphone = self._open_microphone(anew)
        self._lost_before = self.lost_blocks
        self._microphone = microphone
        self._listener = Listener(self._watched(microphone), self._recogniser)
        if self._closing.is_set():
            microphone.close()

    def heard(self) -> Iterator[Heard]:
        """What is heard, without an end until `close`, or until a recording is at its end."""
        line = "ear_lost" if self._microphone else "ear_missing"
        while not self._closing.is_set():
            try:
                if self._microphone is None:
                    self.open()
                assert self._listener is not None
                self._heard_at = time.monotonic()
                for heard in self._listener.heard():
                    yield heard
                    self._heard_at = time.monotonic()
                return
            except HearingError as error:
                self._lose()
                yield from self._deaf(line, error)
                line = "ear_lost"

    def give(self, heard: Heard) -> None:
        """Let this be heard too, as soon as may be; while it is deaf, within a second. Callable from any thread."""
        if self._microphone is not None and self._listener is not None:
            self._listener.give(heard)
        else:
            self._given.put(heard)

    def reset(self) -> None:
        """Forget all sound up to now."""
        if self._listener is not None:
            self._listener.reset()

    # --- while it speaks: for `skill.interruption`, in the place of a microphone and of a listener

    def blocks(self) -> Iterator[AudioBlock]:
        """Sound of the microphone as it is now; raises HearingError where there is none."""
        if self._microphone is None:
            raise HearingError("There is no microphone now.")
        return self._microphone.blocks()

    def flush(self) -> None:
        if self._microphone is not None:
            self._microphone.flush()

    def take(self, block: AudioBlock) -> Iterator[Heard]:
        """What the listener makes of it."""
        return self._listener.take(block) if self._listener is not None else iter(())

    @property
    def hears_speech(self) -> bool:
        return self._listener is not None and self._listener.hears_speech

    def count_quiet_anew(self) -> None:
        if self._listener is not None:
            self._listener.count_quiet_anew()

    def close(self) -> None:
        """Safe to call twice, and from a signal handler."""
        self._closing.set()
        if self._microphone is not None:
            self._microphone.close()

    def _deaf(self, line: str, error: HearingError) -> Iterator[Heard]:
        """Until it hears again: at once it is tried, then with growing pauses; `Deaf` once a second of them."""
        pause_seconds = 0
        while True:
            for _ in range(pause_seconds):
                yield self._now_deaf(line, error)
                while not self._given.empty():
                    yield self._given.get()
                if self._closing.wait(self._second):
                    return
            try:
                self._first_sound(anew=pause_seconds > 0)
            except HearingError as again:
                error = again
                self._lose()
                pause_seconds = min(max(1, 2 * pause_seconds), LONGEST_PAUSE_SECONDS)
                continue
            if not self._closing.is_set():
                yield HearsAgain(time.monotonic() - self._heard_at)
                self.reset()  # whoever was told may have spoken
            return

    def _now_deaf(self, line: str, error: HearingError) -> Deaf:
        return Deaf(line, str(error), time.monotonic() - self._heard_at)

    def _first_sound(self, anew: bool) -> None:
        """Open it and wait for the first block: a device that opens need not give sound."""
        self.open(anew)
        assert self._microphone is not None
        next(self._microphone.blocks(), None)

    def _lose(self) -> None:
        microphone, self._microphone = self._microphone, None
        if microphone is not None:
            with suppress(HearingError):
                microphone.close()
