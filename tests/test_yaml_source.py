"""YAML that people edit: what is read, where it stands, and each kind of mistake in one sentence with file, line and key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as some
from pydantic import BaseModel, ConfigDict, Field

from skill import yaml_source
from skill.yaml_source import DEEPEST_NESTING, LARGEST_FILE_BYTES, read_yaml, validate


class Drink(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    name: str = Field(min_length=1)
    spoons: int = 0
    said: list[str] = Field(default=[], min_length=1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "drink.yaml"


def problems(file: Path, content: str | bytes) -> list[str]:
    """What is wrong with a file of this content; each sentence begins with the file's name."""
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    found, sentences = validate(read_yaml(file), Drink)
    assert found is None
    assert sentences
    assert all(sentence.startswith(f"{file}") and "\n" not in sentence for sentence in sentences)
    return sentences


def test_values_and_their_lines(file: Path) -> None:
    file.write_text("# a comment\nname: tea\n\nsaid:\n  - one\n  - {a: 1}\n")
    source = read_yaml(file)
    assert source.problems == ()
    assert source.value == {"name": "tea", "said": ["one", {"a": 1}]}
    assert [source.line_of(where) for where in (("name",), ("said",), ("said", 0), ("said", 1, "a"))] == [2, 4, 5, 6]


def test_the_line_of_something_missing_is_that_of_what_is_around_it(file: Path) -> None:
    file.write_text("\n\nsaid:\n  - one\n")
    assert read_yaml(file).line_of(("said", 7, "source")) == 3


def test_a_byte_order_mark_and_windows_lines_are_no_mistake(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbfname: tea\r\nspoons: 2\r\n")
    found, sentences = validate(read_yaml(file), Drink)
    assert sentences == []
    assert found == Drink(name="tea", spoons=2)


def test_an_unknown_key(file: Path) -> None:
    (sentence,) = problems(file, "name: tea\ncolour: 2\n")
    assert sentence.endswith("line 2, key colour: this key is not known here; check its spelling or take it away")


def test_a_misspelt_key_is_told_once_with_what_was_meant(file: Path) -> None:
    (sentence,) = problems(file, "name: tea\nsppons: 2\n")
    assert sentence.endswith("line 2, key sppons: this key is not known here; did you mean spoons?")
    (sentence,) = problems(file, "Nmae: tea\n")  # not that name is missing as well
    assert sentence.endswith("line 1, key Nmae: this key is not known here; did you mean name?")
    (sentence,) = problems(file, "name: tea\nnmae: tea\n")  # what is there already was not meant
    assert "did you mean" not in sentence


class Bar(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    drinks: list[Drink] | None = None
    named: dict[str, Drink] = {}


@pytest.mark.parametrize(
    ("content", "where", "meant"),
    [
        ("drinks:\n  - name: tea\n    spons: 2\n", "line 3, key drinks item 1 spons", "spoons"),
        ("drinks:\n  - nam: tea\n", "line 2, key drinks item 1 nam", "name"),
        ("named:\n  green:\n    naem: tea\n", "line 3, key named green naem", "name"),
        ("drink: []\n", "line 1, key drink", "drinks"),
    ],
)
def test_a_misspelt_key_further_in(file: Path, content: str, where: str, meant: str) -> None:
    file.write_text(content)
    found, sentences = validate(read_yaml(file), Bar)
    assert found is None
    assert sentences == [f"{file}, {where}: this key is not known here; did you mean {meant}?"]


@pytest.mark.parametrize(
    ("item", "whole"),
    [
        ("my nurse said: drink it", '"my nurse said: drink it"'),
        ("my nurse said:", '"my nurse said"'),
        ("{and hot, name: tea}", '"and hot"'),
    ],
)
def test_a_sentence_that_yaml_takes_apart(file: Path, item: str, whole: str) -> None:
    file.write_text(f"drinks:\n  - name: tea\n  - {item}\n")
    _, (sentence,) = validate(read_yaml(file), Bar)
    assert sentence.startswith(f"{file}, line 3, key drinks item 2: ")
    assert "put the whole text in double quotes" in sentence
    assert sentence.endswith(whole)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("name: 2026-12-01\n", "this must be text, not 2026-12-01; put it in quotes"),
        ("name:\n", "this is empty"),
        ("name:\n  my: tea\n", "put the whole text in double quotes"),
        ("name: tea\nspoons: many\n", "this must be a whole number, not 'many'"),
        ("name: tea\nsaid:\n  -one\n  -two\n", "this must be a list; each sentence starts with two spaces, a dash and a space"),
        ("name: tea\nsaid: []\n", "this list is empty"),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_in_plain_words(file: Path, content: str, what: str) -> None:
    (sentence,) = problems(file, content)
    assert what in sentence


def test_words_where_keys_are_wanted(file: Path) -> None:
    file.write_text("drinks:\n  - tea\n")
    _, (sentence,) = validate(read_yaml(file), Bar)
    assert "item 1: this must hold keys with values" in sentence


def test_texts_over_several_lines_are_known_where_nothing_says_that_they_are_meant_so(file: Path) -> None:
    file.write_text('name: >-\n  a\n  b\nsaid:\n  - one\n    two\n  - "three\n    four"\n  - five\n')
    assert read_yaml(file).folded == {("said", 0), ("said", 1)}


def test_a_missing_key(file: Path) -> None:
    (sentence,) = problems(file, "spoons: 2\n")
    assert "key name: this key is missing" in sentence


def test_a_key_that_stands_twice(file: Path) -> None:
    (sentence,) = problems(file, "name: tea\nspoons: 1\nname: coffee\n")
    assert "line 3, key name: this key stands twice" in sentence


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "true", "False", "NO"])
def test_an_unquoted_yes_or_no_in_a_list(file: Path, word: str) -> None:
    (sentence,) = problems(file, f"name: tea\nsaid:\n  - perhaps\n  - {word}\n")
    assert "line 4, key said item 2" in sentence
    assert f'write "{word}"' in sentence


