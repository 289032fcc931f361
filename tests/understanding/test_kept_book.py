"""The intents that are kept from start to start: the same book, never one of other files, and no harm where the file is damaged."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from skill.errors import IntentError
from skill.understanding.intents import IntentBook, load_intents
from skill.understanding.kept_book import load_kept_intents
from tests.knowledge import ENGLISH, short_intents


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return short_intents(tmp_path / "intents")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def kept_file(cache: Path) -> Path:
    (path,) = cache.iterdir()
    return path


def shoes_say(book: IntentBook) -> str:
    answer = book.intents["relief.shoes"].answer
    assert answer is not None
    return answer.say


def test_what_was_kept_is_the_same_book_as_what_was_read(book: IntentBook, cache: Path) -> None:
    for _ in range(2):
        again = load_kept_intents(ENGLISH, cache)
        assert again == book
        assert list(again.intents) == list(book.intents)
        assert list(again.lines) == list(book.lines)


def test_the_second_start_takes_the_kept_book(folder: Path, cache: Path) -> None:
    """Words that stand in the kept file alone, with a checksum that fits, are what it then says."""
    load_kept_intents(folder, cache)
    path = kept_file(cache)
    key, _, text = path.read_bytes().split(b"\n", 2)
    changed = text.replace(b"Flat shoes", b"Kept shoes")
    assert changed != text
    path.write_bytes(b"\n".join((key, hashlib.blake2b(changed).hexdigest().encode(), changed)))
    assert "Kept shoes" in shoes_say(load_kept_intents(folder, cache))


def test_an_edited_file_is_read_even_where_size_and_time_are_the_same(folder: Path, cache: Path) -> None:
    load_kept_intents(folder, cache)
    path = folder / "relief.shoes.yaml"
    before = path.stat()
    path.write_text(path.read_text().replace("Flat shoes", "FLAT SHOES"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert "FLAT SHOES" in shoes_say(load_kept_intents(folder, cache))


@pytest.mark.parametrize("edit", ["remove", "add", "lines"])
def test_files_that_come_go_or_are_shared_count_too(folder: Path, cache: Path, edit: str) -> None:
    load_kept_intents(folder, cache)
    shoes, lines = folder / "relief.shoes.yaml", folder / "shared" / "lines.yaml"
    if edit == "remove":
        shoes.unlink()
    elif edit == "add":
        text = shoes.read_text().partition("people_say:")[0].replace("relief.shoes", "relief.clogs")
        (folder / "relief.clogs.yaml").write_text(f"{text}people_say:\n  - may i wear clogs\n")
    else:
        lines.write_text(lines.read_text().replace("I am listening", "I am all ears"))
    assert load_kept_intents(folder, cache) == load_intents(folder)


def test_a_mistake_is_told_at_each_start_and_never_kept(folder: Path, cache: Path) -> None:
    load_kept_intents(folder, cache)
    good = kept_file(cache).read_bytes()
    path = folder / "relief.shoes.yaml"
    path.write_text(path.read_text().replace("tier: none", "tier: soon"))
    for _ in range(2):
        with pytest.raises(IntentError, match=r"relief\.shoes\.yaml.*'soon' is not a tier"):
            load_kept_intents(folder, cache)
    assert kept_file(cache).read_bytes() == good


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: b"",
        lambda whole: whole[:-100],
        lambda whole: whole[:5_000] + b"\x00" * 4_096 + whole[9_096:],
        lambda whole: b"\xff" * len(whole),
        lambda whole: whole.replace(b"Flat shoes", b"Flat shows"),
    ],
    ids=["empty", "torn", "a hole", "rubbish", "a letter"],
)
def test_a_damaged_file_costs_only_time_and_is_made_anew(folder: Path, cache: Path, damage: Callable[[bytes], bytes]) -> None:
    read = load_kept_intents(folder, cache)
    path = kept_file(cache)
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert load_kept_intents(folder, cache) == read
    assert kept_file(cache).read_bytes() == whole


def test_where_nothing_can_be_written_it_reads_each_time(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert load_kept_intents(folder, tmp_path / "file" / "cache") == load_intents(folder)
