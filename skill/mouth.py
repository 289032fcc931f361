"""Voice and speaker together: the one place where a reply becomes sound."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from skill.errors import SpeakingError
from skill.interruption import Interruption, Undisturbed, action_seconds
from skill.messages import Effect, Line, Reply, Speech, Tier, Tone
from skill.stages import Speaker, Voice

SPEED_STEP = 1.15
SLOWEST, FASTEST = 0.6, 1.6
VOLUME_STEP = 15
DISCREET_VOLUME = 45
URGENT_VOLUME = 45
# Lines that say that it is deaf; a low tone goes before them.
CANNOT_HEAR = frozenset({"lines ear_lost", "lines ear_missing", "lines recogniser_broken", "lines missed"})


@dataclass(frozen=True, slots=True)
class Unsaid:
    """A reply that no sound could be made for, and when (`time.monotonic`). Never a discreet one: nothing of those is kept."""

    reply: Reply
    at_seconds: float


class Mouth:
    """Voice and speaker together: says replies, tones first, and carries out what a reply asks of the voice.

    show: called with the text of each reply; where sound fails the words are not lost. A failure of sound never ends the program: it is
    given to `tell`, once while it lasts, stands in `problem` until sound was made again, and what should have been said in `unsaid`.
    interruption: who listens while it speaks; nobody, until it is set.
    """

    def __init__(
        self,
        voice: Voice | None,
        speaker: Speaker | None,
        tones: Mapping[Tone, Speech],
        show: Callable[[str], None],
        tell: Callable[[str], None] = lambda problem: None,
    ) -> None:
        self._voice = voice
        self._speaker = speaker
        self._tones = tones
        self._show = show
        self._tell = tell
        self._stopped = False
        self.interruption: Interruption = Undisturbed()
        self.problem = ""
        self.unsaid: Unsaid | None = None
        self.render_seconds = 0.0
        self.on_sound: Callable[[], None] = lambda: None

    @property
    def is_heard(self) -> bool:
        """There is a voice, and a speaker to hear it by."""
        return self._voice is not None and self._speaker is not None

    def set_volume(self, percent: int) -> None:
        if self._speaker is not None:
            self._speaker.volume = percent

    def set_speed(self, factor: float) -> None:
        if self._voice is not None:
            self._voice.speed = factor

    def say(self, reply: Reply) -> bool:
        """Speak it to its end; False when it was stopped, or when no sound could be made."""
        self._stopped = False
        for effect in reply.effects:
            self._carry_out(effect)
        if reply.is_silent:
            return True
        self._show(reply.text)
        if self.aloud(reply):
            return True
        if self.problem and not reply.discreet:
            self.unsaid = Unsaid(reply, time.monotonic())
        return False

    def aloud(self, reply: Reply) -> bool:
        """Speak its lines, which were shown before; False as with `say`."""
        self._stopped = False
        if self._voice is None or self._speaker is None:
            return False
        try:
            to_its_end = self._sound(reply)
        except SpeakingError as error:
            self._failed(error)
            return False
        self.problem, self.unsaid = "", None
        return to_its_end

    def tone(self, tone: Tone) -> None:
        if tone in self._tones:
            self.play(self._tones[tone])

    def play(self, speech: Speech) -> None:
        """Let sound be heard that is no reply."""
        if self._speaker is not None:
            try:
                self._speaker.play(speech)
            except SpeakingError as error:
                self._failed(error)

    def prepare(self) -> None:
        """An answer may be wanted soon: let the device wake meanwhile. Returns at once."""
        if self._voice is not None and self._speaker is not None:
            self._speaker.prepare()

    @property
    def was_stopped(self) -> bool:
        """Somebody made it silent in the middle of what it said last."""
        return self._stopped

    def stop(self) -> None:
        """Be silent at once. Callable from any thread and from a signal handler."""
        self._stopped = True
        if self._speaker is not None:
            self._speaker.stop()

    def close(self) -> None:
        if self._speaker is not None:
            self._speaker.close()
        if self._voice is not None:
            self._voice.close()

    def _failed(self, error: SpeakingError) -> None:
        if str(error) != self.problem:
            self._tell(str(error))
        self.problem = str(error)

    def _sound(self, reply: Reply) -> bool:
        assert self._speaker is not None
        started = time.monotonic()
        first = self._render(reply.lines[0])
        self.render_seconds = time.monotonic() - started
        self.on_sound()
        usual = self._speaker.volume
        self._speaker.volume = _volume_for(reply, usual)
        try:
            tone = _tone_before(reply)
            if tone is not None and (self._stopped or not self._speaker.play(self._tones[tone])):
                return False
            return self._lines(reply, first)
        finally:
            self._speaker.volume = usual

    def _lines(self, reply: Reply, speech: Speech) -> bool:
        """speech: the first line, which is rendered before any sound is made."""
        assert self._speaker is not None
        for number, line in enumerate(reply.lines):
            speech = speech if number == 0 else self._render(line)
            if self._stopped or (number and not self.interruption.between(self.stop)):
                return False
            first_seconds = 0.0 if reply.discreet else action_seconds(line, speech)  # what to do in danger is said, whoever says "stop"
            with self.interruption.during(line, speech, self.stop, first_seconds):
                to_its_end = not self._stopped and self._speaker.play(speech)
            if not to_its_end:
                return False
        return True

    def _render(self, line: Line) -> Speech:
        assert self._voice is not None
        return self._voice.render(line)

    def _carry_out(self, effect: Effect) -> None:
        if effect in (Effect.SLOWER, Effect.FASTER) and self._voice is not None:
            step = SPEED_STEP if effect is Effect.FASTER else 1 / SPEED_STEP
            self._voice.speed = min(FASTEST, max(SLOWEST, self._voice.speed * step))
        elif effect in (Effect.LOUDER, Effect.QUIETER) and self._speaker is not None:
            volume = self._speaker.volume
            quieter = max(min(volume, VOLUME_STEP), volume - VOLUME_STEP)  # never so quiet that "louder" is no longer heard
            self._speaker.volume = min(100, volume + VOLUME_STEP) if effect is Effect.LOUDER else quieter
        elif effect is Effect.STOP:
            self.stop()
        elif effect is Effect.LISTEN:
            self.tone(Tone.LISTENING)


def _tone_before(reply: Reply) -> Tone | None:
    if reply.tier > Tier.NONE:
        return None if reply.discreet else Tone.DANGER
    return Tone.CANNOT_HEAR if reply.lines[0].key in CANNOT_HEAR else None


def _volume_for(reply: Reply, usual: int) -> int:
    """Low where someone may be listening; never too low to be heard where she must go for care."""
    if reply.discreet:
        return min(usual, DISCREET_VOLUME)
    return max(usual, URGENT_VOLUME) if reply.tier > Tier.NONE else usual
