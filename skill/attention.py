"""What it takes as said to it. Pure: between what was understood and what is answered; the clock and the memory are the assistant's.

A danger is never left out, in either way and in every state. For the rest it depends on how the talk stands. In a conversation all that is
heard counts. Outside of one, the open way takes only what is surely ours; with a wake phrase nothing counts but what follows the phrase.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import Enum
from statistics import median

from skill.answering.conversation import NO_STEP, Conversation
from skill.answering.weeks import tells_only_weeks
from skill.messages import Certainty, Match, Tier, Transcript, Understanding
from skill.wake_phrase import WakePhrase

CONVERSATION_SECONDS = 90.0
# So soon after its last word she is told that it did not understand. Later it is more likely the room that talks: measured on an hour at
# home (benchmarks.home), where this was the most frequent answer that nobody had asked for.
AT_ONCE_SECONDS = 10.0
# Who speaks so much more quietly than who began the talk is further away: another person, or a television.
FURTHER_DB = 6.0
# A woman who is asked whether blood fills a pad in one hour goes and looks.
QUESTION_SECONDS = 300.0
# From the tone that answers the phrase to her first word: 8, and 1 for the silence by which the end of her words is known.
WOKEN_SECONDS = 9.0

# The sound of a wake word is known at about its end. A word that begins later than this before it is no part of the wake word.
SECONDS_AROUND_A_WAKE_WORD = 0.15

# Control words that are no part of a conversation: they begin one, or ask for help or for silence.
_COUNT_ALONE = frozenset({"control.help", "control.greet", "control.check", "control.stop", "control.who", "control.repeat"})
_ANSWERS = frozenset({"control.yes", "control.no"})
_MOST_ANSWERING_WORDS = 8

# Probability of the meaning times the recogniser's confidence, measured with benchmarks.home: questions are heard with 0.5 and more there,
# and what is made of the voices in the next room lies below. A danger half understood and half heard is left to her next words.
_LEAST_ALONE = 0.4
_LEAST_IN_A_PAUSE = 0.35
_LEAST_DANGER = 0.25
_SURELY_NOTHING = 0.85
# The same product for who speaks from further away than those it is used to: for questions, answers, and dangers, sure or not.
_LEAST_FAR = 0.65
# Who is in danger and gets no answer says it again.
SAID_AGAIN_SECONDS = 30.0
_USUAL_TURNS = 5


class Standing(Enum):
    """How the talk stands when something is heard.

    WAITING: nobody has spoken to it for a while, but a question about a danger sign is still unanswered. PAUSING: the conversation is
    open, it asked nothing about danger, and nobody went on at once: what it understands counts. FRESH: the same, at once: all counts but
    what is surely talk of the room. OPEN: it has asked something, or was just called: all counts.
    """

    CLOSED = "closed"
    WAITING = "waiting"
    PAUSING = "pausing"
    FRESH = "fresh"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Call:
    """The wake phrase or the wake word was heard. behind: what was said behind it in the same breath; None where it was said alone."""

    behind: Transcript | None


@dataclass(frozen=True, slots=True)
class Attention:
    """phrase: only what follows it counts outside a conversation; None: no phrase is needed (the open way). Where it is a wake word,
    its sound (`Transcript.woken_seconds`) counts as much as its letters.

    not_sure: whole answers that say "I cannot tell", normalised.
    """

    phrase: WakePhrase | None = None
    not_sure: Collection[str] = frozenset()

    def called(self, transcript: Transcript) -> Call | None:
        """Whether it was called by its phrase, or by the sound of its wake word."""
        behind = self.phrase.behind(transcript.text) if self.phrase else None
        if behind is not None:
            return Call(self._cut(transcript, behind) if behind else None)
        return Call(_after_the_sound(transcript)) if transcript.woken_seconds is not None else None

    def meant_for_it(
        self, understanding: Understanding, standing: Standing, confidence: float = 1.0, far: bool = False
    ) -> Understanding | None:
        """What of it counts when it was not called by its phrase; None: it was not said to the assistant.

        confidence: of the recogniser in its words, 0 to 1. The talk of a room is heard badly, and what is made of it is any sentence.
        far: it came from further away than what is usually said to it.
        """
        if far and standing is not Standing.OPEN and not _is_well_heard(understanding, confidence):
            return None
        only_weeks = tells_only_weeks(understanding.text)  # whatever else it is taken for is a mistake, and the responder knows it
        if standing is Standing.OPEN:
            return understanding
        if standing is Standing.FRESH:
            return None if self._is_talk_of_the_room(understanding, only_weeks) else understanding
        if understanding.tier > Tier.NONE and not only_weeks:
            return understanding if _is_danger(understanding, confidence) else None
        if standing is Standing.PAUSING:
            matches = tuple(
                match
                for match in understanding.matches
                if not _is_long_for(match, understanding) and match.score * confidence >= _LEAST_IN_A_PAUSE
            )
            is_for_it = matches or understanding.denied or only_weeks or understanding.text in self.not_sure
            return replace(understanding, matches=matches) if is_for_it else None
        if standing is Standing.WAITING and self._answers(understanding):
            return understanding
        if self.phrase is not None:
            return None
        matches = tuple(
            match
            for match in understanding.matches
            if _counts_alone(match) and not _is_long_for(match, understanding) and match.score * confidence >= _LEAST_ALONE
        )
        return replace(understanding, matches=matches) if matches or only_weeks else None

    def _is_talk_of_the_room(self, understanding: Understanding, only_weeks: bool) -> bool:
        """In the middle of a talk, what the examples surely know as chatter. Who uses a phrase has said that the room is loud, and that
        what she says behind it is for the assistant.
        """
        answers = only_weeks or bool(understanding.denied) or understanding.text in self.not_sure
        return self.phrase is None and not understanding.is_ours and not answers and understanding.nothing >= _SURELY_NOTHING

    def begins_anew(self, understanding: Understanding, standing: Standing) -> bool:
        """Whether what counts has nothing to do with the question that is still open."""
        is_other = understanding.is_ours and understanding.tier is Tier.NONE and not self._answers(understanding)
        return standing is Standing.WAITING and is_other

    def _answers(self, understanding: Understanding) -> bool:
        """Said to an open question, or about it. Short: who tells a story in the room may say "no" in it."""
        if understanding.text in self.not_sure or tells_only_weeks(understanding.text):
            return True
        first = understanding.matches[0] if understanding.matches else None
        said = first is not None and first.certainty is Certainty.SURE and first.label in _ANSWERS | _COUNT_ALONE
        return (said or bool(understanding.denied)) and len(understanding.text.split()) <= _MOST_ANSWERING_WORDS

    def _cut(self, transcript: Transcript, behind: str) -> Transcript:
        assert self.phrase is not None
        others = (replace(other, text=self.phrase.behind(other.text) or "") for other in transcript.alternatives)
        return replace(transcript, text=behind, alternatives=tuple(other for other in others if other.text), words=())


class UsualLevel:
    """How loud those speak whom it answers, as the median of the last few of them; a number in memory, and nothing else of them."""

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=_USUAL_TURNS)

    @property
    def level_db(self) -> float | None:
        """None: it has not answered anybody yet."""
        return median(self._levels) if self._levels else None

    def answered(self, level_db: float | None) -> None:
        if level_db is not None:
            self._levels.append(level_db)


class HalfHeard:
    """Dangers that were heard too badly to be answered; the same one, once more within a short while, is."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    def is_said_again(self, understanding: Understanding, confidence: float, now: float) -> bool:
        """confidence: of the recogniser. now: in seconds."""
        if tells_only_weeks(understanding.text) or not _is_danger(understanding, confidence):
            return False
        labels = [match.label for match in understanding.matches if match.is_danger]
        lately = any(now - self._at[label] <= SAID_AGAIN_SECONDS for label in labels if label in self._at)
        self._at.update(dict.fromkeys(labels, now))
        return lately


