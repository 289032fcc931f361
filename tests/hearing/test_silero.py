"""Silero listens all the time: it must cost little, and hear as well after a silent night as at its start."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from skill.hearing.voice_activity import FRAME_SAMPLES, Segmenter, SpeechGate

RATE_HZ = 16_000
SENTENCES = ("My back hurts when I walk.", "I am bleeding.", "Yes.", "Which side should I sleep on?", "Help!", "Can I take a hot bath?")
Samples = NDArray[np.float64]

ITS_THREADS = f"""
import os
from skill.hearing.silero import open_silero

variables, threads = dict(os.environ), set(os.listdir("/proc/self/task"))
silero = open_silero()
for number in range(20):
    silero(bytes({2 * FRAME_SAMPLES}))
print(dict(os.environ) == variables, len(set(os.listdir("/proc/self/task")) - threads))
"""


@pytest.mark.parametrize("limit", [None, "3"])
def test_it_starts_no_threads_and_leaves_the_environment_as_it_was(limit: str | None) -> None:
    environment = {"PATH": "/usr/bin", "PYTHONPATH": str(Path(__file__).parents[2])} | ({"OMP_THREAD_LIMIT": limit} if limit else {})
    shown = subprocess.run([sys.executable, "-c", ITS_THREADS], env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert shown.stdout.split() == ["True", "0"]


def hiss(seconds: float, decibels: float, seed: int = 0) -> Samples:
    return np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ)) * 10 ** (decibels / 20)


def far(path: Path, decibels: float) -> Samples:
    """The words of a recording as from across a room, so loud on average: 0.4 s of echo that is louder than the direct sound."""
    samples, rate_hz = soundfile.read(str(path), always_2d=True)
    words = soxr.resample(samples.mean(axis=1), rate_hz, RATE_HZ)
    echo = np.random.default_rng(5).standard_normal(6_400) * np.exp(-np.arange(6_400) / 930)
    echo /= np.sqrt(np.sum(np.square(echo)))
    echo[0] += 0.7
    sound: Samples = np.convolve(words, echo)
    return sound * 10 ** (decibels / 20) / np.sqrt(np.mean(np.square(sound)))


def found(gate: SpeechGate, samples: Samples) -> float:
    """Seconds of speech in what it let through, a second of silence after it counted in."""
    sound = np.clip(np.rint(samples * 32767), -32768, 32767).astype("<i2").tobytes() + bytes(2 * RATE_HZ)
    return sum(piece.speech_seconds for piece in gate.accept(sound) if piece.is_last)


@pytest.mark.parametrize(("decibels", "noise_decibels"), [(-30, -60), (-50, -65), (-55, -200)])
def test_quiet_and_far_speech_is_found(spoken: Callable[[str], Path], decibels: float, noise_decibels: float) -> None:
    for sentence in SENTENCES:
        words = far(spoken(sentence), decibels)
        assert found(SpeechGate(Segmenter()), words + hiss(len(words) / RATE_HZ, noise_decibels)[: len(words)]) > 0.15, sentence


def test_it_hears_as_well_after_half_an_hour_of_a_quiet_room(spoken: Callable[[str], Path]) -> None:
    gate = SpeechGate(Segmenter())
    words = [far(spoken(sentence), -45) for sentence in SENTENCES]
    at_first = sum(found(gate, one) for one in words)
    quiet = np.rint(hiss(60.0, -70) * 32767).astype("<i2").tobytes()
    for _ in range(30):
        assert list(gate.accept(quiet)) == []
    assert sum(found(gate, one) for one in words) == pytest.approx(at_first, rel=0.1)
