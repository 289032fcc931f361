"""What is wrong with a text that is no YAML, in words for people who write sentences and not programs.

YAML's own message names the place where its reader gave up, often lines behind the mistake, and in words of its grammar. Here the lines
around that place are looked at for the mistakes that people make: a quote left open, a forgotten dash, words that are not indented. Pure,
and without a YAML library, whose two readers (in C and in Python) word the same mistake differently.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

IN_QUOTES = "put the whole text in double quotes"
_LINE_END = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")  # those that YAML counts
_BLOCK_HEAD = re.compile(r"\s*(?:- +)?([^\s:#]+): +[>|][-+]?\s*(?:#.*)?")
_KEY = re.compile(r"\s*(?:- +)?[^\s:#'\"]+:(?:\s|$)")
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")


@dataclass(frozen=True, slots=True)
class Quoted:
    """A text in quotes; lines and columns counted from 0, the end is the place behind the closing quote."""

    sign: str
    first_line: int
    last_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Stumble:
    """Where the reader gave up, counted from 0, and why. doing: what it was reading then, begun in the line `began`, as far as it told.

    quoted: the texts in quotes that it could read.
    """

    line: int
    column: int
    why: str
    doing: str = ""
    began: int | None = None
    quoted: tuple[Quoted, ...] = ()

    @property
    def mistaken_line(self) -> int:
        """A word is wrong where it begins; a list or mapping where it cannot go on."""
        return self.began if self.began is not None and self.doing.startswith("while scanning") else self.line


Told = tuple[int, str]


def told_plainly(text: str, stumble: Stumble) -> Told | None:
    """The line of the mistake, counted from 1, and what to do; None where it is none that we know."""
    lines = [*_LINE_END.split(text), ""]
    for look in _LOOKS:
        if told := look(lines, stumble):
            return told[0] + 1, told[1]
    return None


def dash_words(spaces: int) -> str:
    """How a line of a list begins."""
    number = _NUMBERS[spaces] if spaces < len(_NUMBERS) else str(spaces)
    return f"each sentence starts with {number} space{'s' * (spaces != 1)}, a dash and a space"


# --- the mistakes, the surest first: lines, stumble → line, words -------------------------------------------------------------


def _strange_blank(lines: Sequence[str], stumble: Stumble) -> Told | None:
    for at in (stumble.line, stumble.mistaken_line, max(stumble.line - 1, 0)):
        found = re.match(r" *(?:- *)?([^\S ])", _line(lines, at))
        blank = found[1] if found else _line(lines, at)[stumble.column : stumble.column + 1]
        if blank == "\t":
            return at, "a tab stands here; put spaces in its place"
        if found:
            return at, "a blank that is no space stands at the start of this line; type spaces in its place"
    return None


def _open_quote(lines: Sequence[str], stumble: Stumble) -> Told | None:
    words = "a quote opens in this line and is not closed in it; close it at the end of the text"
    if "quoted scalar" in stumble.doing and "escape" not in stumble.why and stumble.began is not None:
        return stumble.began, words
    # It was closed by the next quote, which should have opened a text of its own.
    opened = [one.first_line for one in stumble.quoted if one.first_line < one.last_line == stumble.line]
    return (opened[-1], words) if opened else None


def _behind_a_quote(lines: Sequence[str], stumble: Stumble) -> Told | None:
    for one in stumble.quoted:
        rest = _line(lines, one.last_line)[one.end_column :]
        if one.last_line == stumble.line and rest.strip() and rest.strip()[0] not in ",]}:#":
            if one.sign == "'" and rest[0].isalpha():
                return stumble.line, "an apostrophe inside '\u2026' ends the text; put it in double quotes instead, like \"i don't know\""
            return stumble.line, f"words stand behind a closing quote; {IN_QUOTES} and leave out those inside"
    return None


def _second_document(lines: Sequence[str], stumble: Stumble) -> Told | None:
    ends = [at for at in range(min(stumble.line + 1, len(lines))) if lines[at].rstrip() in ("---", "...")]
    return (
        (ends[-1], f"a line of {lines[ends[-1]].strip()} ends the file here; take it out") if ends and "document" in _all(stumble) else None
    )


def _backslash(lines: Sequence[str], stumble: Stumble) -> Told | None:
    return (stumble.line, "a backslash has a meaning of its own in double quotes; take it out") if "escape" in stumble.why else None


def _block_words(lines: Sequence[str], stumble: Stumble) -> Told | None:
    """Words under `say: >-` that do not stand further in than `say`, or less far in than the words above them."""
    at = stumble.mistaken_line
    line = _line(lines, at)
    if _KEY.match(line) or line.lstrip().startswith("- "):
        return None
    for above in range(at - 1, -1, -1):
        if head := _BLOCK_HEAD.fullmatch(lines[above]):
            directly = not any(map(str.strip, lines[above + 1 : at]))
            if not directly and _indent(line) < _indent(lines[above]):
                return None
            return at, f"the words under `{head[1]}` (line {above + 1}) must all start further in than `{head[1]}`, by two more spaces"
        if lines[above].strip() and _indent(lines[above]) <= _indent(line):
            return None
    return None


def _dash(lines: Sequence[str], stumble: Stumble) -> Told | None:
    at = stumble.mistaken_line
    line = _line(lines, at)
    above = next(
        (lines[before] for before in range(at - 1, -1, -1) if lines[before].strip() and not lines[before].lstrip().startswith("#")), ""
    )
    in_list = above.lstrip().startswith("-")
    spaces = _indent(above) if in_list else 2
    if re.match(r"\s*-[^\s-]", line):
        return at, f"a space is missing behind the dash; {dash_words(spaces)}"
    if re.match(r"\s*[*\u2022\u2013\u2014]", line):
        return at, f"this is another sign than a dash; {dash_words(spaces)}"
    if in_list and re.match(r"\s*-\s", line):
        return at, f"the dash stands in another column than those above; {dash_words(spaces)}"
    if in_list and _indent(line) >= max(spaces, 1):
        return at, f"the dash is missing; {dash_words(spaces)}"
    return None


def _colon_in_text(lines: Sequence[str], stumble: Stumble) -> Told | None:
    if "mapping values" not in stumble.why:
        return None
    line = _line(lines, stumble.line)
    if (key := re.match(r"\s*([^\s:#'\"]+):(?:\s|$)", line)) and key.end(1) == stumble.column:
        what = (
            f"`{key[1]}:` starts further in than the key above; start it in the same column, or, where it belongs to the text, {IN_QUOTES}"
        )
        return stumble.line, what
    return stumble.line, f"a colon with a space behind it has a meaning of its own; {IN_QUOTES}"


def _bracket(lines: Sequence[str], stumble: Stumble) -> Told | None:
    if "flow" not in stumble.doing or stumble.began is None:
        return None
    return (
        stumble.began,
        "a bracket opens in this line and is not closed as it should be; close it, and put text with commas in double quotes",
    )


def _first_sign(lines: Sequence[str], stumble: Stumble) -> Told | None:
    found = re.match(r"\s*(?:- +)?(?:[^\s:#]+: +)?([@`%&*!>|?,\]}])", _line(lines, stumble.mistaken_line))
    kinds = ("next token", "alias", "anchor", "directive", "block scalar", "tag")
    if found and any(kind in stumble.doing for kind in kinds):
        return stumble.mistaken_line, f"no text may begin with {found[1]}; {IN_QUOTES}"
    return None


def _no_colon(lines: Sequence[str], stumble: Stumble) -> Told | None:
    if "expected ':'" not in stumble.why:
        return None
    at = stumble.mistaken_line
    if key := re.match(r"\s*([^\s:]+):(\S)", _line(lines, at)):
        return at, f"a space is missing behind the colon; write `{key[1]}: {key[2]}\u2026`"
    what = "this line is no key with a colon and a space (`tier: none`), and no sentence of a list"
    return at, f"{what} ({dash_words(2).removeprefix('each sentence starts with ')})"


def _column(lines: Sequence[str], stumble: Stumble) -> Told | None:
    if _KEY.match(_line(lines, stumble.line)) and stumble.column == _indent(_line(lines, stumble.line)):
        return stumble.line, "this key starts in another column than the keys above it; start it in the same one"
    return None


_LOOKS: tuple[Callable[[Sequence[str], Stumble], Told | None], ...] = (
    *(_strange_blank, _open_quote, _behind_a_quote, _second_document, _backslash, _bracket, _block_words, _dash),
    *(_colon_in_text, _first_sign, _no_colon, _column),
)


def _line(lines: Sequence[str], at: int) -> str:
    return lines[at] if at < len(lines) else ""


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _all(stumble: Stumble) -> str:
    return f"{stumble.doing} {stumble.why}"
