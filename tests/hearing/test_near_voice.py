"""Whose voice an utterance is: with powers made by hand, and with two real voices of which one is far away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from skill.hearing.near_voice import BEFORE_FRAMES, LATELY_FRAMES, LOUDEST_FRAMES, NearVoice
from skill.hearing.recording import RecordingMicrophone
from skill.hearing.resampling import RECOGNISER_RATE_HZ, Resampler
from skill.hearing.voice_activity import Segmenter, SpeechGate, SpeechPiece
from skill.messages import PCM_BYTES_PER_SAMPLE


def told(*powers: float) -> NearVoice:
    voice = NearVoice()
    for power in powers:
        voice.take(power)
    return voice


LOUD = [1.0] * (LOUDEST_FRAMES + LATELY_FRAMES)


def test_somebody_further_away_is_another() -> None:
    assert told(*LOUD, *[0.01] * 20).is_another()
    assert not told(*LOUD, *[0.1] * 20).is_another()
    assert not told(*LOUD, 2.0).is_another()


def test_a_loud_knock_makes_nobody_another() -> None:
    assert not told(*[0.01] * 40, *[1.0] * 3, *[0.01] * 30).is_another()


def test_one_word_is_too_short_to_tell() -> None:
    assert not told(*LOUD[:LOUDEST_FRAMES], *[0.01] * 6).is_another()


def test_somebody_nearer_begins() -> None:
    television = [0.02] * (BEFORE_FRAMES + LATELY_FRAMES)
    assert told(*television, *[1.0] * LATELY_FRAMES).has_begun()
    assert not told(*television, *[1.0] * 3).has_begun()  # a clap
    assert not told(*television, *[0.06] * LATELY_FRAMES).has_begun()
    assert not told(*television[:10], *[1.0] * LATELY_FRAMES).has_begun()  # a soft beginning


def test_another_utterance_begins_anew() -> None:
    voice = told(*LOUD)
    voice.begin()
    voice.take(0.01)
    assert not voice.is_another()


@pytest.fixture(scope="module")
def television(spoken: Callable[[str], Path]) -> np.ndarray:
    words = "The minister said that the new road will be finished next year. And now to the weather, with strong winds along the coast."
    return np.tile(bare(spoken(words)), 3)


def bare(path: Path) -> np.ndarray:
    """Its words without the silence around them, 16 kHz."""
    (block,) = RecordingMicrophone(path, 60.0).blocks()
    samples = np.frombuffer(Resampler(block.rate_hz).accept(block.pcm, last=True), "<i2").astype(np.float64)
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.max(np.abs(samples)))
    return samples[loud[0] : loud[-1] + 1]


def utterances(samples: np.ndarray) -> list[tuple[float, float, float | None]]:
    """Of each: where it begins and ends, in seconds, and how loud it is."""
    gate, found, begins = SpeechGate(Segmenter()), [], 0.0
    pcm = samples.clip(-32768, 32767).astype("<i2").tobytes()

    def take(pieces: list[SpeechPiece]) -> None:
        nonlocal begins
        for piece in pieces:
            begins = piece.start_seconds if piece.is_first else begins
            if piece.is_last:
                found.append((begins, piece.end_seconds, gate.level_db))

    for start in range(0, len(pcm), RECOGNISER_RATE_HZ * PCM_BYTES_PER_SAMPLE // 10):
        take(list(gate.accept(pcm[start : start + RECOGNISER_RATE_HZ * PCM_BYTES_PER_SAMPLE // 10])))
    take(list(gate.finish()))
    return found


@pytest.mark.parametrize("below_db", [18, 22])
def test_a_question_beside_a_television_is_an_utterance_of_its_own(
    spoken: Callable[[str], Path], television: np.ndarray, below_db: int
) -> None:
    question = bare(spoken("Which side should I sleep on?"))
    far = television * 10 ** (-below_db / 20)
    start = 5 * RECOGNISER_RATE_HZ
    alone = utterances(np.concatenate([np.zeros(RECOGNISER_RATE_HZ), question, np.zeros(2 * RECOGNISER_RATE_HZ)]))
    far[start : start + len(question)] += question
    begins, ends = 5.0, 5.0 + len(question) / RECOGNISER_RATE_HZ
    (hers,) = (one for one in utterances(far) if one[0] < (begins + ends) / 2 < one[1])
    assert begins - 0.8 < hers[0] <= begins
    assert ends < hers[1] < ends + 1.5
    assert hers[2] == pytest.approx(alone[0][2], abs=2)


def test_a_television_alone_is_heard_as_before(television: np.ndarray) -> None:
    far = television * 10 ** (-20 / 20)
    assert sum(end - begin for begin, end, _ in utterances(far)) > 0.9 * len(far) / RECOGNISER_RATE_HZ
