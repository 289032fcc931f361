"""What was right and what was wrong in the hour, and which part was to blame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.home.hearing import AGAIN, Answer
from benchmarks.home.hour import Asked
from benchmarks.understanding.utterances import Utterance
from skill.messages import Tier, Transcript, Understanding

Interpret = Callable[[Transcript], Understanding]

# An utterance that is heard belongs to what she said when they overlap in time; both ends are known to about this.
SLACK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing she said. heard: all that was heard in its time. why: empty when it is right, else what was to blame."""

    asked: Asked
    heard: str
    labels: tuple[str, ...]
    tier: Tier
    why: str = ""


@dataclass(frozen=True, slots=True)
class FalseAnswer:
    """It spoke, and nobody had asked it."""

    answer: Answer
    around: str


@dataclass(frozen=True, slots=True)
class Score:
    verdicts: tuple[Verdict, ...]
    false_answers: tuple[FalseAnswer, ...]

    @property
    def questions(self) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if not verdict.asked.is_danger]

    @property
    def dangers(self) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.asked.is_danger]

    @property
    def false_dangers(self) -> list[FalseAnswer]:
        return [one for one in self.false_answers if one.answer.tier > Tier.NONE]


def score(asked: Sequence[Asked], answers: Sequence[Answer], scene_seconds: float, interpret: Interpret) -> Score:
    """interpret: asked only about what went wrong, to find what was to blame."""
    verdicts = tuple(_verdict(one, answers, interpret) for one in asked)
    false = tuple(
        FalseAnswer(answer, asked[min(int(answer.end_seconds / scene_seconds), len(asked) - 1)].around)
        for answer in answers
        if answer.reply and not any(_overlap(one, answer) for one in asked)
    )
    return Score(verdicts, false)


def _overlap(asked: Asked, answer: Answer) -> bool:
    return answer.start_seconds < asked.end_seconds + SLACK_SECONDS and asked.start_seconds - SLACK_SECONDS < answer.end_seconds


def _verdict(asked: Asked, answers: Sequence[Answer], interpret: Interpret) -> Verdict:
    here = [answer for answer in answers if _overlap(asked, answer) and answer.heard != AGAIN]
    labels = tuple(dict.fromkeys(label for answer in here if answer.reply for label in answer.labels))
    heard = " / ".join(answer.heard for answer in here)
    tier = max((answer.tier for answer in here if answer.reply), default=Tier.NONE)
    why = "" if _is_right(asked.utterance, labels, tier) else _blame(asked, here, answers, interpret)
    return Verdict(asked, heard, labels, tier, why)


def _is_right(said: Utterance, labels: Sequence[str], tier: Tier) -> bool:
    if said.tier > Tier.NONE:
        return tier >= said.tier
    return tier is Tier.NONE and any(label in labels for label in said.labels)


def _blame(asked: Asked, here: Sequence[Answer], answers: Sequence[Answer], interpret: Interpret) -> str:
    """hearing: something else was heard. attention: understood, and not taken as said to it. understanding: the words were right."""
    middle = (asked.start_seconds + asked.end_seconds) / 2
    deaf = [
        one
        for one in answers
        if one.speaks_seconds and one.end_seconds < middle and asked.start_seconds < one.end_seconds + one.speaks_seconds + 1
    ]
    if deaf:
        return f'deaf: it was answering "{deaf[-1].heard}"'
    if not here:
        return "hearing: nothing was heard"
    said = asked.utterance
    as_text = interpret(Transcript(said.text, "typed"))
    if not _is_right(said, as_text.labels, as_text.tier):
        return "understanding: also when it is typed"
    for one in here:
        understood = interpret(Transcript(one.heard, "typed"))
        if _is_right(said, understood.labels, understood.tier) and not one.reply:
            return "attention: understood, but not taken as said to it"
    return "hearing: other words were heard"