def test_a_quoted_yes_is_text(file: Path) -> None:
    file.write_text('name: "yes"\nsaid: [\'no\', "on"]\n')
    found, sentences = validate(read_yaml(file), Drink)
    assert sentences == []
    assert found == Drink(name="yes", said=["no", "on"])


def test_an_unquoted_no_is_kept_where_it_is_allowed(file: Path) -> None:
    file.write_text("reviewed: no\nother: no\n")
    source = read_yaml(file, booleans_at=frozenset({"reviewed"}))
    assert source.value["reviewed"] is False
    assert len(source.problems) == 1
    assert "line 2, key other" in source.problems[0]


def test_mistakes_of_the_yaml_and_of_what_it_holds_are_shown_together(file: Path) -> None:
    sentences = problems(file, "nmae: tea\nspoons: many\nsaid:\n  - yes\nspoons: 3\nsaid: []\n")
    for part in ("key nmae", "line 4, key said item 1", "line 5, key spoons", "line 6, key said"):
        assert any(part in sentence for sentence in sentences), part


@pytest.mark.parametrize(
    ("content", "line"), [("name: &a tea\nspoons: *a\n", 1), ("name: tea\nsaid: &all [one]\n", 2), ("name: tea\nspoons: *gone\n", 2)]
)
def test_anchors_and_aliases_are_refused(file: Path, content: str, line: int) -> None:
    (sentence,) = problems(file, content)
    assert f"line {line}: anchors and aliases" in sentence