def is_further(level_db: float | None, began_db: float | None) -> bool:
    """Whether somebody else speaks, further away than who began the talk. Levels in dB of full scale; None: not known."""
    return level_db is not None and began_db is not None and level_db < began_db - FURTHER_DB


def standing(
    conversation: Conversation, pause_seconds: float, open_seconds: float = CONVERSATION_SECONDS, further: bool = False
) -> Standing:
    """pause_seconds: since something was last said to it or by it. open_seconds: how long the talk stays open without a word. further: it
    is somebody further away who speaks: then only an answer to what was asked counts as in a talk.
    """
    about_danger = conversation.step != NO_STEP or (conversation.yes_leads_to is not Tier.NONE and conversation.action is not Tier.NONE)
    asks = about_danger or conversation.yes_leads_to is not Tier.NONE or bool(conversation.choice)
    if pause_seconds <= open_seconds:
        if further or not (asks or conversation.talking):
            return Standing.WAITING if asks else Standing.CLOSED
        if about_danger or conversation.choice or open_seconds != CONVERSATION_SECONDS:
            return Standing.OPEN
        return Standing.FRESH if pause_seconds <= AT_ONCE_SECONDS else Standing.PAUSING
    return Standing.WAITING if about_danger and pause_seconds <= QUESTION_SECONDS else Standing.CLOSED


def _after_the_sound(transcript: Transcript) -> Transcript | None:
    """What was said behind the wake word, whatever the recogniser made of the word itself; None where nothing was."""
    earliest = (transcript.woken_seconds or 0.0) - SECONDS_AROUND_A_WAKE_WORD
    words = tuple(word for word in transcript.words if word.start_seconds >= earliest)
    if not words:
        return None
    cut = len(transcript.words) - len(words)
    others = (replace(other, text=" ".join(other.text.split()[cut:])) for other in transcript.alternatives)
    text = " ".join(word.text for word in words)
    return replace(transcript, text=text, alternatives=tuple(other for other in others if other.text), words=words)


def _counts_alone(match: Match) -> bool:
    surely = match.certainty is Certainty.SURE
    return surely and (match.label in _COUNT_ALONE or not match.label.startswith("control."))


def _is_well_heard(understanding: Understanding, confidence: float) -> bool:
    return any(match.score * confidence >= _LEAST_FAR for match in understanding.matches)


def _is_danger(understanding: Understanding, confidence: float) -> bool:
    return any(
        match.tier > Tier.NONE and (match.certainty is Certainty.SURE or match.score * confidence >= _LEAST_DANGER)
        for match in understanding.matches
    )


def _is_long_for(match: Match, understanding: Understanding) -> bool:
    """A control word in a long sentence is somebody's talk: "good evening and welcome to the news at six"."""
    return match.label.startswith("control.") and len(understanding.text.split()) > _MOST_ANSWERING_WORDS
