"""The wake phrase: whether words are fit to be one, and whether what was heard begins with it. Pure.

How much may be garbled was measured on "hello back care" in twelve synthetic voices, clean and with household noise (Whisper tiny.en:
"hello back here", "hello mac care", "the low back care"), against 36,000 other sentences, most of them of people with back pain. By
letters alone "hello take care" is as near as "hello back here"; by the sounds of the consonants it is not. So what differs in a letter
or two is taken, and what differs more only where its consonants sound the same.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from skill.understanding.wording import normalise

LEAST_WORDS, MOST_WORDS = 2, 6
LEAST_SYLLABLES = 3
# difflib's ratio of the letters: alone, and where the consonants sound the same.
LIKE = 0.88
LIKE_IN_SOUND = 0.77
# A recogniser joins words ("hello backcare") and splits them ("hello back to care").
WORDS_MORE_OR_LESS = 1
_MOST_FILLERS = 2
_FILLERS = frozenset({"oh", "um", "uh", "er", "ah", "hm", "so", "and", "ok", "hey", "well", "yes"})
_MOST_TIMES = 3
_PUNCTUATION = re.compile(r"[-,.!?]+")
_NOT_OF_A_PHRASE = re.compile(r"[^a-z' ]")
_SYLLABLE = re.compile(r"[aeiouy]+")
_SILENT_E = re.compile(r"(?<=[aeiouy])([^aeiouyl])e$")
# Consonants made at the same place in the mouth count as the same: b, p, m; k, g; t, d. Vowels are what recognisers confuse most.
_SOUND_OF = {
    **dict.fromkeys("bpmfv", "b"),
    **dict.fromkeys("kgqc", "k"),
    **dict.fromkeys("szjx", "s"),
    **dict.fromkeys("td", "t"),
    **{letter: letter for letter in "lnr"},
}


def problem_with(phrase: str) -> str:
    """Why these words are not fit to be a wake phrase, and what to write instead; empty where they are."""
    words = _words(phrase)
    if _NOT_OF_A_PHRASE.search(" ".join(words)) or not all(normalise(word) for word in words):
        return "write the wake phrase in plain letters, a to z"
    if not LEAST_WORDS <= len(words) <= MOST_WORDS:
        return f"write a wake phrase of {LEAST_WORDS} to {MOST_WORDS} words: one word alone comes up in any talk"
    if sum(map(_syllables, words)) < LEAST_SYLLABLES:
        return f"write a wake phrase of at least {LEAST_SYLLABLES} syllables: a shorter one is heard in any talk"
    return ""


@dataclass(frozen=True, slots=True)
class WakePhrase:
    """text: as the settings have it; fit by `problem_with`."""

    text: str

    @property
    def words(self) -> tuple[str, ...]:
        """As a recogniser's vocabulary would hold them."""
        return _words(self.text)

    def behind(self, heard: str) -> str | None:
        """What was said behind the phrase, empty where it was said alone; None where `heard` does not begin with it."""
        words = normalise(heard).split()
        found = False
        for _ in range(_MOST_TIMES):  # "hello back care … hello back care": she tried again
            length = self._length(words)
            if not length:
                break
            found = True
            words = words[length:]
        return " ".join(words) if found else None

    def _length(self, words: list[str]) -> int:
        """How many of these words are the phrase, what stands before it included; 0 where they do not begin with it."""
        for start in range(_MOST_FILLERS + 1):
            if not _FILLERS.issuperset(words[:start]):
                break
            most = min(len(words) - start, len(self.words) + WORDS_MORE_OR_LESS)
            likeness = {length: self._likeness(words[start : start + length]) for length in range(1, most + 1)}
            if likeness and (best := max(likeness, key=likeness.__getitem__)) and likeness[best]:
                return start + best
        return 0

    def _likeness(self, words: list[str]) -> float:
        """0 to 1; 0 for what is not near enough."""
        heard, wanted = _letters(words), _letters(normalise(self.text).split())
        ratio = difflib.SequenceMatcher(None, heard, wanted, autojunk=False).ratio()
        near = ratio >= LIKE or (ratio >= LIKE_IN_SOUND and _sounds(heard) == _sounds(wanted))
        return ratio if near else 0.0


def _words(phrase: str) -> tuple[str, ...]:
    return tuple(_PUNCTUATION.sub(" ", phrase.lower()).split())


def _letters(words: list[str]) -> str:
    return "".join(words).replace("'", "")


def _sounds(letters: str) -> str:
    """The consonants, each by its kind, the same ones in a row once: "hello back care" → "lbkr"."""
    letters = re.sub(r"c(?=[eiy])", "s", letters.replace("th", "t"))
    sounds = "".join(_SOUND_OF.get(letter, "") for letter in letters)
    return re.sub(r"(.)\1+", r"\1", sounds)


def _syllables(word: str) -> int:
    return max(1, len(_SYLLABLE.findall(_SILENT_E.sub(r"\1", word))))