def test_a_billion_laughs_fill_no_memory(file: Path) -> None:
    lines = ["a0: &a0 [ha, ha]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    (sentence,) = problems(file, "\n".join(lines))
    assert "line 1: anchors" in sentence


@pytest.mark.parametrize("text", ["name: caf\xe9\n".encode("latin-1"), "name: tea\n".encode("utf-16")])
def test_text_that_is_not_utf_8(file: Path, text: bytes) -> None:
    (sentence,) = problems(file, text)
    assert "line 1: the text is not UTF-8" in sentence


def test_the_line_of_text_that_is_not_utf_8(file: Path) -> None:
    (sentence,) = problems(file, b"name: tea\n\nsaid: [\xff]\n")
    assert "line 3" in sentence


@pytest.mark.parametrize("content", ["", "\n\n", "# only a comment\n", "---\n"])
def test_an_empty_file(file: Path, content: str) -> None:
    (sentence,) = problems(file, content)
    assert "empty" in sentence or "must hold keys" in sentence


@pytest.mark.parametrize("content", ["just words\n", "- a\n- list\n", "42\n"])
def test_a_file_without_keys(file: Path, content: str) -> None:
    (sentence,) = problems(file, content)
    assert "must hold keys with values" in sentence


DASH = "each sentence starts with two spaces, a dash and a space"
QUOTES = "put the whole text in double quotes"
# What stands in the file, the line of the mistake, and what must be told of it.
NO_YAML = {
    "quote never closed": ('name: "tea\nspoons: 2\nsaid:\n  - one\n', 1, "a quote opens in this line and is not closed"),
    "quote closed by the next": ('name: tea\nsaid:\n  - "no\n  - one\n  - "yes"\n  - two\n', 3, "a quote opens"),
    "quote closed by an apostrophe": ("name: tea\nsaid:\n  - 'no\n  - i don't\n", 3, "a quote opens"),
    "quote closed in the next key": ('name: "tea\nspoons: "2"\n', 1, "a quote opens"),
    "apostrophe in quotes": ("name: tea\nsaid:\n  - 'i don't know'\n  - one\n", 3, "an apostrophe inside"),
    "apostrophe in brackets": ("said:\n  - {name: 'i don't know', spoons: 1}\n", 2, "an apostrophe inside"),
    "quotes in quotes": ('name: "they call it "tea" here"\n', 1, "leave out those inside"),
    "words behind a quote": ('name: tea\nsaid:\n  - "no" is what i said\n', 3, QUOTES),
    "tab in a list": ("name: tea\nsaid:\n\t- one\n", 3, "a tab"),
    "tab before a key": ("name: tea\n\tspoons: 2\n", 2, "a tab"),
    "tab behind a dash": ("said:\n  -\tone\n", 2, "a tab"),
    "hard space": ("drink:\n\u00a0\u00a0name: tea\n  spoons: 2\n", 2, "type spaces"),
    "words under >- not indented": ("drink:\n  name: >-\n  green tea\n  spoons: 2\n", 3, "under `name` (line 2) must all start further in"),
    "words under >- at the margin": ("drink:\n  name: >-\ngreen tea\n", 3, "under `name` (line 2)"),
    "second line under >-": ("drink:\n  name: >-\n    green\n  tea\n  spoons: 2\n", 4, "under `name` (line 2)"),
    "second line under >- further out": ("drink:\n  name: >-\n    green\n   tea\n", 4, "under `name` (line 2)"),
    "colon in text": ("name: tea: green\n", 1, QUOTES),
    "colon in a second line": ("name: tea\n  green: yes\n", 2, QUOTES),
    "key too far in": ("name: tea\n  spoons: 2\n", 2, "start it in the same column"),
    "key not far enough in": ("drink:\n  name: tea\n spoons: 2\n", 3, "another column"),
    "no space behind the dash": ("said:\n  - one\n  -two three\n  - four\n", 3, f"a space is missing behind the dash; {DASH}"),
    "no dash": ("said:\n  - one\n  two three\n  - four\n", 3, f"the dash is missing; {DASH}"),
    "no dash in the last line": ("said:\n  - one\n  two three\n", 3, f"the dash is missing; {DASH}"),
    "no dash at the margin": ("said:\n  - one\ntwo three\n  - four\n", 3, "two spaces, a dash and a space"),
    "dash too far out": ("said:\n  - one\n - two\n", 3, f"another column than those above; {DASH}"),
    "no dash further in": ("a:\n  said:\n    - one\n    two\n", 4, "starts with four spaces"),
    "star": ("said:\n  * one\n  * two\n", 2, DASH),
    "dot": ("said:\n  - one\n  \u2022 two\n", 3, DASH),
    "no colon": ("name: tea\nspoons 2\nsaid: [a]\n", 2, "no key with a colon and a space"),
    "no space behind the colon": ("name: tea\nspoons:2\nsaid: [a]\n", 2, "write `spoons: 2"),
    "bracket": ("name: [tea\n", 1, "a bracket opens"),
    "bracket in a list": ("said:\n  - {name: tea, said: [a]\n  - two\n", 2, "a bracket opens"),
    "at sign": ("said:\n  - @home\n", 2, "no text may begin with @"),
    "star in a text": ("said:\n  - * home\n", 2, "no text may begin with *"),
    "more than": ("said:\n  - > five\n", 2, "no text may begin with >"),
    "exclamation mark": ("said:\n  - !help me\n", 2, "no text may begin with !"),
    "backslash": ('name: "c:\\d"\n', 1, "a backslash"),
    "second document": ("name: tea\n---\nname: coffee\n", 2, "a line of ---"),
    "end of a document": ("name: tea\n...\nspoons: 2\n", 2, "a line of ..."),
    "signs that YAML forbids": ("name: tea\nsaid: [\x00\x07]\n", 2, "an invisible sign"),
}


@pytest.mark.parametrize("mistake", NO_YAML)
def test_what_is_no_yaml_is_told_in_plain_words_where_it_stands(file: Path, mistake: str) -> None:
    content, line, what = NO_YAML[mistake]
    file.write_text(content, encoding="utf-8")
    sentence, *more = read_yaml(file).problems
    assert more == []
    assert re.match(rf"{re.escape(str(file))}, line {line}[:,]", sentence), sentence
    assert what in sentence
    assert "YAML" not in sentence


@pytest.mark.parametrize("mistake", sorted(set(NO_YAML) - {"signs that YAML forbids"}))
def test_the_reader_in_python_leads_to_the_same_words(file: Path, mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(NO_YAML[mistake][0], encoding="utf-8")
    told = read_yaml(file).problems
    monkeypatch.setattr(yaml_source, "_Loader", yaml.SafeLoader)
    assert read_yaml(file).problems == told


def test_a_mistake_that_we_do_not_know_is_told_in_yamls_own_words(file: Path) -> None:
    (sentence,) = problems(file, "name: tea\n? [a\n")
    assert ", line " in sentence


def test_nothing_under_a_block_is_told_once(file: Path) -> None:
    (sentence,) = problems(file, "name: >-\nspoons: 2\n")
    assert sentence.endswith(
        "line 1, key name: no words stand under `name`; they must all start further in than `name`, by two more spaces"
    )


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "nowhere.yaml", "No such file"), (tmp_path, "directory")):
        (sentence,) = read_yaml(path).problems
        assert sentence.startswith(f"{path}: cannot be read")
        assert reason in sentence


