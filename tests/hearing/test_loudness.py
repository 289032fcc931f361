"""How loud a voice is against the room."""

from __future__ import annotations

import numpy as np
import pytest

from skill.hearing.loudness import SILENCE_DB, LevelMeter
from skill.messages import AudioBlock

RATE_HZ = 16_000


def noise(seconds: float, decibels: float) -> AudioBlock:
    samples = np.random.default_rng(0).normal(0, 32767 * 10 ** (decibels / 20), int(seconds * RATE_HZ))
    return AudioBlock(np.clip(samples, -32768, 32767).astype("<i2").tobytes(), RATE_HZ)


def test_voice_and_room_are_told_apart() -> None:
    meter = LevelMeter()
    for block, is_speech in ((noise(3, -60), False), (noise(1, -30), True), (noise(0.3, -60), True), (noise(1, -60), False)):
        meter.add(block, is_speech)
    heard = meter.loudness()
    assert heard.speech_db == pytest.approx(-30, abs=1)
    assert heard.noise_db == pytest.approx(-60, abs=1)
    assert heard.above_noise_db == pytest.approx(30, abs=2)
    assert (heard.anyone_spoke, heard.is_silent, heard.is_clipped) == (True, False, False)


def test_where_nobody_spoke_there_is_only_the_room() -> None:
    meter = LevelMeter()
    meter.add(noise(1, -40), False)
    heard = meter.loudness()
    assert not heard.anyone_spoke
    assert heard.above_noise_db == 0


@pytest.mark.parametrize("block", [None, AudioBlock(b"", RATE_HZ), AudioBlock(bytes(RATE_HZ), RATE_HZ)])
def test_no_sound_at_all(block: AudioBlock | None) -> None:
    meter = LevelMeter()
    if block is not None:
        meter.add(block, False)
    heard = meter.loudness()
    assert heard.is_silent
    assert heard.speech_db == heard.noise_db == SILENCE_DB


def test_what_is_louder_than_the_microphone_can_take() -> None:
    meter = LevelMeter()
    meter.add(noise(1, -3), True)
    assert meter.loudness().is_clipped
