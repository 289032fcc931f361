from __future__ import annotations

import os
import struct
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from skill.errors import RecordingError
from skill.hearing.recording import RecordingMicrophone


def samples_of(path: Path, block_seconds: float = 0.1) -> np.ndarray:
    return np.frombuffer(b"".join(block.pcm for block in RecordingMicrophone(path, block_seconds).blocks()), "<i2")


@pytest.fixture
def tone() -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * 300 * np.arange(16_000) / 16_000)


def test_16_bit_samples_come_out_as_they_are(tmp_path: Path) -> None:
    samples = np.random.default_rng(1).integers(-32768, 32767, 5_000).astype("<i2")
    soundfile.write(tmp_path / "a.wav", samples, 16_000)
    assert samples_of(tmp_path / "a.wav").tolist() == samples.tolist()


@pytest.mark.parametrize("kind", ["WAV", "WAVEX"])
@pytest.mark.parametrize("width", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_every_width(tmp_path: Path, tone: np.ndarray, width: str, kind: str) -> None:
    soundfile.write(tmp_path / "a.wav", tone, 16_000, subtype=width, format=kind)
    heard = samples_of(tmp_path / "a.wav")
    assert len(heard) == 16_000
    assert np.abs(heard - tone * 32768).max() < (300 if width == "PCM_U8" else 2)


@pytest.mark.parametrize("channels", [2, 6])
def test_channels_are_averaged(tmp_path: Path, tone: np.ndarray, channels: int) -> None:
    several = np.zeros((16_000, channels))
    several[:, 0] = tone
    soundfile.write(tmp_path / "a.wav", several, 16_000)
    assert np.abs(samples_of(tmp_path / "a.wav") - tone * 32768 / channels).max() < 2


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 44_100, 48_000, 96_000])
def test_blocks_have_the_recordings_own_rate_and_the_length_asked_for(tmp_path: Path, tone: np.ndarray, rate_hz: int) -> None:
    soundfile.write(tmp_path / "a.wav", tone, rate_hz)
    blocks = list(RecordingMicrophone(tmp_path / "a.wav", 0.02).blocks())
    assert {block.rate_hz for block in blocks} == {rate_hz}
    assert {len(block.pcm) // 2 for block in blocks[:-1]} == {round(rate_hz * 0.02)}
    assert sum(len(block.pcm) // 2 for block in blocks) == 16_000


def test_too_loud_floats_are_clipped_and_not_a_number_is_silence(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.array([2.0, -2.0, np.nan, np.inf], np.float32), 16_000, subtype="FLOAT")
    assert samples_of(tmp_path / "a.wav").tolist() == [32767, -32768, 0, 0]


def test_close_ends_the_blocks(tmp_path: Path, tone: np.ndarray) -> None:
    soundfile.write(tmp_path / "a.wav", tone, 16_000)
    microphone = RecordingMicrophone(tmp_path / "a.wav")
    blocks = microphone.blocks()
    next(blocks)
    microphone.close()
    microphone.close()
    assert list(blocks) == []


def test_flush_takes_nothing_from_a_recording(tmp_path: Path, tone: np.ndarray) -> None:
    soundfile.write(tmp_path / "a.wav", tone, 16_000)
    microphone = RecordingMicrophone(tmp_path / "a.wav")
    seconds = 0.0
    for block in microphone.blocks():
        seconds += block.seconds
        microphone.flush()
    assert seconds == pytest.approx(1.0)


def test_a_recording_that_breaks_off_is_heard_as_far_as_it_goes(tmp_path: Path, tone: np.ndarray) -> None:
    whole = tmp_path / "whole.wav"
    soundfile.write(whole, tone, 16_000)
    (tmp_path / "cut.wav").write_bytes(whole.read_bytes()[: 44 + 2 * 7_000 + 1])
    assert samples_of(tmp_path / "cut.wav").tolist() == samples_of(whole)[:7_000].tolist()


def test_an_hour_is_not_loaded_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "hour.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", "not compressed"))
        file.writeframes(b"")
    seconds = 3_600
    size = seconds * 48_000 * 2
    with path.open("r+b") as file:  # a sparse file: it takes no room on the disk
        file.seek(4)
        file.write(struct.pack("<I", 36 + size))
        file.seek(40)
        file.write(struct.pack("<I", size))
        file.truncate(44 + size)
    script = (
        "import sys; from pathlib import Path; from skill.hearing.recording import RecordingMicrophone\n"
        "print(sum(block.seconds for block in RecordingMicrophone(Path(sys.argv[1]), 1.0).blocks()))\n"
        # Not getrusage: its maximum would be that of the tests' own process, which this one was split off from.
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    heard_seconds, most_kib = (float(line) for line in done.stdout.split())
    assert heard_seconds == pytest.approx(seconds)
    assert most_kib < 200_000


def damaged_wav(rate_hz: int = 16_000, channels: int = 1, bits: int = 16, data: bytes = bytes(3_200)) -> bytes:
    header = struct.pack("<HHIIHH", 1, channels, rate_hz, rate_hz * channels * bits // 8 % 2**32, channels * bits // 8, bits)
    chunks = b"WAVEfmt " + struct.pack("<I", 16) + header + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


BAD_CONTENT = {
    "empty": b"",
    "one byte": b"R",
    "header cut": damaged_wav()[:20],
    "no sound": damaged_wav(data=b""),
    "text": b"My back hurts.\n" * 100,
    "noise": bytes(np.random.default_rng(3).integers(0, 256, 10_000, np.uint8)),
    "no channel": damaged_wav(channels=0),
    "no rate": damaged_wav(rate_hz=0),
    "absurd rate": damaged_wav(rate_hz=2**31 - 1),
    "rate of 1 Hz": damaged_wav(rate_hz=1),
}


@pytest.mark.parametrize("kind", BAD_CONTENT)
def test_bad_content_is_one_clear_sentence(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(BAD_CONTENT[kind])
    with pytest.raises(RecordingError) as error:
        samples_of(path)
    check_sentence(str(error.value), path)


@pytest.fixture
def unreadable(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "a.wav"
    path.write_bytes(damaged_wav())
    path.chmod(0)
    was = os.geteuid()
    if was == 0:  # root may read everything
        tmp_path.chmod(0o711)
        os.seteuid(65534)
    yield path
    if was == 0:
        os.seteuid(0)


def test_no_right_to_read(unreadable: Path) -> None:
    with pytest.raises(RecordingError) as error:
        RecordingMicrophone(unreadable)
    check_sentence(str(error.value), unreadable)
    assert "Permission denied" in str(error.value)


@pytest.mark.parametrize(("name", "word"), [("missing.wav", "no file"), ("folder", "is a folder"), ("pipe", "not an ordinary file")])
def test_what_is_no_file(tmp_path: Path, name: str, word: str) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RecordingError, match=word) as error:
        RecordingMicrophone(tmp_path / name)
    check_sentence(str(error.value), tmp_path / name)


@pytest.mark.parametrize("path", [Path("a\0b.wav"), Path("a" * 5_000)])
def test_impossible_names(path: Path) -> None:
    with pytest.raises(RecordingError):
        RecordingMicrophone(path)


def check_sentence(sentence: str, path: Path) -> None:
    """It names the file, says what to do, and is one sentence."""
    assert str(path) in sentence
    assert ": " in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
