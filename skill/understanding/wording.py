"""One normaliser for what people write in YAML and for what a recogniser prints, so that both meet in the same words."""

from __future__ import annotations

import re
import unicodedata

LONGEST_TEXT = 2_000  # characters; a minute of fast talk has about 1,200. What lies beyond is cut: it is no utterance

_APOSTROPHES = str.maketrans(dict.fromkeys("\u2019\u2018\u02bc`\u00b4\uff07", "'"))
_NOT_WORDS = re.compile(r"[^a-z0-9' ]+")
_LOOSE_APOSTROPHE = re.compile(r"(?<![a-z0-9])'+|'+(?![a-z0-9])")
_PLAIN = re.compile(r"[a-z]+(?:'[a-z]+)*(?: [a-z]+(?:'[a-z]+)*)*")
_NUMBER = re.compile(r"[0-9]+")
# Dropped g's and leading-apostrophe words are put back before loose apostrophes are taken away.
_DROPPED_G = re.compile(r"\b(?!(?:pain|again|skin|relaxin|vitamin|aspirin)')([a-z]{2,}in)'(?![a-z0-9'])")
_ONE_WORD = {
    "pre eclampsia": "preeclampsia",
    "hair line": "hairline",
    "o k": "ok",
    "okay": "ok",
    "gonna": "going to",
    "wanna": "want to",
    "gotta": "got to",
    "labor": "labour",
    "color": "colour",
    "can not": "cannot",
}
_REPLACED = re.compile(r"\b(" + "|".join(sorted(map(re.escape, _ONE_WORD), key=len, reverse=True)) + r")\b")
# Numbers to call and to dial are said digit by digit; a recogniser prints them as figures.
_DIALLED = frozenset({"911", "999", "112", "111", "000", "115", "119", "108", "1122", "192"})
_UNITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["_", "_", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def normalise(text: str) -> str:
    """Lower case, plain letters, digits as words, no punctuation but inner apostrophes, single spaces.

    Total: any text gives a text (perhaps an empty one), in time linear in its length.
    """
    text = text[:LONGEST_TEXT]
    if _PLAIN.fullmatch(text):  # nearly every example: each start reads tens of thousands
        return _REPLACED.sub(lambda found: _ONE_WORD[found[1]], text)
    if not text.isascii():  # asked first: thousands of examples are read at every start
        text = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES))
        text = "".join(char for char in text if not unicodedata.combining(char))
    text = _DROPPED_G.sub(r"\1g", text.replace("`", "'").lower())
    text = _NUMBER.sub(lambda found: f" {_figures(found[0])} ", text)
    text = _LOOSE_APOSTROPHE.sub(" ", _NOT_WORDS.sub(" ", text))
    text = " ".join(text.split())
    return _REPLACED.sub(lambda found: _ONE_WORD[found[1]], text)


def digit_words(figures: str) -> str:
    """A number as it is dialled: "112" → "one one two"."""
    return " ".join(_UNITS[int(figure)] for figure in figures)


def _figures(figures: str) -> str:
    return digit_words(figures[:12]) if figures in _DIALLED or len(figures) > 4 else number_words(int(figures))


def number_words(number: int) -> str:
    """0 to 9,999 as people say it: 38 → "thirty eight"."""
    if number >= 1000:
        rest = number % 1000
        return f"{_UNITS[number // 1000]} thousand" + (f" {number_words(rest)}" if rest else "")
    if number >= 100:
        rest = number % 100
        return f"{_UNITS[number // 100]} hundred" + (f" {number_words(rest)}" if rest else "")
    if number >= 20:
        return _TENS[number // 10] + (f" {_UNITS[number % 10]}" if number % 10 else "")
    return _UNITS[number]
