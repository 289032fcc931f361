"""The ear of a running assistant, attended: what fails in it, or in the mouth, is told aloud, in the log and in the state.

So is its repair.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from skill.answering.phrases import Phrases
from skill.assistant import Ear
from skill.messages import Deaf, Heard, HearsAgain, Missed, Quiet, Reply
from skill.mouth import Mouth
from skill.service import Vitals
from skill.state import HEARING, RECOGNISER
from skill.watched import sign_of_life

# Deaf for less than this, nobody will have noticed.
TOLD_AFTER_SECONDS = 3.0
# An answer that no sound could be made for is given late, but not to somebody who does not know any more what she asked.
LATE_SECONDS = 120.0
LONGEST_PAUSE_SECONDS = 30.0


class AttendedEar:
    """An Ear. It hands on all that `ear` hears, once it has been attended to.

    After a failure it speaks when it can: at once, after one second, two, four …, as long as the failure lasts.
    """

    def __init__(self, ear: Ear, mouth: Mouth, phrases: Phrases, vitals: Vitals, tell: Callable[[str], None]) -> None:
        self._ear = ear
        self._mouth = mouth
        self._phrases = phrases
        self._vitals = vitals
        self._tell = tell
        self._deaf: Deaf | None = None
        self._is_told = False
        self._say_at = Pauses()
        self._mend_at = Pauses()

    def heard(self) -> Iterator[Heard]:
        for heard in self._ear.heard():
            if self._attend(heard):
                self._ear.reset()  # it does not hear its own voice
            yield heard

    def reset(self) -> None:
        self._ear.reset()

    def _attend(self, heard: Heard) -> bool:
        """True where it may have spoken."""
        if isinstance(heard, Deaf):
            return self._now_deaf(heard)
        if isinstance(heard, HearsAgain):
            return self._hears_again(heard)
        if isinstance(heard, Missed):
            self._vitals.failed(RECOGNISER, heard.why)
            self._vitals.recovered(RECOGNISER)
            self._tell(heard.why)
            self._say("missed")
            return True
        return isinstance(heard, Quiet) and self._mend_mouth()

    def _now_deaf(self, deaf: Deaf) -> bool:
        sign_of_life(self._vitals)
        before, self._deaf = self._deaf, deaf
        if before is None:
            self._say_at.begin()
        if before is None or before.why != deaf.why:
            self._vitals.failed(_part(deaf), deaf.why)
            self._tell(deaf.why)
        if self._is_told or not self._say_at.due():
            return False
        reply = Reply((self._phrases.shared(deaf.line),))
        self._is_told = self._mouth.say(reply) if before is None else self._mouth.aloud(reply)
        return True

    def _hears_again(self, again: HearsAgain) -> bool:
        deaf, self._deaf, self._is_told = self._deaf, None, False
        if deaf is not None:
            self._vitals.recovered(_part(deaf))
        elif again.seconds < TOLD_AFTER_SECONDS:
            return False
        self._tell(f"It hears again, after {again.seconds:.0f} seconds.")
        self._say("ear_back")
        return True

    def _mend_mouth(self) -> bool:
        """While it is mute, and nobody speaks: whether sound can be made again. Then what it could not say is said."""
        if not self._mouth.problem:
            self._mend_at.begin()
            return False
        if not self._mend_at.due():
            return False
        unsaid = self._mouth.unsaid
        lines = (self._phrases.shared("mouth_back"),)
        if unsaid is None or time.monotonic() - unsaid.at_seconds > LATE_SECONDS:
            late = Reply(lines)
        else:
            late = Reply(lines + unsaid.reply.lines, unsaid.reply.labels, unsaid.reply.tier)
        if self._mouth.aloud(late):
            self._tell("It can speak again.")
        return True

    def _say(self, line: str) -> bool:
        return self._mouth.say(Reply((self._phrases.shared(line),)))


class Pauses:
    """When to try again: at once, and then after a second, two, four …, LONGEST_PAUSE_SECONDS."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.begin()

    def begin(self) -> None:
        self._pause_seconds = 1.0
        self._next_at = self._clock()

    def due(self) -> bool:
        """Whether to try now; the next time is then later."""
        if self._clock() < self._next_at:
            return False
        self._next_at = self._clock() + self._pause_seconds
        self._pause_seconds = min(2 * self._pause_seconds, LONGEST_PAUSE_SECONDS)
        return True


def _part(deaf: Deaf) -> str:
    return RECOGNISER if deaf.line == "recogniser_broken" else HEARING