def test_an_enormous_file_is_not_read(file: Path) -> None:
    with file.open("wb") as growing:
        growing.truncate(LARGEST_FILE_BYTES * 1_000)  # sparse: no disk is used
    (sentence,) = read_yaml(file).problems
    assert "larger than 4 MB" in sentence


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting(file: Path, opening: str) -> None:
    (sentence,) = problems(file, "name:\n  " + opening * 50_000)
    assert "nested too deeply" in sentence


def test_ordinary_nesting_is_fine(file: Path) -> None:
    depth = DEEPEST_NESTING - 1
    file.write_text("name: " + "[" * depth + "]" * depth + "\n")
    assert read_yaml(file).problems == ()


@pytest.mark.parametrize(
    "content", ["name: 2026-02-31\n", "name: " + "9" * 5_000 + "\n", "name: !!int x\n", "name: !!python/object:os.system ls\n"]
)
def test_values_that_are_none_stay_text_or_are_refused(file: Path, content: str) -> None:
    file.write_text(content)
    found, sentences = validate(read_yaml(file), Drink)
    assert isinstance(found.name, str) if found else "line 1, key name" in sentences[0]


def test_keys_that_are_no_words(file: Path) -> None:
    (sentence, *_) = problems(file, "name: tea\n? [a, b]\n: 2\n")
    assert "line 2: a key must be a word" in sentence


@settings(max_examples=150, deadline=None)
@given(content=some.binary(max_size=300) | some.text(alphabet="ab:-[]{}&*!|>'\"#%@`, \n\t?~<=\x85\u2028", max_size=80).map(str.encode))
def test_whatever_stands_in_a_file_it_is_read_or_its_mistake_is_named(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "anything.yaml"
    file.write_bytes(content)
    found, sentences = validate(read_yaml(file), Drink)
    assert (found is None) == bool(sentences)
    assert all(sentence.startswith(str(file)) for sentence in sentences)
