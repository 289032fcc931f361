"""What may end or interrupt its speech: a stop word said over it, and what is said in the pauses between its lines.

Three ways, by what the microphone gives:
  - usually its own voice is in the sound: a `StopListener` takes it out and listens for the stop words alone;
  - where the sound server takes it out ("echo: cancelled"), the whole recogniser listens, and danger is heard at once;
  - where neither works nobody listens during a line.
Between two lines there is a short pause in which everything is heard, in all three.

The work is done in a thread of its own while a line is played; it reads the microphone, which nobody else reads meanwhile.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import Enum
from functools import partial
from typing import Protocol

from skill.errors import BackCareError
from skill.messages import AudioBlock, Heard, Line, Pace, Speech, Transcript
from skill.stages import Microphone
from skill.stop_words import sounds_like_in, stop_words_in

# Its last sounds are still in the room, and in the buffers; then so long a silence is no hurry and hurts no understanding.
ECHO_SECONDS = 0.1
PAUSE_SECONDS = 0.35
# A person who tells of a danger needs no longer; a television does.
LONGEST_HEARD_SECONDS = 10.0
# What to do in danger stands in the first two sentences ("This is an emergency. Call for an ambulance now."), and opening the loudspeaker
# takes a while.
_ACTION_SENTENCES = 2
_STARTING_SECONDS = 1.0
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")


class Cut(Enum):
    """What something that is heard does to the speech that is under way."""

    NOTHING = "nothing"
    SILENCE = "silence"
    ANSWER = "answer"


def action_seconds(line: Line, speech: Speech) -> float:
    """How long it takes until a danger line has said what to do; 0 for any other line."""
    if line.pace is not Pace.DANGER:
        return 0.0
    action = " ".join(_SENTENCE_END.split(line.text)[:_ACTION_SENTENCES])
    return _STARTING_SECONDS + speech.seconds * len(action) / max(1, len(line.text))


class Interruption(Protocol):
    """What the mouth asks."""

    def during(self, line: Line, speech: Speech, silence: Callable[[], None], first_seconds: float = 0.0) -> AbstractContextManager[None]:
        """Listen while the line is played. silence: called once, from another thread, when it is to end.

        first_seconds: a stop word that comes sooner takes effect then, or at the line's end.
        """
        ...

    def between(self, silence: Callable[[], None]) -> bool:
        """Listen for a moment between two lines; False: the rest is not to be said."""
        ...

    @property
    def keeps_hearing(self) -> bool:
        """All that is said over its speech is heard: nothing of it is to be thrown away afterwards."""
        ...

    def heard(self) -> Transcript | None:
        """When it has spoken: what was said into its speech and has to be answered; given once."""
        ...


class Undisturbed:
    """Nobody listens while it speaks."""

    def during(self, line: Line, speech: Speech, silence: Callable[[], None], first_seconds: float = 0.0) -> AbstractContextManager[None]:
        return nullcontext()

    def between(self, silence: Callable[[], None]) -> bool:
        return True

    keeps_hearing = False

    def heard(self) -> Transcript | None:
        return None


class StopWords(Protocol):
    """What is needed of `skill.hearing.stop_listener.StopListener`."""

    def begin(self, speech: Speech) -> None: ...

    def spotted(self, block: AudioBlock) -> str: ...


class Ear(Protocol):
    """What is needed of `skill.hearing.listener.Listener`."""

    @property
    def hears_speech(self) -> bool: ...

    def take(self, block: AudioBlock) -> Iterator[Heard]: ...

    def reset(self) -> None: ...

    def count_quiet_anew(self) -> None: ...


class Listening:
    """stop_words: None where nothing can spot them. hears_all: its own voice is not in the sound, so everything said over it is heard.

    judge: what a whole utterance does to the speech.
    """

    def __init__(
        self, microphone: Microphone, ear: Ear, judge: Callable[[Transcript], Cut], stop_words: StopWords | None, hears_all: bool = False
    ) -> None:
        self._microphone = microphone
        self._ear = ear
        self._judge = judge
        self._stop_words = stop_words
        self._hears_all = hears_all
        self._heard: Transcript | None = None

    @property
    def keeps_hearing(self) -> bool:
        return self._hears_all

    def heard(self) -> Transcript | None:
        if self._hears_all:
            self._ear.count_quiet_anew()
        heard, self._heard = self._heard, None
        return heard

    @contextmanager
    def during(self, line: Line, speech: Speech, silence: Callable[[], None], first_seconds: float = 0.0) -> Iterator[None]:
        """A line that holds a stop word itself, as a hospital's name may, is said without anybody listening for them; where it holds a
        word that sounds like one ("weight"), that one does not count."""
        stop = _Stop(silence, first_seconds)
        if self._hears_all:
            hears = partial(self._hears_all_over, silence)
        elif self._stop_words is not None and not stop_words_in(line.text):
            hears = partial(self._hears_stop_over, self._stop_words, line, speech, stop)
        else:
            yield
            return
        over = threading.Event()
        thread = threading.Thread(target=self._listen, args=(hears, over), name="over its speech", daemon=True)
        if not self._hears_all:
            self._microphone.flush()
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            stop.line_is_over()

    def between(self, silence: Callable[[], None]) -> bool:
        if not self._hears_all:
            self._ear.reset()
        seconds = 0.0
        try:
            for block in self._microphone.blocks():
                seconds += block.seconds
                if seconds <= ECHO_SECONDS:
                    continue
                for heard in self._ear.take(block):
                    if isinstance(heard, Transcript) and self._cuts(heard, silence):
                        return False
                if seconds > LONGEST_HEARD_SECONDS or (seconds > ECHO_SECONDS + PAUSE_SECONDS and not self._ear.hears_speech):
                    break
        except BackCareError:  # the loop meets it too, as soon as it listens again, and says it aloud
            return True
        return True

    def _listen(self, begin: Callable[[], Callable[[AudioBlock], bool]], over: threading.Event) -> None:
        """begin: makes ready what hears; here, and not before the line is played, which would wait for it."""
        hears = begin()
        try:
            for block in self._microphone.blocks():
                if over.is_set() or hears(block):
                    return
        except BackCareError:  # as in `between`
            return

    def _hears_stop_over(self, stop_words: StopWords, line: Line, speech: Speech, stop: _Stop) -> Callable[[AudioBlock], bool]:
        stop_words.begin(speech)
        perhaps_its_own = {"", *sounds_like_in(line.text)}

        def hears(block: AudioBlock) -> bool:
            return stop.after(block.seconds, asked=stop_words.spotted(block) not in perhaps_its_own)

        return hears

    def _hears_all_over(self, silence: Callable[[], None]) -> Callable[[AudioBlock], bool]:
        def hears(block: AudioBlock) -> bool:
            cuts = [heard for heard in self._ear.take(block) if isinstance(heard, Transcript) and self._cuts(heard, silence)]
            return bool(cuts)

        return hears

    def _cuts(self, transcript: Transcript, silence: Callable[[], None]) -> bool:
        cut = self._judge(transcript)
        if cut is Cut.NOTHING:
            return False
        if cut is Cut.ANSWER:
            self._heard = transcript
        silence()
        return True


class _Stop:
    """A stop word in one line: it takes effect at once, but not before `first_seconds` of it."""

    def __init__(self, silence: Callable[[], None], first_seconds: float) -> None:
        self._silence = silence
        self._first_seconds = first_seconds
        self._seconds = 0.0
        self._is_asked = False

    def after(self, seconds: float, asked: bool) -> bool:
        """So much more of the line has passed; whether it was silenced by now."""
        self._seconds += seconds
        self._is_asked = self._is_asked or asked
        return self._seconds >= self._first_seconds and self.line_is_over()

    def line_is_over(self) -> bool:
        if not self._is_asked:
            return False
        self._is_asked = False
        self._silence()
        return True
