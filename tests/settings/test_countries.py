"""Emergency numbers: right, sourced, and never read by YAML as another number."""

from __future__ import annotations

from pathlib import Path

import pytest

from skill.answering.countries import load_countries
from skill.errors import IntentError
from skill.settings import Settings

GOOD = 'GB:\n  number: "999"\n  name: the United Kingdom\n  source: "somebody, 2026"\n'


def mistakes(path: Path) -> tuple[str, ...]:
    with pytest.raises(IntentError) as caught:
        load_countries(path)
    return caught.value.problems


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "countries.yaml"


def test_the_numbers_are_those_for_which_a_source_was_found() -> None:
    countries = load_countries(Settings().storage.countries_file)
    assert {code: country.number for code, country in countries.items()} == {
        "AU": "000",
        "BD": "999",
        "BR": "192",
        "EU": "112",
        "GB": "999",
        "GH": "112",
        "ID": "119",
        "IN": "112",
        "NG": "112",
        "NZ": "111",
        "PH": "911",
        "PK": "1122",
        "US": "911",
        "VN": "115",
        "ZA": "112",
    }


def test_every_country_names_its_source_and_says_how_old_it_is() -> None:
    for country in load_countries(Settings().storage.countries_file).values():
        assert "http" in country.source
        assert "not dated" in country.source or any(str(year) in country.source for year in range(2010, 2030)), country.code


def test_a_country_holds_what_its_file_says(file: Path) -> None:
    file.write_text(GOOD + '  caution: "ask\n    first"\n')
    (country,) = load_countries(file).values()
    assert (country.code, country.number, country.name) == ("GB", "999", "the United Kingdom")
    assert (country.source, country.caution) == ("somebody, 2026", "ask first")
    file.write_text(GOOD)
    assert load_countries(file)["GB"].caution is None


def test_countries_cannot_be_changed(file: Path) -> None:
    file.write_text(GOOD)
    with pytest.raises(TypeError):
        load_countries(file)["GB"] = None  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("AU:\n  number: 000\n  name: Australia\n  source: x\n", 2, "put it in quotes"),
        ('AU:\n  number: "0o0"\n  name: Australia\n  source: x\n', 2, "is not an emergency number"),
        ('AU:\n  number: "112 or 999"\n  name: Australia\n  source: x\n', 2, "is not an emergency number"),
        ('AU:\n  number: "١١٢"\n  name: Australia\n  source: x\n', 2, "is not an emergency number"),
        ('AU:\n  number: "000"\n  name: Australia\n', 1, "key AU source: this key is missing"),
        ('AU:\n  number: "000"\n  name: Australia\n  source: " "\n', 4, "this is empty"),
        (GOOD + "  caution:\n", 5, "this is empty"),
        (GOOD + "  sauce: x\n", 5, "this key is not known here"),
        (GOOD.replace("GB", "Britain"), 1, "'Britain' is not a country's code"),
        (GOOD + GOOD, 5, "this key stands twice"),
        ("GB: 999\n", 1, "key GB"),
        ("- GB\n", 1, "the file must hold keys with values"),
        ("", None, "the file is empty"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_line(file: Path, text: str, line: int | None, says: str) -> None:
    file.write_text(text, encoding="utf-8")
    (found,) = mistakes(file)
    assert found.startswith(f"{file}, line {line}" if line else str(file))
    assert says in found


def test_every_mistake_is_named_at_once(file: Path) -> None:
    file.write_text("Gb:\n  number: 999\n  name: Britain\nIN:\n  number: ''\n  name: India\n  source: x\n")
    found = mistakes(file)
    assert len(found) == 4  # the code, its unquoted number, its missing source, the empty number


def test_a_missing_file_is_named(file: Path) -> None:
    (found,) = mistakes(file)
    assert found.startswith(f"{file}: cannot be read")
