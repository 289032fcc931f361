"""One turn, and the loop. The only module that knows all stages; it imports no library by name.

While it speaks it is deaf but for what `skill.interruption` lets through: a stop word, and what is said in its pauses. All else that the
microphone took in meanwhile is thrown away before it listens again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol

from skill.answering.conversation import Conversation
from skill.attention import (
    CONVERSATION_SECONDS,
    WOKEN_SECONDS,
    Attention,
    Call,
    HalfHeard,
    Standing,
    UsualLevel,
    is_further,
    standing,
)
from skill.interruption import Cut
from skill.messages import (
    AskedAgain,
    Certainty,
    Effect,
    Heard,
    Match,
    Quiet,
    Reply,
    Speaking,
    Tier,
    Transcript,
    Turn,
    Understanding,
    Woken,
)
from skill.mouth import Mouth
from skill.stages import Interpreter, Responder

REPEAT_AFTER_SECONDS = 9  # clinical reference, section 4 Timeouts: 8 to 10
LULL_SECONDS = 3  # where others talk on, it waits for such a pause of theirs
# What she may say into its speech, besides telling of a danger and "stop".
CUT_IN = frozenset({"control.louder", "control.quieter", "control.slower", "control.faster", "control.goodbye"})
# For the button: whoever comes to help may ask what was said. Later it would tell a visitor of an old trouble.
DANGER_KEPT_SECONDS = 3600.0
HELP = Match("control.help", Tier.NONE, Certainty.SURE, 1.0)


class Ear(Protocol):
    """What the loop needs of `skill.hearing.listener.Listener`."""

    def heard(self) -> Iterator[Heard]: ...

    def reset(self) -> None: ...


class Assistant:
    """Understands and answers; keeps the conversation in memory only, and forgets it after a while without a word.

    weeks: of pregnancy, as the settings say; what she tells in a conversation goes before it.
    attention: what of all that is heard counts as said to it; None: everything, as what is typed.
    """

    def __init__(
        self,
        interpreter: Interpreter,
        responder: Responder,
        clock: Callable[[], float] = time.monotonic,
        weeks: int | None = None,
        attention: Attention | None = None,
    ) -> None:
        self._interpreter = interpreter
        self._weeks = weeks
        self._responder = responder
        self._clock = clock
        self.attention = attention
        self._conversation = Conversation()
        self._last_turn = clock()
        self._open_seconds = CONVERSATION_SECONDS
        self._danger: tuple[float, Reply, Conversation] | None = None  # when the last danger line was said, and how the talk then stood
        self._level_db: float | None = None  # how loud she speaks with whom it talks; and who spoke last
        self._last_level_db: float | None = None
        self._usual = UsualLevel()
        self._half_heard = HalfHeard()

    def take_turn(self, transcript: Transcript) -> Turn:
        """What was heard → what is to be said; nothing is spoken here."""
        spoken_seconds = transcript.end_seconds - transcript.start_seconds + transcript.compute_seconds
        now = self._standing(spoken_seconds, transcript.level_db)
        heard_at = time.monotonic()
        call = self.attention.called(transcript) if self.attention else None
        understanding = self._understand(transcript, call)
        understood_at = time.monotonic()
        meant, reply = self._reply(understanding, call, now, transcript.confidence)
        answered_at = time.monotonic()
        seconds = {
            "hear": transcript.compute_seconds,
            "understand": understood_at - heard_at,
            "answer": answered_at - understood_at,
        }
        return Turn(transcript, meant, reply, seconds)

    def _standing(self, spoken_seconds: float = 0.0, level_db: float | None = None) -> Standing:
        """How the talk stood so long ago, when what was said began; what nobody went on with is forgotten."""
        pause_seconds = self._clock() - self._last_turn - spoken_seconds
        self._last_level_db = level_db
        further = is_further(level_db, self._level_db)
        now = standing(self._conversation, pause_seconds, self._open_seconds, further)
        if now is Standing.CLOSED and pause_seconds > self._open_seconds:
            self.forget()
        return now

    def _understand(self, transcript: Transcript, call: Call | None) -> Understanding:
        """What was said behind the wake phrase; but a danger that only shows in the whole counts too."""
        whole = self._interpreter.interpret(transcript)
        behind = self._interpreter.interpret(call.behind) if call and call.behind else None
        return behind if behind and behind.tier >= whole.tier else whole

    def _reply(self, understanding: Understanding, call: Call | None, now: Standing, confidence: float) -> tuple[Understanding, Reply]:
        """What of it was meant for the assistant, and the answer to that."""
        if call and now is Standing.CLOSED:
            self._conversation = replace(self._conversation, talking=True)
        if call and call.behind is None and understanding.tier is Tier.NONE:
            return Understanding(understanding.text), self._listens(now)
        meant = understanding if call else self._meant_for_it(understanding, now, confidence)
        if meant is None:
            return Understanding(understanding.text), Reply()
        if self.attention and self.attention.begins_anew(meant, now):
            self._conversation = Conversation(weeks=self._conversation.weeks, talking=call is not None)
        return meant, self._answer(meant, call)

    def _meant_for_it(self, understanding: Understanding, now: Standing, confidence: float) -> Understanding | None:
        if self.attention is None:
            return understanding
        began_db = self._level_db if self._level_db is not None else self._usual.level_db
        meant = self.attention.meant_for_it(understanding, now, confidence, far=is_further(self._last_level_db, began_db))
        if meant is None and self._half_heard.is_said_again(understanding, confidence, self._clock()):
            return understanding
        return meant

    def _answer(self, understanding: Understanding, call: Call | None) -> Reply:
        """What is ours, or answers what it asked, keeps the conversation open; the talk of the room does not."""
        missed = self._conversation.missed
        if self._conversation.weeks is None:
            self._conversation = replace(self._conversation, weeks=self._weeks)
        reply, self._conversation = self._responder.respond(understanding, self._conversation)
        if reply.tier > Tier.NONE:
            self._danger = None if reply.discreet else (self._clock(), reply, self._conversation)
        was_woken = self._open_seconds != CONVERSATION_SECONDS
        if understanding.is_ours or call or was_woken or self._conversation.missed <= missed:
            self._renew(CONVERSATION_SECONDS)
            self._usual.answered(self._level_db)
        return reply

    def _listens(self, now: Standing) -> Reply:
        """The tone; what she says next counts."""
        self._renew(WOKEN_SECONDS if now is Standing.CLOSED else CONVERSATION_SECONDS)
        return Reply(effects=(Effect.LISTEN,))

    def _renew(self, open_seconds: float) -> None:
        self._last_turn = self._clock()
        self._open_seconds = open_seconds
        self._level_db = self._last_level_db

    def after_silence(self, seconds: int) -> Reply:
        """What to say when nobody has spoken for so long: an urgent line once more, else nothing.

        It is her silence that counts. In the talk of a room the line was said again minutes later, into her next question.
        """
        hers = max(seconds, self._clock() - self._last_turn)
        if seconds < LULL_SECONDS or hers < REPEAT_AFTER_SECONDS:
            return Reply()
        reply, self._conversation = self._responder.silence(self._conversation)
        return reply

    def use(self, interpreter: Interpreter, responder: Responder, attention: Attention | None) -> None:
        """Go on with these, in the same conversation. Called between two turns."""
        self._interpreter, self._responder, self.attention = interpreter, responder, attention

    def set_weeks(self, weeks: int | None) -> None:
        """weeks: of pregnancy, as the settings say from now on."""
        self._weeks = weeks
        self._conversation = replace(self._conversation, weeks=weeks)

    def called(self) -> Reply:
        """It was called without words: the tone, and what she says next counts."""
        now = self._standing()
        if now is Standing.CLOSED:
            self._conversation = replace(self._conversation, talking=True)
        return self._listens(now)

    def asked_again(self) -> Reply:
        """The last danger line once more, and with it its question; where there was none lately, what help there is."""
        self._standing()
        if self._danger is None or self._clock() - self._danger[0] > DANGER_KEPT_SECONDS:
            return self._answer(Understanding("", (HELP,)), None)
        _, reply, self._conversation = self._danger
        self._renew(CONVERSATION_SECONDS)
        return replace(reply, effects=())

    def judge(self, transcript: Transcript) -> Cut:
        """What is said into its own speech: danger and control words count, and what is surely a question for it, but not while it first
        says what to do in danger. The room's talk is left alone.
        """
        understanding = self._interpreter.interpret(transcript)
        self._last_level_db = transcript.level_db
        meant = self._meant_for_it(understanding, Standing.CLOSED, transcript.confidence)
        if understanding.tier > Tier.NONE:
            return Cut.ANSWER if meant else Cut.NOTHING
        first = understanding.matches[0] if understanding.matches else None
        if first is None or first.certainty is not Certainty.SURE:
            return Cut.NOTHING
        if first.label == "control.stop":
            return Cut.SILENCE
        asks = self.attention is not None and meant is not None and not self._conversation.urgent
        return Cut.ANSWER if first.label in CUT_IN or asks else Cut.NOTHING

    def stopped(self) -> None:
        """She made it silent in the middle: what is urgent stays so, and is said once more after a while, in few words."""
        self._conversation = self._responder.stopped(self._conversation)

    def begin(self) -> None:
        """Begin a conversation in which she is known to speak to it, as when she types: what is not understood is answered too."""
        self._conversation = Conversation(talking=True)

    def forget(self) -> None:
        """Begin a new conversation."""
        self._conversation = Conversation()
        self._open_seconds = CONVERSATION_SECONDS
        self._level_db = None

    def converse(self, ear: Ear, mouth: Mouth, on_turn: Callable[[Turn], None], on_other: Callable[[Heard], None]) -> None:
        """Listen and answer until the sound ends. on_turn: before each reply is spoken; on_other: partial readings and silence."""
        for heard in ear.heard():
            answered: Heard | None = heard
            while answered is not None:
                reply = self._reply_to(answered, mouth, on_turn, on_other)
                answered = self._say(reply, ear, mouth) if not reply.is_silent or reply.effects else None

    def _reply_to(self, heard: Heard, mouth: Mouth, on_turn: Callable[[Turn], None], on_other: Callable[[Heard], None]) -> Reply:
        if isinstance(heard, Transcript):
            turn = self.take_turn(heard)
            on_turn(turn)
            return turn.reply
        if isinstance(heard, Quiet):
            return self.after_silence(heard.seconds)
        if isinstance(heard, Woken):
            return self.called()
        if isinstance(heard, AskedAgain):
            return self.asked_again()
        if isinstance(heard, Speaking):
            mouth.prepare()
        else:
            on_other(heard)
        return Reply()

    def _say(self, reply: Reply, ear: Ear, mouth: Mouth) -> Transcript | None:
        """Say it; what was said into it and has to be answered now."""
        began = self._clock()
        to_its_end = mouth.say(reply)
        if not mouth.interruption.keeps_hearing:
            ear.reset()
        self._last_turn += self._clock() - began  # while it speaks nobody need answer it: that is no pause of hers
        cut_in = mouth.interruption.heard()
        if not to_its_end and mouth.was_stopped and cut_in is None:
            self.stopped()
        return cut_in
