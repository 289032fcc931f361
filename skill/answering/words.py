"""The words that spoken lines are held to: `shared/words.yaml` → `Words`. The file itself says how its entries are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from skill.errors import IntentError
from skill.understanding.wording import number_words
from skill.yaml_source import read_yaml, validate

FILE = "words.yaml"
_NUMBER_WORDS = sorted({*(number_words(number) for number in range(1, 100)), "hundred", "thousand", "half"}, reverse=True)
_NUMBER = rf"(?:{'|'.join(_NUMBER_WORDS)}|\d+(?:[.,/]\d+)*)"
_ENTRY = re.compile(r"[a-z\u00b5\u03bc]+(?:'[a-z]+)*\*?|<number>")  # with the two signs for micro, as in \u00b5g
_FIGURES_AND_UNIT = re.compile(r"(\d)([a-z\u00b5\u03bc])")
# Commas do not part what belongs together ("go, and get checked"); the end of a sentence does.
_BETWEEN = "[ ,]+"
_SHORT_FORMS = (
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"\bcan't\b"), "cannot"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"'m\b"), " am"),
    (re.compile(r"\b(it|that|there|what|everything|all)'s\b"), r"\1 is"),
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _ListFile(_Strict):
    words: list[str] = Field(min_length=1)
    unless: list[str] = []

    @field_validator("words", "unless")
    @classmethod
    def _written_as_told(cls, entries: list[str]) -> list[str]:
        return [_checked(entry) for entry in entries]


class _WordsFile(_Strict):
    banned: dict[str, str] = Field(min_length=1)
    abbreviations: _ListFile
    dose: _ListFile
    promise: _ListFile
    blame: _ListFile
    reassuring: _ListFile
    care: _ListFile

    @field_validator("banned")
    @classmethod
    def _written_as_told(cls, entries: dict[str, str]) -> dict[str, str]:
        return {_checked(entry): instead for entry, instead in entries.items()}


@dataclass(frozen=True, slots=True)
class WordList:
    """Entries to look for in a text, and those that are allowed all the same."""

    words: re.Pattern[str]
    unless: re.Pattern[str] | None = None

    def found_in(self, text: str) -> tuple[str, ...]:
        """What of the list stands in the text, as it stands there in plain form, each once."""
        plain = plain_text(text)
        if self.unless is not None:
            plain = self.unless.sub(";", plain)
        return tuple(dict.fromkeys(found[0] for found in self.words.finditer(plain)))


@dataclass(frozen=True, slots=True)
class Words:
    """banned: what must not be said → what to say instead. care: what sends to care."""

    banned: Mapping[str, tuple[WordList, str]]
    abbreviations: WordList
    dose: WordList
    promise: WordList
    blame: WordList
    reassuring: WordList
    care: WordList


def load_words(folder: Path) -> Words:
    """folder: of one language. Raises IntentError with every mistake of the file."""
    found, problems = validate(read_yaml(folder / "shared" / FILE), _WordsFile)
    if found is None:
        raise IntentError(problems)
    lists = {name: _word_list(getattr(found, name)) for name in _WordsFile.model_fields if name != "banned"}
    return Words(banned={entry: (WordList(_pattern([entry])), instead) for entry, instead in found.banned.items()}, **lists)


def plain_text(text: str) -> str:
    """Small letters, straight apostrophes, short forms written out, single spaces: "You'll  take 5mg" → "you will take 5 mg"."""
    plain = " ".join(text.lower().replace("\u2019", "'").split())
    plain = _FIGURES_AND_UNIT.sub(r"\1 \2", plain)
    for short_form, long_form in _SHORT_FORMS:
        plain = short_form.sub(long_form, plain)
    return plain


def _checked(entry: str) -> str:
    if not entry.strip() or not all(_ENTRY.fullmatch(token.removesuffix(".")) for token in entry.replace(",", " ").split()):
        raise ValueError(f"{entry!r} cannot be looked for; write small letters, a star for any ending, <number> for a number word")
    if any(token.endswith(".") for token in entry.split()[:-1]):
        raise ValueError(f"{entry!r} has a full stop inside; it may only stand at the end")
    return entry


def _word_list(given: _ListFile) -> WordList:
    return WordList(_pattern(given.words), _pattern(given.unless) if given.unless else None)


def _pattern(entries: Iterable[str]) -> re.Pattern[str]:
    # The longest first, so that what is shown is as much as belongs together.
    alternatives = [_expression(entry) for entry in sorted(entries, key=len, reverse=True)]
    return re.compile(rf"(?<![a-z'])(?:{'|'.join(alternatives)})")


def _expression(entry: str) -> str:
    plain = plain_text(entry)
    tokens = [_token(token) for token in plain.removesuffix(".").replace(",", " ").split()]
    ending = r"\.(?=\s|$)" if plain.endswith(".") else r"(?![a-z'])"
    return _BETWEEN.join(tokens) + ending


def _token(token: str) -> str:
    if token == "<number>":
        return _NUMBER
    return re.escape(token.removesuffix("*")) + ("[a-z']*" if token.endswith("*") else "")
