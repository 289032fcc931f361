"""Decides what she means: the danger screen and the learned view vote, danger first. Pure: same transcript, same understanding."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from skill.messages import TYPED, Certainty, Match, Tier, Transcript, Understanding
from skill.understanding.intents import NOTHING_OF_OURS, Example, IntentBook
from skill.understanding.learned import Learned, Opinion, blended
from skill.understanding.other_machines import OtherMachines
from skill.understanding.screen import DangerScreen, Said, Sign
from skill.understanding.wording import normalise

_LONGEST_WORDS = 60  # the tail of a longer ramble is judged in clauses all the same
_MOST_PIECES = 8
_MOST_READINGS = 4
_LEAST_LIKELY = 0.01
_LEAST_CLAUSE_WORDS = 3
_COURTESY = frozenset({"control.greet", "control.thanks"})
_LONGEST_COURTESY_WORDS = 4
_TRACE = 0.05
_TRACE_OF_DANGER = 0.15
# Where a question begins behind something else: "i am bleeding should i lie down".
_QUESTION_BEGINS = re.compile(
    r"\s(?=(?:should|can|could|may|shall|must|do|is it|what|which|how|where) (?:i|she|we|it|is|to|can|should|do|ok|safe)\b)"
)


_QUESTION_WORDS = ("what", "which", "how", "where", "when", "why", "who")

# A short denial without one of these is a plain one; "not proper bleeding just smears" is none.
_PLAIN_DENIAL_WORDS = 7
_TAKES_BACK = frozenset(
    {"just", "only", "but", "though", "yet", "still", "proper", "properly", "much", "enough", "really", "more", "sure", "know"}
    | {"stop", "stopped", "stopping", "except", "normal", "like"}
)


def _question_apart(clause: str) -> list[str]:
    """ "i am bleeding should i lie down" in two; "what pillow should i use" is one question."""
    return [clause] if clause.startswith(_QUESTION_WORDS) else _QUESTION_BEGINS.split(clause)


def _plainly(text: str) -> bool:
    """Short, and with nothing in it that takes a denial back."""
    words = text.split()
    return len(words) <= _PLAIN_DENIAL_WORDS and not _TAKES_BACK & set(words)


def _substance(understanding: Understanding) -> tuple[Tier, bool]:
    """How much there is to answer: how serious, and whether anything is more than a word to the assistant."""
    return understanding.tier, any(not label.startswith("control.") for label in understanding.labels)


def _other_readings(text: str, transcript: Transcript) -> list[tuple[str, float]]:
    """What else the same sound may have been, and how likely. text: the reading that is judged, normalised."""
    found = {normalise(other.text): other.confidence for other in reversed(transcript.alternatives)}
    likeliest = sorted(found.items(), key=lambda other: -other[1])
    return [(reading, likely) for reading, likely in likeliest if reading and reading != text and likely > 0][:_MOST_READINGS]


def _denied_only(signs: Iterable[Sign]) -> frozenset[str]:
    """Labels that she denied and reported nowhere."""
    reported = {sign.label for sign in signs if sign.said is Said.REPORTED}
    return frozenset(sign.label for sign in signs if sign.said is Said.DENIED) - reported


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Probabilities at which a decision tips; measured with benchmarks/understanding. Missing a danger counts worse than a false alarm.

    danger: the examples alone. danger_with_sign: where the screen found a reported sign too. Both are more than the words can reach where
    the encoder sees no danger at all ("thirty nine minutes" on a timer has the words of contractions). sure: said as a fact, not as "if".
    clause: one clause alone, where the screen found a reported sign in it, however harmless the rest ("thank you but my waters broke").
    surely_danger: whatever else the words look like.
    second_danger, second_question: a further meaning in the same breath. question: something of ours at all;
    clause_question: in one clause alone. nothing_weighs: how much chatter counts against what is ours and no danger.
    """

    danger: float = 0.20
    danger_with_sign: float = 0.155
    sure: float = 0.60
    clause: float = 0.90
    surely_danger: float = 0.90
    second_danger: float = 0.25
    nothing_weighs: float = 1.0
    question: float = 0.30
    second_question: float = 0.30
    clause_question: float = 0.60
    alternative: float = 0.70


