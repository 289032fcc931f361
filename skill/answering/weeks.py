"""How many weeks pregnant she says she is: "i'm ten weeks", "twenty six weeks along", "four months"."""

from __future__ import annotations

import re

from skill.understanding.wording import number_words

MOST_WEEKS = 43
_WEEKS_A_MONTH = 4
_MOST_MONTHS = 9
_NUMBERS = {number_words(number): number for number in range(1, MOST_WEEKS + 1)}
_NUMBER = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_SELF = r"(?:i am|i'm|im|i be|she is|she's|we are|we're|am|my wife is|now|about|only|just|at)"
_ABOUT = r"(?:now|about|only|just|nearly|almost|already|like)"
_AFTER = r"(?:pregnant|along|gone|far|in|expecting|today|now|tomorrow|yesterday)"
_SAID = (
    re.compile(rf"\b{_SELF} (?:{_ABOUT} )*({_NUMBER}) (weeks?|months?)\b(?! (?:ago|old|apart|early|late|left|to go))"),
    re.compile(rf"\b({_NUMBER}) (weeks?|months?) {_AFTER}\b"),
    re.compile(rf"^({_NUMBER}) (weeks?|months?)$"),
)


def weeks_in(text: str) -> int | None:
    """text: normalised. A month counts as four weeks, so that she is never taken for further on than she is. None: nothing said of it."""
    for pattern in _SAID:
        if found := pattern.search(text):
            number = _NUMBERS[found[1]]
            if found[2].startswith("week"):
                return number
            return number * _WEEKS_A_MONTH if number <= _MOST_MONTHS else None
    return None
