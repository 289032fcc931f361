"""docs/coverage.md: every statement of the source article is carried by a line that is there, or has a reason why it is not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from skill.understanding.intents import IntentBook
from tests.knowledge import ROOT, book

__all__ = ["book"]

TABLE = ROOT / "docs" / "coverage.md"
SHARED = ROOT.parent / "shared"
REFERENCE_ROWS = set(range(1, 23))
_CARRIED = re.compile(r'`([^`]+)`: "([^"]+)"')
_ROWS = re.compile(r"\brows? (\d+(?:(?:, | and )\d+)*)")


@dataclass(frozen=True)
class Row:
    """number: empty for what the article does not say. carried: part → the words of it that carry the statement."""

    number: str
    quote: str
    carried: tuple[tuple[str, str], ...]
    reason: str

    @property
    def reference_rows(self) -> set[int]:
        return {int(number) for found in _ROWS.finditer(self.reason) for number in re.findall(r"\d+", found[1])}


def table() -> list[Row]:
    rows = []
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 5 and cells[0].isdigit():
            rows.append(Row(cells[0], cells[1].strip('"'), tuple(_CARRIED.findall(cells[3])), cells[4].strip("\u2013")))
        elif line.startswith("| ") and len(cells) == 3 and cells[0] != "what is said":
            rows.append(Row("", "", tuple(_CARRIED.findall(cells[1])), cells[2]))
    return rows


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower().replace("\u2019", "'"))


def test_the_statements_are_numbered_without_a_gap() -> None:
    numbers = [int(row.number) for row in table() if row.number]
    assert len(numbers) > 90
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_line_named_is_there_and_still_says_it(book: IntentBook) -> None:
    parts = {part.key: part.say for intent in book.intents.values() for part in intent.parts}
    wrong = []
    for row in table():
        for key, said in row.carried:
            if key not in parts:
                wrong.append(f"row {row.number or row.reason}: there is no {key}")
            elif said not in parts[key]:
                wrong.append(f"row {row.number or row.reason}: {key} no longer says {said!r}; it says {parts[key]!r}")
    assert wrong == []


def test_what_is_not_carried_says_why_and_where_that_stands() -> None:
    for row in table():
        if not row.carried:
            assert row.reference_rows or re.search(r"\bsection [1-5]\b", row.reason) or row.reason == "states nothing", row
        assert row.reference_rows <= REFERENCE_ROWS, row


def test_every_correction_of_the_reference_was_made() -> None:
    assert set().union(*(row.reference_rows for row in table())) == REFERENCE_ROWS


def test_every_danger_sign_and_every_answer_from_the_article_has_its_place(book: IntentBook) -> None:
    named = {key.split(" ")[0] for row in table() for key, _ in row.carried}
    expected = {
        label for label, intent in book.intents.items() if intent.is_danger or any("source article" in part.source for part in intent.parts)
    }
    assert len(expected) > 40
    assert expected - named == set()


@pytest.fixture(scope="module")
def article() -> list[str]:
    """Its words. Numbered headings of sections are left out."""
    path = SHARED / "source_article.txt"
    if not path.is_file():
        pytest.skip(f"the source article is not here: {path}")
    lines = path.read_text(encoding="utf-8").splitlines()
    return words("\n".join(line for line in lines if not re.match(r"\d\. ", line)))


def test_every_word_of_the_article_is_quoted(article: list[str]) -> None:
    quoted = [False] * len(article)
    missing = []
    place = 0
    for row in table():
        if not row.number:
            continue
        quote = words(row.quote)
        found = next((at for at in range(place, len(article) - len(quote) + 1) if article[at : at + len(quote)] == quote), None)
        if found is None:
            missing.append(f"row {row.number}: {row.quote!r} does not stand in the article after the row before it")
            continue
        quoted[found : found + len(quote)] = [True] * len(quote)
        place = found + len(quote)
    assert missing == []
    unquoted = re.finditer("0+", "".join("1" if word else "0" for word in quoted))
    assert [" ".join(article[gap.start() : gap.end()]) for gap in unquoted] == []


def test_the_reference_has_these_rows() -> None:
    path = SHARED / "clinical_reference.md"
    if not path.is_file():
        pytest.skip(f"the clinical reference is not here: {path}")
    section = path.read_text(encoding="utf-8").partition("\n## 2.")[2].partition("\n## 3.")[0]
    assert {int(found[1]) for found in re.finditer(r"^\| (\d+) \|", section, re.MULTILINE)} == REFERENCE_ROWS


def test_the_table_is_read_as_it_is_written() -> None:
    rows = table()
    assert all(row.quote and (row.carried or row.reason) for row in rows if row.number)
    text = Path(TABLE).read_text(encoding="utf-8")
    assert text.count('`: "') == sum(len(row.carried) for row in rows)