# What a recogniser made of her words is never as plain as what is typed: small words are wrong, so a danger shows less, and everything
# looks more like chatter. Measured with `benchmarks.understanding --speech`.
HEARD = Thresholds(danger=0.18, danger_with_sign=0.155, question=0.15, nothing_weighs=0.4)
# But one word alone, and no example: nothing around it says that it was heard rightly ("flooring" out of talk in the room).
HEARD_WORD = replace(HEARD, danger=0.50)
# Without the encoder the words are all there is, and they are sure of more than they know.
WORDS_ALONE = Thresholds(danger=0.18, danger_with_sign=0.155)


class _Pieces:
    """What the examples say of a sentence and of its clauses. A clause is judged when it is asked for: that is what costs time.

    at: the thresholds that hold for it. readings: what else the same sound may have been, and how likely each is: the whole is judged by
    all of them, for a word that is wrong in one is often right in another.
    """

    def __init__(
        self, learned: Learned, at: Thresholds, whole: str, clauses: Sequence[str], readings: Sequence[tuple[str, float]] = ()
    ) -> None:
        self.at = at
        self.clauses = clauses
        self._learned = learned
        self._known: dict[str, Opinion] = {}
        opinions = [self.of(whole), *(self.of(reading) for reading, _ in readings)]
        best = max(_LEAST_LIKELY, 1.0 - sum(likely for _, likely in readings))
        self.whole = blended(opinions, [likely**0.5 for likely in (best, *(likely for _, likely in readings))])

    def of(self, piece: str) -> Opinion:
        if piece not in self._known:
            self._known[piece] = self._learned.opinion(piece)
        return self._known[piece]


