"""One turn, and the loop. The only module that knows all stages; it imports no library by name.

While it speaks it is deaf: what the microphone took in meanwhile is thrown away before it listens again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Protocol

from skill.answering.conversation import Conversation
from skill.errors import SpeakingError
from skill.messages import Effect, Heard, Line, Quiet, Reply, Speech, Tier, Tone, Transcript, Turn
from skill.stages import Interpreter, Responder, Speaker, Voice

CONVERSATION_SECONDS = 90.0
REPEAT_AFTER_SECONDS = 9  # clinical reference, section 4 Timeouts: 8 to 10
SPEED_STEP = 1.15
SLOWEST, FASTEST = 0.6, 1.6
VOLUME_STEP = 15
DISCREET_VOLUME = 45
URGENT_VOLUME = 45


class Ear(Protocol):
    """What the loop needs of `skill.hearing.listener.Listener`."""

    def heard(self) -> Iterator[Heard]: ...

    def reset(self) -> None: ...


class Mouth:
    """Voice and speaker together: says replies, tones first, and carries out what a reply asks of the voice.

    fallback: a second voice for when the first one fails. show: called with the text of each reply; where sound fails the words are
    not lost. A failure of sound never ends the program: it is given to `tell`, once while it lasts, and stands in `problem`.
    """

    def __init__(
        self,
        voice: Voice | None,
        speaker: Speaker | None,
        tones: Mapping[Tone, Speech],
        show: Callable[[str], None],
        fallback: Callable[[], Voice] | None = None,
        tell: Callable[[str], None] = lambda problem: None,
    ) -> None:
        self._voice = voice
        self._speaker = speaker
        self._tones = tones
        self._show = show
        self._fallback = fallback
        self._tell = tell
        self._stopped = False
        self.problem = ""
        self.render_seconds = 0.0
        self.on_sound: Callable[[], None] = lambda: None

    def say(self, reply: Reply) -> bool:
        """Speak it to its end; False when it was stopped, or when no sound could be made."""
        self._stopped = False
        for effect in reply.effects:
            self._carry_out(effect)
        if reply.is_silent:
            return True
        self._show(reply.text)
        if self._voice is None or self._speaker is None:
            return False
        try:
            return self._sound(reply)
        except SpeakingError as error:
            self._failed(error)
            return False

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
            with_tone = reply.tier > Tier.NONE and not reply.discreet
            if with_tone and not (self._stopped or self._speaker.play(self._tones[Tone.DANGER])):
                return False
            return self._lines(reply, first)
        finally:
            self._speaker.volume = usual

    def _lines(self, reply: Reply, speech: Speech) -> bool:
        """speech: the first line, which is rendered before any sound is made."""
        assert self._speaker is not None
        for number, line in enumerate(reply.lines):
            speech = speech if number == 0 else self._render(line)
            if self._stopped or not self._speaker.play(speech):
                return False
        return True

    def _render(self, line: Line) -> Speech:
        assert self._voice is not None
        try:
            return self._voice.render(line)
        except SpeakingError:
            if self._fallback is None:
                raise
        speed = self._voice.speed
        self._voice.close()
        self._voice, self._fallback = self._fallback(), None
        self._voice.speed = speed
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


def _volume_for(reply: Reply, usual: int) -> int:
    """Low where someone may be listening; never too low to be heard where she must go for care."""
    if reply.discreet:
        return min(usual, DISCREET_VOLUME)
    return max(usual, URGENT_VOLUME) if reply.tier > Tier.NONE else usual


class Assistant:
    """Understands and answers; keeps the conversation in memory only, and forgets it after a while without a word.

    weeks: of pregnancy, as the settings say; what she tells in a conversation goes before it.
    """

    def __init__(
        self,
        interpreter: Interpreter,
        responder: Responder,
        clock: Callable[[], float] = time.monotonic,
        weeks: int | None = None,
    ) -> None:
        self._interpreter = interpreter
        self._weeks = weeks
        self._responder = responder
        self._clock = clock
        self._conversation = Conversation()
        self._last_turn = clock()

    def take_turn(self, transcript: Transcript) -> Turn:
        """What was heard → what is to be said; nothing is spoken here."""
        if self._clock() - self._last_turn > CONVERSATION_SECONDS:
            self.forget()
        heard_at = time.monotonic()
        understanding = self._interpreter.interpret(transcript)
        understood_at = time.monotonic()
        if self._conversation.weeks is None:
            self._conversation = replace(self._conversation, weeks=self._weeks)
        reply, self._conversation = self._responder.respond(understanding, self._conversation)
        answered_at = time.monotonic()
        self._last_turn = self._clock()
        seconds = {
            "hear": transcript.compute_seconds,
            "understand": understood_at - heard_at,
            "answer": answered_at - understood_at,
        }
        return Turn(transcript, understanding, reply, seconds)

    def after_silence(self, seconds: int) -> Reply:
        """What to say when nobody has spoken for so long: an urgent line once more, else nothing."""
        if seconds < REPEAT_AFTER_SECONDS:
            return Reply()
        reply, self._conversation = self._responder.silence(self._conversation)
        return reply

    def begin(self) -> None:
        """Begin a conversation in which she is known to speak to it, as when she types: what is not understood is answered too."""
        self._conversation = Conversation(talking=True)

    def forget(self) -> None:
        """Begin a new conversation."""
        self._conversation = Conversation()

    def converse(self, ear: Ear, mouth: Mouth, on_turn: Callable[[Turn], None], on_other: Callable[[Heard], None]) -> None:
        """Listen and answer until the sound ends. on_turn: before each reply is spoken; on_other: partial readings and silence."""
        for heard in ear.heard():
            if isinstance(heard, Transcript):
                turn = self.take_turn(heard)
                on_turn(turn)
                reply = turn.reply
            elif isinstance(heard, Quiet):
                reply = self.after_silence(heard.seconds)
            else:
                on_other(heard)
                continue
            if reply.is_silent and not reply.effects:
                continue
            mouth.say(reply)
            ear.reset()
            self._last_turn = self._clock()
