"""`hear`: recordings through the very path of the microphone, in real processes."""

from __future__ import annotations

import json
import re
import signal
import time
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.commands.program import Program, one_sentence, program


def silence(path: Path, seconds: float = 1.0) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(2 * round(16_000 * seconds)))
    return path


def sound_of(path: Path) -> np.ndarray:
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


@pytest.fixture
def whisper(real: Program, tmp_path: Path, whisper_model: Path) -> Program:
    return program(tmp_path / "home", **{**real.environment, "BACK_CARE_RECOGNISER": "whisper", "BACK_CARE_VOICE": "espeak"})


def test_each_utterance_of_each_recording_is_heard_and_answered(whisper: Program, spoken: Callable[[str], Path], tmp_path: Path) -> None:
    files = [spoken("I am bleeding a little."), silence(tmp_path / "silence.wav", 3), spoken("How should I sleep?")]
    done = whisper.run("hear", "--json", *files, "--speak-to", tmp_path / "said.wav")
    assert done.returncode == 0, done.stderr.decode()
    bleeding, sleep = (json.loads(line) for line in done.stdout.decode().splitlines())
    for row, file in ((bleeding, files[0]), (sleep, files[2])):
        assert set(row) == {"file", "heard", "labels", "tier", "reply", "seconds"}
        assert row["file"] == str(file)
        assert {"hear", "understand", "answer"} <= set(row["seconds"])
        assert all(isinstance(seconds, float) and seconds >= 0 for seconds in row["seconds"].values())
    assert "bleeding" in bleeding["heard"]
    assert (bleeding["labels"][0], bleeding["tier"]) == ("danger.bleeding", "now")
    assert "hospital" in bleeding["reply"]
    assert re.search(r"\bsleep\b", sleep["heard"])
    assert (sleep["labels"], sleep["tier"]) == (["relief.sleep"], "none")
    assert f"{files[1]}: no speech was heard in it." in done.stderr.decode()
    said = sound_of(tmp_path / "said.wav")
    assert len(said) / 24_000 > 10  # two whole answers
    assert np.abs(said).max() > 3_000


def test_without_json_it_is_written_for_people(whisper: Program, spoken: Callable[[str], Path]) -> None:
    done = whisper.run("hear", spoken("How should I sleep?"))
    assert done.returncode == 0
    first, second = done.stdout.decode().splitlines()
    assert "relief.sleep (none)" in first
    assert "side" in second


def test_ctrl_c_ends_it_in_the_middle_of_a_recording(whisper: Program, tmp_path: Path) -> None:
    noise = tmp_path / "long.wav"
    with wave.open(str(noise), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(np.random.default_rng(0).normal(0, 300, 16_000 * 1_200).astype("<i2").tobytes())
    with whisper.start("hear", noise) as process:
        assert process.stderr
        assert process.stderr.readline().strip() == b"whisper listens."
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        code, said = process.wait(timeout=60), process.stderr.read().decode()
        assert code == 130, said
        assert time.monotonic() - started < 15
        assert "Traceback" not in said


# --- what cannot be heard ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", ["missing", "empty", "folder", "text", "header only", "truncated header", "no rights to the name"])
def test_a_recording_that_cannot_be_heard_is_named_before_any_is_heard(quick: Program, tmp_path: Path, bad: str) -> None:
    good, path = silence(tmp_path / "good.wav"), tmp_path / "bad.wav"
    if bad == "folder":
        path.mkdir()
    elif bad == "no rights to the name":
        path = tmp_path / ("a" * 300 + ".wav")
    elif bad != "missing":
        silence(path, 0.0 if bad == "header only" else 1.0)
        content = path.read_bytes()
        path.write_bytes({"empty": b"", "text": b"no sound " * 99, "truncated header": content[:20]}.get(bad, content))
    done = quick.run("hear", "--json", good, path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert str(path) in one_sentence(done)


def test_an_output_that_is_an_input_is_refused_and_the_recording_kept(quick: Program, tmp_path: Path) -> None:
    path = silence(tmp_path / "question.wav")
    (tmp_path / "link.wav").symlink_to(path)
    before = path.read_bytes()
    done = quick.run("hear", path, "--speak-to", tmp_path / "link.wav")
    assert (done.returncode, done.stdout) == (2, b"")
    assert "another name" in one_sentence(done)
    assert path.read_bytes() == before


def test_without_a_model_it_says_how_to_get_one(quick: Program, tmp_path: Path) -> None:
    bare = program(
        tmp_path / "home", **{**quick.environment, "BACK_CARE_MODELS_FOLDER": tmp_path / "models", "BACK_CARE_RECOGNISER": "whisper"}
    )
    done = bare.run("hear", silence(tmp_path / "question.wav"))
    assert (done.returncode, done.stdout) == (1, b"")
    assert "models fetch" in one_sentence(done)