class ExampleInterpreter:
    """The Interpreter (skill.stages) that learns from the examples in the YAML."""

    def __init__(
        self,
        book: IntentBook,
        screen: DangerScreen,
        learned: Learned,
        other_machines: OtherMachines,
        thresholds: Thresholds | None = None,
    ) -> None:
        """thresholds: for all that is said; without them those that fit how it was said."""
        self._book = book
        self._screen = screen
        self._other_machines = other_machines
        self._learned = learned
        self._thresholds = thresholds
        self._exact = {example.plain: example for example in book.examples}

    def interpret(self, transcript: Transcript) -> Understanding:
        text = normalise(transcript.text)
        if not text:
            return Understanding(text)
        whole = self._judged(text, transcript)
        rest = self._behind_courtesy(text)
        if rest:
            without = self._judged(rest, transcript)
            if _substance(without) > _substance(whole):
                return replace(without, text=text)
        return whole

    def _behind_courtesy(self, text: str) -> str:
        """What follows a greeting or thanks: "hello my baby is coming" is no greeting. Empty where nothing of some length follows."""
        words = text.split()
        for length in range(min(_LONGEST_COURTESY_WORDS, len(words) - _LEAST_CLAUSE_WORDS), 0, -1):
            said = self._exact.get(" ".join(words[:length]))
            if said is not None and said.labels[0] in _COURTESY:
                return " ".join(words[length:])
        return ""

    def _judged(self, text: str, transcript: Transcript) -> Understanding:
        if text in self._exact:
            matches = self._in_so_many_words(text, self._exact[text])
            return Understanding(text, matches, nothing=0.0 if matches else 1.0)
        signs = self._screen.look(text)
        denied = tuple(sorted({sign.label for sign in signs if sign.said is Said.DENIED}))
        readings = _other_readings(text, transcript)
        pieces = _Pieces(self._learned, self._thresholds_for(text, transcript), *self._pieces(text), readings)
        if self._is_for_another_machine(text, signs, pieces):
            return Understanding(text, (), denied, nothing=1.0)
        plainly_denied = _denied_only(signs) if _plainly(text) else frozenset()
        dangers = [match for match in self._dangers(pieces, text, signs) if match.label not in plainly_denied]
        if not dangers:
            dangers = self._misheard(readings, pieces)
        questions = self._questions(pieces, bool(dangers))
        found = sorted(dangers, key=lambda match: (-match.tier, -match.score)) + questions
        still_denied = tuple(label for label in denied if label not in {match.label for match in dangers})
        return Understanding(text, tuple(found), still_denied, pieces.whole.labels[NOTHING_OF_OURS])

    def _thresholds_for(self, text: str, transcript: Transcript) -> Thresholds:
        if self._thresholds is not None:
            return self._thresholds
        if self._learned.encoder is None:
            return WORDS_ALONE
        if transcript.recogniser == TYPED:
            return Thresholds()
        return HEARD if " " in text else HEARD_WORD

    def _is_for_another_machine(self, text: str, signs: Iterable[Sign], pieces: _Pieces) -> bool:
        """ "lights on the ground floor off": the examples know its small words from what happens to bodies, and are not asked."""
        is_danger = pieces.whole.danger >= pieces.at.surely_danger or any(sign.said is Said.REPORTED for sign in signs)
        return not is_danger and self._other_machines.asked(text)

    def _in_so_many_words(self, text: str, example: Example) -> tuple[Match, ...]:
        """Somebody wrote down what this very sentence means: that counts, whatever the other examples say."""
        tiers = {label: self._book.intents[label].tier for label in example.labels} | {example.labels[0]: example.tier}
        matches = []
        for label in sorted(tiers, key=lambda label: -tiers[label]):
            if label == NOTHING_OF_OURS:
                continue
            others = [other for other in tiers if other != label and other.startswith("danger.")]
            tier = max(tiers[label], self._screen.raised(label, others, text)) if label.startswith("danger.") else Tier.NONE
            matches.append(Match(label, tier, Certainty.SURE, 1.0, ("said in so many words",)))
        return tuple(sorted(matches, key=lambda match: -match.tier))

    def _pieces(self, text: str) -> tuple[str, list[str]]:
        """The whole, and its clauses where there are several of some length."""
        parts = (part for clause in self._screen.clauses(text) for part in _question_apart(clause))
        clauses = [part for part in parts if len(part.split()) >= _LEAST_CLAUSE_WORDS]
        return " ".join(text.split()[:_LONGEST_WORDS]), clauses[:_MOST_PIECES] if len(clauses) > 1 else []

    # --- danger ---------------------------------------------------------------------------------------------------------

    def _dangers(self, pieces: _Pieces, text: str, signs: Iterable[Sign]) -> list[Match]:
        reported = {sign.label: sign for sign in signs if sign.said is Said.REPORTED}
        whole, clauses = pieces.whole, self._clauses_that_count(pieces)
        likely = max([whole.danger, *(0.8 * clause.danger for clause in clauses)])
        if likely < (pieces.at.danger_with_sign if reported else pieces.at.danger):
            return []
        scores = self._danger_scores(whole, clauses, reported)
        best = max(scores.values())
        chosen = [label for label, score in scores.items() if score == best or score >= pieces.at.second_danger]
        return [self._danger(label, scores[label], chosen, text, pieces, reported.get(label), likely) for label in chosen]

    def _clauses_that_count(self, pieces: _Pieces) -> list[Opinion]:
        if pieces.whole.danger > _TRACE_OF_DANGER:
            return [pieces.of(clause) for clause in pieces.clauses]
        reporting = (clause for clause in pieces.clauses if any(sign.said is Said.REPORTED for sign in self._screen.look(clause)))
        return [opinion for opinion in map(pieces.of, reporting) if opinion.danger >= pieces.at.clause]

    def _danger_scores(self, whole: Opinion, clauses: list[Opinion], reported: dict[str, Sign]) -> dict[str, float]:
        """A clause counts for a label only where the screen found it reported, or the whole sentence has a trace of it: "my back hurts"
        beside a bleeding is no second sign.
        """
        scores = {}
        for label in (label for label in whole.labels if label.startswith("danger.")):
            counted = clauses if label in reported or whole.labels[label] >= _TRACE else []
            learned = max([whole.labels[label], *(0.8 * clause.labels[label] for clause in counted)])
            scores[label] = min(1.0, learned + (0.2 if label in reported and learned > 0.02 else 0.0))
        return scores

    def _danger(self, label: str, score: float, chosen: list[str], text: str, pieces: _Pieces, sign: Sign | None, likely: float) -> Match:
        intent = self._book.intents[label]
        starts_at = self._screen.starts_at.get(label, intent.tier)
        others = [other for other in chosen if other != label]
        tier = max(starts_at, pieces.whole.tiers.get(label, Tier.NONE), self._screen.raised(label, others, text))
        sure = likely >= pieces.at.sure
        evidence = [f"examples: {label} {score:.2f}, any danger {likely:.2f}"]
        evidence += [f"screen: {sign.words!r} {sign.said.value}"] if sign else []
        evidence += [f"tier raised from {starts_at.word} to {tier.word}"] if tier > starts_at else []
        return Match(label, tier, Certainty.SURE if sure else Certainty.UNSURE, score, tuple(evidence))

    def _misheard(self, readings: Iterable[tuple[str, float]], pieces: _Pieces) -> list[Match]:
        """A danger in another reading of the same sound is never passed over: it is spoken of with "if"."""
        for reading, _ in readings:
            opinion = pieces.of(reading)
            signs = {sign.label: sign for sign in self._screen.look(reading) if sign.said is Said.REPORTED}
            label = max((name for name in opinion.labels if name.startswith("danger.")), key=opinion.labels.__getitem__)
            if label in signs and opinion.danger >= pieces.at.alternative:
                evidence = (f"another reading: {reading!r}", f"screen: {signs[label].words!r}")
                return [Match(label, self._book.intents[label].tier, Certainty.UNSURE, opinion.labels[label], evidence)]
        return []

    # --- questions and control -------------------------------------------------------------------------------------------

    def _questions(self, pieces: _Pieces, beside_danger: bool) -> list[Match]:
        whole = pieces.whole
        ours = {label: value for label, value in whole.labels.items() if label != NOTHING_OF_OURS and not label.startswith("danger.")}
        label = max(ours, key=ours.__getitem__)
        matches = []
        nothing = pieces.at.nothing_weighs * whole.labels[NOTHING_OF_OURS]
        enough = max(pieces.at.question, nothing) if not beside_danger else pieces.at.second_question
        if ours[label] >= enough or (not beside_danger and sum(ours.values()) > max(0.5, nothing)):
            matches.append(self._question(label, ours[label]))
        if matches or beside_danger:
            self._add_further(matches, whole.labels, ours, pieces.at.second_question)
            for clause in pieces.clauses:
                self._add_further(matches, pieces.of(clause).labels, ours, pieces.at.clause_question)
        if any(not match.label.startswith("control.") for match in matches) or beside_danger:
            matches = [match for match in matches if not match.label.startswith("control.")]
        return matches[:2]

    def _add_further(self, matches: list[Match], labels: Mapping[str, float], ours: Container[str], enough: float) -> None:
        """Whatever else is asked in the same breath."""
        for label, value in labels.items():
            if value >= enough and label in ours and not label.startswith("control.") and label not in {match.label for match in matches}:
                matches.append(self._question(label, value))

    @staticmethod
    def _question(label: str, score: float) -> Match:
        certainty = Certainty.SURE if score >= 0.5 else Certainty.UNSURE
        return Match(label, Tier.NONE, certainty, score, (f"examples: {label} {score:.2f}",))
