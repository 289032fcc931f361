"""How many weeks pregnant she says she is: "i'm ten weeks", "twenty six weeks along", "four months"."""

from __future__ import annotations

import re

from skill.understanding.intent_files import MOST_WEEKS
from skill.understanding.wording import number_words

_WEEKS_A_MONTH = 4
_MOST_MONTHS = 9
_NUMBERS = {number_words(number): number for number in range(1, MOST_WEEKS + 1)}
_NUMBER = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_SELF = r"(?:i am|i'm|im|i be|she is|she's|we are|we're|my wife is)"
_ABOUT = r"(?:now|about|only|just|nearly|almost|already|like)"
_AFTER = r"(?:pregnant|along|gone|far along|expecting)"
_ELSE = (
    r"(?:ago|old|apart|early|late|left|to go|away|off|over|overdue|past|after|from|before|until|since|into|post|postpartum|in pain|sick)"
)
# "Two weeks now" or "about two weeks" alone tell how long a pain has lasted, so a number counts only beside her or her pregnancy.
_SAID = (
    re.compile(rf"\b{_SELF} (?:pregnant )?(?:{_ABOUT} )*({_NUMBER}) (weeks?|months?)\b(?! {_ELSE}\b)"),
    re.compile(rf"\b({_NUMBER}) (weeks?|months?) (?:now )?{_AFTER}\b"),
    re.compile(rf"^({_NUMBER}) (weeks?|months?)$"),
)
_ONLY = re.compile(
    rf"^(?:(?:yes|no|well|so|and|but|hello|hi|oh|um|actually|{_SELF}(?: pregnant)?|{_ABOUT}) )*"
    rf"(?:(?:{_NUMBER}) (?:weeks?|months?))(?: (?:{_AFTER}|{_ABOUT}|today|tomorrow|with my (?:first|second|third)))*$"
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


def tells_only_weeks(text: str) -> bool:
    """text: normalised. Nothing but the weeks was said, so whatever else it seems to mean is a mistake."""
    return weeks_in(text) is not None and _ONLY.match(text) is not None
