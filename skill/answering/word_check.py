"""The word check: every spoken line, as it will be heard, against the rules for its words (`shared/words.yaml`, and the limits below).

What a formula can see is little: "If you do not go to the hospital now it is okay" scores grade 3.8, "Go now." scores -3 (AHRQ and CMS warn
that such formulas know nothing of sense). So the grade is one rule of several, and people must read the lines all the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from skill.answering.words import Words
from skill.messages import Line, Pace
from skill.stop_words import stop_words_in
from skill.understanding.intents import Part

MOST_GRADE = 5.5
# The formula was made for passages: one word more or less moves "Is water coming from your vagina?" by two grades. What is shorter than
# this is a question or a name within an answer, and only must not hold a word of too many syllables.
FEWEST_WORDS_GRADED = 9
MOST_SYLLABLES_OF_A_WORD = 4
MOST_WORDS_A_SENTENCE = 15
MOST_SECONDS = 28.0
# What the voices are set to, pauses between the sentences included.
WORDS_A_MINUTE = {Pace.ORDINARY: 130, Pace.DANGER: 120}

_WORD = re.compile(r"[a-z]+(?:['\u2019][a-z]+)*", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_NO_SPEECH_SIGN = re.compile(r"\d[\d.,:/]*|[^a-zA-Z\s.,?!:;'\u2019-]|(?<![a-zA-Z])-|-(?![a-zA-Z])")
_FIGURE = re.compile(r"[\d\u00b5\u03bc]")
_SHORT_FORM = re.compile(r"\b(?:[A-Z]{2,}|(?:[A-Za-z]\.){2,}|[b-df-hj-np-tv-xzB-DF-HJ-NP-TV-XZ]{2,})(?![a-zA-Z])")
# A section and something in it ("section 2 row 8", "section 3 Disclaimer", "section 1 [2]"), or an address.
_SOURCE = re.compile(r"\bsection \d+,? ?(?:[A-Za-z(]|\[\d)|https?://\w[\w-]*\.\w")
NOTHING_MEDICAL = "says nothing medical"


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach of one rule. words: those at fault, where it is words. remedy: what to do."""

    rule: str
    words: tuple[str, ...]
    remedy: str

    def __str__(self) -> str:
        shown = "".join(f', "{words}"' for words in self.words)
        return f"{self.rule}{shown}: {self.remedy}"


class WordCheck:
    """syllables: counts those of one sentence as it is spoken."""

    def __init__(self, words: Words, syllables: Callable[[str], int]) -> None:
        self._words = words
        self._syllables = syllables

    def problems(self, spoken: Iterable[tuple[Part, Line]]) -> list[str]:
        """Every breach in every line, placeholders filled in, as sentences with file, line, key, rule, words and what to do; each once."""
        problems: dict[tuple[str, Finding], str] = {}
        for part, line in spoken:
            place = part.place if part.say == line.text else f'{part.place}, heard as "{line.text}"'
            problems |= {(part.place, finding): f"{place}: {finding}" for finding in self.findings(line, part.source)}
        return list(problems.values())

    def findings(self, line: Line, source: str) -> tuple[Finding, ...]:
        """Every breach in one line and in the note of where it comes from."""
        dose = self._words.dose.found_in(line.text)
        return (
            *self._too_hard(line.text),
            *_long_sentences(line.text),
            *self._banned(line.text),
            *_beside_dose((*_no_words(line.text), *self._short_forms(line.text)), dose),
            *_of_list("dose", dose, "no dose is ever spoken, in figures or in words; send her to a nurse, doctor or pharmacist"),
            *_of_list("promise", self._words.promise.found_in(line.text), "nobody can know that; take it out, or say when to go for care"),
            *_of_list("blame", self._words.blame.found_in(line.text), "it blames her; say what to do now"),
            *self._reassures(line.text),
            *_of_list("stop word", stop_words_in(line.text), "it would make itself silent in the middle; say it in other words"),
            *_too_long(line),
            *_no_source(source),
        )

    def _too_hard(self, text: str) -> Iterator[Finding]:
        words = words_of(text)
        longest = max(words, key=self._syllables, default="")
        if len(words) >= FEWEST_WORDS_GRADED:
            grade = reading_grade(text, self._syllables)
            if grade > MOST_GRADE:
                remedy = f"the grade is {grade:.1f}, at most {MOST_GRADE} is understood; take shorter words or shorter sentences"
                yield Finding("too hard", (longest,), remedy)
        elif longest and self._syllables(longest) > MOST_SYLLABLES_OF_A_WORD:
            yield Finding("too hard", (longest,), "the word is too long for so short a line; take a shorter one")

    def _banned(self, text: str) -> Iterator[Finding]:
        for entry, instead in self._words.banned.values():
            yield from _of_list("banned word", entry.found_in(text), f"say instead: {instead}")

    def _short_forms(self, text: str) -> Iterator[Finding]:
        found = (*(found[0] for found in _SHORT_FORM.finditer(text)), *self._words.abbreviations.found_in(text))
        return _of_list("short form", found, "a voice stumbles on it; write it out, or say it otherwise")

    def _reassures(self, text: str) -> Iterator[Finding]:
        found = () if self._words.care.found_in(text) else self._words.reassuring.found_in(text)
        remedy = 'say in the same answer when to go for care, like "If you bleed, go to a hospital now."'
        return _of_list("calms and does not say when to go", found, remedy)


