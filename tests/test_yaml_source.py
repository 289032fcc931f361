"""YAML that people edit: what is read, where it stands, and each kind of mistake in one sentence with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from pydantic import BaseModel, ConfigDict, Field

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
    (sentence,) = problems(file, "name: tea\nsppons: 2\n")
    assert "line 2, key sppons" in sentence
    assert "not known" in sentence


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
    for part in ("key name: this key is missing", "key nmae", "line 4, key said item 1", "line 5, key spoons", "line 6, key said"):
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


@pytest.mark.parametrize(
    "content",
    ["name: [tea\n", 'name: "tea\n', "name: tea\n  spoons: 2\n", "name: tea\n\tspoons: 2\n", "name: {a: 1\nsaid:\n", "name: tea: green\n"],
)
def test_truncated_or_broken_yaml(file: Path, content: str) -> None:
    (sentence,) = problems(file, content)
    assert "not valid YAML" in sentence
    assert ", line " in sentence


def test_two_documents_in_one_file(file: Path) -> None:
    (sentence,) = problems(file, "name: tea\n---\nname: coffee\n")
    assert "not valid YAML" in sentence


def test_signs_that_yaml_forbids(file: Path) -> None:
    (sentence,) = problems(file, "name: tea\x00\x07\n")
    assert "not valid YAML" in sentence


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
