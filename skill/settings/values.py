"""What the value of a setting may be. Each function here takes what was written and gives the value as it is used, or makes one that does.

A value that will not do raises ValueError with a clause that says what to write, not a sentence: file, line and key are put before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from skill.wake_phrase import problem_with

UNKNOWN = "unknown"
LONGEST_TEXT = 80
LONGEST_PATH = 1000
DEFAULT_WAKE_PHRASE = "hello back care"
# The words that pyopen-wakeword has models of.
WAKE_WORDS = ("alexa", "hey jarvis", "hey mycroft", "hey rhasspy", "okay nabu")


def _shown(given: object) -> str:
    if given is None:
        return "nothing"
    return repr(given) if len(repr(given)) <= LONGEST_TEXT else repr(given)[: LONGEST_TEXT - 3] + "..."


def number(low: float, high: float) -> Callable[[object], float]:
    def check(given: object) -> float:
        try:
            value = float(given)  # type: ignore[arg-type]  # whatever cannot become a number raises here
        except (TypeError, ValueError, OverflowError):
            value = float("nan")
        if isinstance(given, bool) or not low <= value <= high:  # NaN is within no bounds
            raise ValueError(f"write a number from {low} to {high} with a point, like {(low + high) / 2:.1f}, not {_shown(given)}")
        return value

    return check


def whole_number(low: int, high: int, otherwise: str = "") -> Callable[[object], int]:
    def check(given: object) -> int:
        written = str(given).strip()
        if isinstance(given, bool) or not re.fullmatch(r"[0-9]{1,9}", written) or not low <= int(written) <= high:
            raise ValueError(f"write a whole number from {low} to {high}{otherwise}, not {_shown(given)}")
        return int(written)

    return check


def text(longest: int = LONGEST_TEXT) -> Callable[[object], str]:
    def check(given: object) -> str:
        if given is None or given == "":
            raise ValueError("this is empty; write something")
        if not isinstance(given, str):
            raise ValueError(f"this must be text, not {_shown(given)}; put it in quotes")
        if not given.isprintable() or not given.strip():
            raise ValueError(f"write it on one line, without special signs, not {_shown(given)}")
        if len(given) > longest:
            raise ValueError(f"this is {len(given)} letters long; write at most {longest}")
        return given.strip()

    return check


def one_of(*words: str) -> Callable[[object], str]:
    def check(given: object) -> str:
        word = str(given).strip().lower()
        if word not in words:
            raise ValueError(f"write {', '.join(words[:-1])} or {words[-1]}, not {_shown(given)}")
        return word

    return check


def wake_phrase(given: object) -> str:
    phrase = str(text()(given))
    if problem := problem_with(phrase):
        raise ValueError(f'{problem}, like "{DEFAULT_WAKE_PHRASE}", not {_shown(given)}')
    return phrase


def wake_word(given: object) -> str:
    word = " ".join(str(given).lower().replace("_", " ").split())
    if word not in WAKE_WORDS:
        raise ValueError(f"write one of {', '.join(WAKE_WORDS)}, not {_shown(given)}")
    return word


def phone_number(given: object) -> str:
    if not isinstance(given, str):
        raise ValueError('put the number in quotes, like "0712 345678": without them a zero at its front is lost')
    if not re.fullmatch(r"\+?[0-9][0-9 ()./-]{1,29}", given.strip()):
        raise ValueError(f'write a phone number in quotes, like "0712 345678", not {_shown(given)}')
    return given.strip()


def country_code(given: object) -> str:
    if not isinstance(given, str) or not re.fullmatch(r"[A-Za-z]{2}", given.strip()):
        raise ValueError(f"write a country's two letters, like IN, or {UNKNOWN}, not {_shown(given)}")
    return given.strip().upper()


def language(given: object) -> str:
    if not isinstance(given, str) or not re.fullmatch(r"[a-z]{2,3}", given.strip()):
        raise ValueError(f"write the name of a folder of the intents folder, like en, not {_shown(given)}")
    return given.strip()


def folder(given: object) -> Path:
    written = text(LONGEST_PATH)(given)
    try:
        path = Path(written).expanduser()
    except RuntimeError as exc:
        raise ValueError(f"there is no home folder for {_shown(written)}; write the whole path, beginning with /") from exc
    if not path.is_absolute():
        raise ValueError(f"write the whole path, beginning with / or ~, not {_shown(written)}")
    return path


def or_unknown(check: Callable[[object], object], unknown: str = UNKNOWN) -> Callable[[object], object]:
    def check_known(given: object) -> object:
        if given is None or (isinstance(given, str) and given.strip().lower() == unknown):
            return None
        return check(given)

    return check_known