def reading_grade(text: str, syllables: Callable[[str], int]) -> float:
    """Flesch-Kincaid grade of the whole text (Kincaid and others, 1975); -15.59 for a text without words."""
    sentences = sentences_of(text)
    words = len(words_of(text))
    if not words:
        return -15.59
    return 0.39 * words / len(sentences) + 11.8 * sum(map(syllables, sentences)) / words - 15.59


def heard_seconds(line: Line) -> float:
    """How long the line is heard, at the pace that the voices are set to."""
    return len(words_of(line.text)) * 60 / WORDS_A_MINUTE[line.pace]


def sentences_of(text: str) -> list[str]:
    """Where the voice pauses; only what holds a word."""
    return [sentence for sentence in _SENTENCE_END.split(text) if _WORD.search(sentence)]


def words_of(text: str) -> list[str]:
    return _WORD.findall(text)


def _of_list(rule: str, found: Iterable[str], remedy: str) -> Iterator[Finding]:
    words = tuple(dict.fromkeys(found))
    if words:
        yield Finding(rule, words, remedy)


def _beside_dose(findings: Iterable[Finding], dose: Collection[str]) -> Iterator[Finding]:
    """Without the figures and units of a dose: whoever read that they must be written as words would do so."""
    units = {word for words in dose for word in words.split()}
    for finding in findings:
        kept = [word for word in finding.words if not (dose and (_FIGURE.search(word) or word.lower() in units))]
        yield from _of_list(finding.rule, kept, finding.remedy)


def _no_words(text: str) -> Iterator[Finding]:
    found = (found[0] for found in _NO_SPEECH_SIGN.finditer(text))
    return _of_list("no word", found, "a voice stumbles on figures and signs; write words, as they are spoken")


def _long_sentences(text: str) -> Iterator[Finding]:
    for sentence in sentences_of(text):
        number = len(words_of(sentence))
        if number > MOST_WORDS_A_SENTENCE:
            remedy = f"it has {number} words, at most {MOST_WORDS_A_SENTENCE} are kept in mind; make two of it"
            yield Finding("long sentence", (sentence,), remedy)


def _too_long(line: Line) -> Iterator[Finding]:
    seconds = heard_seconds(line)
    if seconds > MOST_SECONDS:
        remedy = f"it is heard for {seconds:.0f} seconds, at most {MOST_SECONDS:.0f} are listened to; move a part of it under `more`"
        yield Finding("too long to hear", (), remedy)


def _no_source(source: str) -> Iterator[Finding]:
    if not (_SOURCE.search(source) or NOTHING_MEDICAL in source):
        remedy = f'name the section and row that says so, or the address of a page; or, where it is true, write "{NOTHING_MEDICAL}"'
        yield Finding("no source", (source,), remedy)
