from __future__ import annotations

import socket
from pathlib import Path

import pytest

from skill.errors import ModelError
from skill.models.download import CHUNK_BYTES, download
from tests.models.shelf import Offer, Shelf

DATA = bytes(range(256)) * 2000


def fetch(url: str, target: Path, size_bytes: int = len(DATA)) -> list[int]:
    seen: list[int] = []
    download(url, target, size_bytes, seen.append, pause_seconds=0)
    return seen


def test_a_file_arrives_whole_and_progress_ends_at_its_size(shelf: Shelf, tmp_path: Path) -> None:
    seen = fetch(shelf.put("/f", Offer(DATA)), tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == DATA
    assert seen == sorted(seen)
    assert seen[-1] == len(DATA)


def test_after_cuts_it_goes_on_where_it_was(shelf: Shelf, tmp_path: Path) -> None:
    fetch(shelf.put("/f", Offer(DATA, etag='"v1"', cuts=[100_000, 50_000])), tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == DATA
    first, second, third = (int(asked_range.removeprefix("bytes=").rstrip("-") or 0) for asked_range in shelf.ranges)
    assert (first, 100_000 - second < CHUNK_BYTES, second + 50_000 - third < CHUNK_BYTES) == (0, True, True)
    assert [if_range for _, _, if_range in shelf.asked] == ["", '"v1"', '"v1"']


def test_a_later_start_goes_on_with_what_an_earlier_one_left(shelf: Shelf, tmp_path: Path) -> None:
    target = tmp_path / "f"
    target.write_bytes(DATA[:1234])
    fetch(shelf.put("/f", Offer(DATA)), target)
    assert target.read_bytes() == DATA
    assert shelf.ranges == ["bytes=1234-"]


def test_a_server_that_ignores_ranges_is_read_from_the_beginning(shelf: Shelf, tmp_path: Path) -> None:
    target = tmp_path / "f"
    target.write_bytes(b"x" * 1234)
    fetch(shelf.put("/f", Offer(DATA, takes_ranges=False)), target)
    assert target.read_bytes() == DATA


def test_a_server_that_sends_another_part_is_read_from_the_beginning(shelf: Shelf, tmp_path: Path) -> None:
    target = tmp_path / "f"
    target.write_bytes(DATA[:1234])
    fetch(shelf.put("/f", Offer(DATA, shift=7)), target)
    assert target.read_bytes() == DATA
    assert shelf.ranges == ["bytes=1234-", ""]


def test_a_file_that_changed_between_two_tries_comes_whole(shelf: Shelf, tmp_path: Path) -> None:
    old = b"o" * len(DATA)
    url = shelf.put("/f", Offer(old, etag='"old"', cuts=[100_000] + [0] * 10))
    with pytest.raises(ModelError, match="broke off again and again"):
        fetch(url, tmp_path / "f")
    assert set((tmp_path / "f").read_bytes()) == {ord("o")}
    shelf.put("/f", Offer(DATA, etag='"new"'))
    fetch(url, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == DATA


def test_a_file_that_is_there_already_is_not_asked_for_again_and_again(shelf: Shelf, tmp_path: Path) -> None:
    target = tmp_path / "f"
    target.write_bytes(DATA)
    fetch(shelf.put("/f", Offer(DATA)), target)
    assert target.read_bytes() == DATA
    assert len(shelf.asked) == 1


def test_leftovers_longer_than_the_file_are_thrown_away(shelf: Shelf, tmp_path: Path) -> None:
    target = tmp_path / "f"
    target.write_bytes(b"x" * (len(DATA) + 5))
    fetch(shelf.put("/f", Offer(DATA)), target)
    assert target.read_bytes() == DATA


@pytest.mark.parametrize("tells_length", [True, False])
def test_more_than_the_manifest_names_is_refused_and_not_kept(shelf: Shelf, tmp_path: Path, tells_length: bool) -> None:
    url = shelf.put("/f", Offer(DATA, tells_length=tells_length))
    with pytest.raises(ModelError, match="more than the 1000 bytes"):
        fetch(url, tmp_path / "f", size_bytes=1000)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_cuts_without_end_is_given_up_with_a_sentence(shelf: Shelf, tmp_path: Path) -> None:
    url = shelf.put("/f", Offer(DATA, takes_ranges=False, cuts=[10] * 50))
    with pytest.raises(ModelError, match=r"broke off again and again .* Try again later"):
        fetch(url, tmp_path / "f")
    assert len(shelf.asked) < 10


def test_a_refusal_names_address_and_answer(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"/gone answers 404 Not Found"):
        fetch(f"{shelf.address}/gone", tmp_path / "f")


def test_a_machine_that_cannot_be_reached_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/f"
        with pytest.raises(ModelError, match=r"cannot be reached\. Is this machine online"):
            fetch(url, tmp_path / "f")
