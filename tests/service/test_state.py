"""The file behind `status`: real files, real processes, a disk that is full, read-only, or hangs."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from skill.state import SIGN_OF_LIFE_SECONDS, State, StateFile, born_ticks, load_state

PATIENCE_SECONDS = 30.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "made" / "when needed" / "state.json"


def saved(path: Path) -> State:
    state = load_state(path)
    assert state is not None
    return state


def until(happens: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happens():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@contextmanager
def no_room_on_the_disk() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_it_is_at_and_what_it_counted_is_in_the_file(file: Path) -> None:
    state = StateFile(file, least_seconds=0)
    until(lambda: load_state(file))
    assert saved(file).is_running
    assert not saved(file).is_hearing
    state.listening()
    until(lambda: saved(file).is_hearing)
    state.answered(is_danger=False)
    state.answered(is_danger=True)
    state.speaking()
    until(lambda: saved(file).speaking)
    assert (saved(file).answers, saved(file).danger_replies) == (2, 1)
    state.listening()
    until(lambda: not saved(file).speaking)
    state.failed("hearing", "The microphone has stopped giving sound.")
    until(lambda: not saved(file).is_hearing)
    state.listening()
    state.ended()
    assert not saved(file).is_running
    assert saved(file).repaired == {"hearing": 1}
    failure = saved(file).last_failure
    assert failure is not None
    assert (failure.part, failure.what) == ("hearing", "The microphone has stopped giving sound.")


def test_a_part_that_works_counts_as_repaired_only_after_it_failed(file: Path) -> None:
    state = StateFile(file)
    state.recovered("speaking")
    state.failed("speaking", "The speaker failed.")
    state.recovered("speaking")
    state.recovered("speaking")
    state.ended()
    assert saved(file).repaired == {"speaking": 1}
    assert saved(file).broken == ()


def test_the_next_start_counts_on(file: Path) -> None:
    first = StateFile(file)
    first.listening()
    first.answered(is_danger=True)
    first.failed("speaking", "The speaker failed.")
    first.ended()
    before = saved(file)
    StateFile(file).ended()
    after = saved(file)
    assert (after.starts, after.answers, after.danger_replies) == (2, 1, 1)
    assert (after.counted_since, after.last_failure) == (before.counted_since, before.last_failure)
    assert after.broken == ()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"process": 1}', b"\xff\xfe", b"0" * 100_000])
def test_a_damaged_file_is_begun_anew(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    assert load_state(file) is None
    StateFile(file).ended()
    assert saved(file).starts == 1


def test_many_changes_are_few_writes_and_the_last_one_is_kept(file: Path) -> None:
    state = StateFile(file, least_seconds=3_600)
    until(lambda: load_state(file))
    for _ in range(1_000):
        state.answered(is_danger=False)
    assert saved(file).answers == 0  # the hour is not over
    state.ended()
    assert saved(file).answers == 1_000


def test_it_notes_that_it_is_alive_every_few_minutes(file: Path) -> None:
    now = [1_800_000_000.0]
    state = StateFile(file, least_seconds=0, clock=lambda: now[0], steady=lambda: now[0])
    until(lambda: load_state(file))
    began = saved(file).alive_at
    now[0] += SIGN_OF_LIFE_SECONDS - 1
    state.alive()
    now[0] += 1
    state.alive()
    until(lambda: saved(file).alive_at != began)
    assert saved(file).alive_at - began == timedelta(seconds=SIGN_OF_LIFE_SECONDS)
    state.ended()


@pytest.mark.parametrize("harm", ["full", "a file in the folder's place", "hangs"])
def test_a_disk_that_fails_ends_and_delays_nothing(file: Path, harm: str) -> None:
    if harm == "a file in the folder's place":
        file.parent.parent.mkdir()
        file.parent.write_text("no folder")
    elif harm == "hangs":
        file.parent.mkdir(parents=True)
        os.mkfifo(file.with_suffix(".part"))  # opening it to write waits until somebody reads
    began = time.monotonic()
    with no_room_on_the_disk():
        state = StateFile(file, least_seconds=0)
        state.listening()
        for _ in range(100):
            state.answered(is_danger=True)
            state.alive()
        state.failed("speaking", "The speaker failed.")
        state.ended()
    assert time.monotonic() - began < PATIENCE_SECONDS
    assert load_state(file) is None


def test_when_there_is_room_again_it_goes_on(file: Path) -> None:
    with no_room_on_the_disk():
        state = StateFile(file, least_seconds=0)
        state.answered(is_danger=False)
        until(lambda: file.with_suffix(".part").exists())
        time.sleep(0.2)
    state.answered(is_danger=False)
    state.ended()
    assert saved(file).answers == 2


def test_a_device_name_that_is_no_text_is_no_trouble(file: Path) -> None:
    state = StateFile(file)
    state.failed("hearing", 'The microphone "\udce9" cannot be opened. ' + "x" * 10_000)
    state.ended()
    assert file.stat().st_size < 2_000
    assert "cannot be opened" in json.loads(file.read_text())["last_failure"]["what"]


def test_only_the_user_may_look(file: Path) -> None:
    StateFile(file).ended()
    assert file.parent.stat().st_mode & 0o077 == 0


def test_a_process_that_ended_without_a_word_is_not_taken_for_running(file: Path) -> None:
    program = "import sys, time; from pathlib import Path; from skill.state import StateFile; "
    program += "StateFile(Path(sys.argv[1])).listening(); time.sleep(1); print(flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", program, str(file)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout
        process.stdout.readline()
        until(lambda: load_state(file))
        assert saved(file).is_running
        process.kill()
        until(lambda: not saved(file).is_running)  # while it is a zombie too
    assert not saved(file).is_running
    assert not saved(file).is_hearing


def test_another_process_with_the_same_number_is_not_taken_for_it(file: Path) -> None:
    StateFile(file).ended()
    state = saved(file).model_copy(update={"ended": False})
    assert state.is_running
    assert not state.model_copy(update={"born_ticks": state.born_ticks - 1}).is_running


def test_a_process_that_does_not_exist_was_never_born() -> None:
    assert born_ticks(os.getpid()) == born_ticks(os.getpid())
    assert born_ticks(2**22 + 1) is None
