from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from skill.errors import InputError, ModelError
from skill.models import commands
from skill.models.store import ModelStore
from tests.models.shelf import ARCHIVE, Offer, Shelf, manifest_of, model_entry


def run(store: ModelStore, *words: str) -> int:
    parser = argparse.ArgumentParser()
    commands.add_arguments(parser)
    return commands.run(parser.parse_args(words), store)


@pytest.fixture
def store(shelf: Shelf, tmp_path: Path) -> ModelStore:
    """Two recognisers to choose from, the first not to be had at first, and one model that is not needed."""
    manifest = manifest_of(
        best=model_entry({"url": f"{shelf.address}/best.zip"}, purpose="hears best"),
        second=model_entry({"url": shelf.put("/second.zip", Offer(ARCHIVE))}, purpose="hears well"),
        extra=model_entry({"url": shelf.put("/extra.zip", Offer(ARCHIVE))}, serves="tests", needed=False),
    )
    return ModelStore(tmp_path, manifest, retry_seconds=0)


def test_needed_takes_the_next_best_and_says_so(store: ModelStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(store, "fetch", "--needed") == 0
    output = capsys.readouterr()
    assert output.out == "second is ready: hears well\n"
    assert "/best.zip answers 404" in output.err
    assert "try again: script/run models fetch best" in output.err
    assert "second takes its place for now." in output.err
    assert "second: downloading 100 %" in output.err
    assert (store.folder / ".needed").read_text(encoding="utf-8") == "second\n"
    assert not (store.folder / "extra").exists()


def test_needed_takes_the_best_where_it_can_be_had(store: ModelStore, shelf: Shelf) -> None:
    shelf.put("/best.zip", Offer(ARCHIVE))
    assert run(store, "fetch", "--needed") == 0
    assert not (store.folder / "second").exists()
    assert (store.folder / ".needed").read_text(encoding="utf-8") == "best\n"


def test_needed_asks_no_network_when_nothing_is_missing(store: ModelStore, shelf: Shelf) -> None:
    run(store, "fetch", "--needed")
    shelf.asked.clear()
    assert run(store, "fetch", "--needed") == 0
    assert shelf.asked == []


def test_needed_fails_with_every_reason_when_nothing_can_be_had(store: ModelStore, shelf: Shelf) -> None:
    shelf.offers.clear()
    with pytest.raises(ModelError, match=r"/best\.zip answers 404(.|\n)*/second\.zip answers 404"):
        run(store, "fetch", "--needed")
    assert not (store.folder / ".needed").exists()


def test_named_models_are_fetched(store: ModelStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(store, "fetch", "extra", "second") == 0
    assert capsys.readouterr().out.splitlines() == ["extra is ready: a test", "second is ready: hears well"]


def test_an_unknown_name_is_told_before_anything_is_fetched(store: ModelStore, shelf: Shelf) -> None:
    with pytest.raises(InputError, match=r"no model 'nosuch'\. The models are: best, second, extra"):
        run(store, "fetch", "extra", "nosuch")
    assert shelf.asked == []


@pytest.mark.parametrize("words", [["fetch"], ["fetch", "--archive", "x"], ["fetch", "--needed", "extra", "--archive", "x"]])
def test_a_fetch_that_does_not_say_what_is_wrong_use(store: ModelStore, words: list[str]) -> None:
    with pytest.raises(InputError):
        run(store, *words)


def test_an_archive_can_be_brought_by_hand(store: ModelStore, tmp_path: Path) -> None:
    brought = tmp_path / "brought.zip"
    brought.write_bytes(ARCHIVE)
    assert run(store, "fetch", "best", "--archive", str(brought)) == 0
    assert store.path("best") == store.folder / "best"


def test_list_shows_every_model_and_how_it_stands(store: ModelStore, capsys: pytest.CaptureFixture[str]) -> None:
    run(store, "fetch", "second")
    (store.folder / "second" / "conf" / "model.conf").unlink()
    run(store, "fetch", "extra")
    capsys.readouterr()
    for words in (["list"], []):
        assert run(store, *words) == 0
        rows = {line.split("│")[1].strip(): line for line in capsys.readouterr().out.splitlines() if line.startswith("│")}
        assert "not installed" in rows["best"]
        assert "damaged" in rows["second"]
        assert "MIT" in rows["extra"]
        assert "installed" in rows["extra"]
        assert "not installed" not in rows["extra"]


def test_verify_tells_sound_from_damaged_and_fails(store: ModelStore, capsys: pytest.CaptureFixture[str]) -> None:
    run(store, "fetch", "second", "extra")
    file = store.folder / "second" / "conf" / "model.conf"
    file.write_bytes(file.read_bytes().replace(b"r", b"l"))
    capsys.readouterr()
    assert run(store, "verify") == 1
    first, other = capsys.readouterr().out.splitlines()
    assert "second" in first
    assert "conf/model.conf is not as it was" in first
    assert other == "extra: every file is as it should be."
    assert run(store, "verify", "extra") == 0


def test_verify_of_nothing_says_what_to_do(store: ModelStore) -> None:
    with pytest.raises(ModelError, match=r"No model is installed\. Fetch .* script/run models fetch --needed"):
        run(store, "verify")
