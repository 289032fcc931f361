"""The benchmark of the whole loop: what is missing or broken becomes a row, and what it says it measures is what it measures."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.measuring.processes import cpu_seconds_of, in_own_process, memory_of
from benchmarks.measuring.report import Column, Table, as_json, as_markdown, measured
from benchmarks.measuring.sound import SILENCE_BEFORE_SECONDS, Tap, room_noise, spoken_questions
from tests.virtual_sound import VirtualSoundCard

ROOT = Path(__file__).resolve().parents[2]
TABLE = Table("Speed", (Column("part"), Column("time, s", 1), Column("remark")), (("ear", 0.25, "a|b"), ("mouth",)), ("A note.",))


def test_a_part_that_breaks_becomes_a_row_and_keeps_what_was_measured_before() -> None:
    def tables() -> Iterator[Table]:
        yield TABLE
        raise OSError("the device\nwent away")

    first, second = measured("Idle", tables())

    assert first is TABLE
    assert (second.title, second.rows) == ("Idle", (("not measured", "the device went away"),))


def test_tables_keep_their_shape_where_cells_are_missing_or_hold_markdown() -> None:
    assert as_markdown([TABLE]).splitlines()[2:6] == [
        "| part | time, s | remark |",
        "| --- | ---: | --- |",
        "| ear | 0.2 | a/b |",
        "| mouth |  |  |",
    ]
    assert as_json([TABLE])[0]["rows"] == [
        {"part": "ear", "time, s": 0.25, "remark": "a|b"},
        {"part": "mouth", "time, s": None, "remark": None},
    ]


def test_work_in_its_own_process_may_hang_crash_fail_and_print(capfd: pytest.CaptureFixture[str]) -> None:
    assert in_own_process(os.getpid, timeout_seconds=60) != os.getpid()
    with pytest.raises(TimeoutError, match="within"):
        in_own_process(time.sleep, 60, timeout_seconds=0.5)
    with pytest.raises(RuntimeError, match="code 3"):
        in_own_process(os._exit, 3, timeout_seconds=60)
    with pytest.raises(RuntimeError, match="No such file"):
        in_own_process(os.listdir, "/no/such/folder", timeout_seconds=60)
    in_own_process(os.system, "echo printed by a library", timeout_seconds=60)
    assert "printed" not in capfd.readouterr().out


def test_cost_and_memory_count_the_processes_that_a_process_started() -> None:
    busy = "bytes(50_000_000); any(False for _ in iter(int, 1))"
    command = [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"]
    with subprocess.Popen(command, start_new_session=True) as process:
        try:
            deadline = time.monotonic() + 30
            while cpu_seconds_of(process.pid) < 0.5:
                assert time.monotonic() < deadline, "the busy process that it started was not counted"
                time.sleep(0.05)
            own = int(Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[11])
            memory = memory_of(process.pid)
        finally:
            os.killpg(process.pid, signal.SIGKILL)

    assert own / os.sysconf("SC_CLK_TCK") < 0.5
    assert 0 < memory.pss <= memory.rss


def test_the_tap_hears_when_a_question_began_and_ended(sound_card: VirtualSoundCard, tmp_path: Path) -> None:
    recording = spoken_questions(("why does my back hurt",), tmp_path)["why does my back hurt"]
    noise = tmp_path / "noise.wav"
    room_noise(noise, 1.0)

    with Tap("room", sound_card.environment) as room, Tap("speaker", sound_card.environment) as speaker:
        began = time.monotonic()
        sound_card.play_into_microphone(recording)
        first, last = room.wait_for_loud(began, 5.0), room.wait_for_quiet(0.5, 5.0)
        played = time.monotonic()
        assert speaker.last_loud() is None

    assert first is not None
    assert last is not None
    assert began + SILENCE_BEFORE_SECONDS / 2 < first < last < played
    assert 0.8 < last - first < 3.5
    assert room.first_loud(last + 0.001) is None
    assert room.last_loud(before=first + 0.001) == first


def test_a_machine_that_lacks_sound_and_models_gets_figures_and_reasons(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": "/nowhere", "BACK_CARE_MODELS_FOLDER": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks.loop", "--json", "--out", str(tmp_path / "figures.md")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    tables = {table["title"]: table["rows"] for table in json.loads(result.stdout)["tables"]}
    assert "install pulseaudio" in tables["Start-up time, idle cost, time to the answer"][0]["why not"]
    remarks = {row["model"]: row["remark"] for row in tables["Recognisers against real time"]}
    assert "is not installed" in remarks["whisper-tiny.en"]
    assert any(row["median, ms"] for row in tables["Time to understand a sentence"])
    assert "## Time to render an answer" in (tmp_path / "figures.md").read_text()


def test_a_file_that_cannot_be_written_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks.loop", "--out", str(tmp_path / "absent" / "figures.md")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "figures.md cannot be written" in result.stderr
