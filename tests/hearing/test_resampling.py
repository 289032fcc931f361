from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skill.hearing.resampling import Resampler


def tone(rate_hz: int, seconds: float = 0.5, hertz: float = 440.0) -> bytes:
    times = np.arange(round(rate_hz * seconds)) / rate_hz
    return (8000 * np.sin(2 * np.pi * hertz * times)).astype("<i2").tobytes()


@given(rate_hz=st.sampled_from([8_000, 22_050, 44_100, 48_000]), cuts=st.lists(st.integers(1, 4_000), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_the_cut_of_the_input_does_not_show(rate_hz: int, cuts: list[int]) -> None:
    sound = tone(rate_hz)
    whole = Resampler(rate_hz).accept(sound, last=True)
    resampler, pieces, start = Resampler(rate_hz), [], 0
    for samples in cuts:
        pieces.append(resampler.accept(sound[start : start + 2 * samples]))
        start += 2 * samples
    pieces.append(resampler.accept(sound[start:], last=True))
    assert b"".join(pieces) == whole


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 44_100, 48_000, 96_000])
def test_a_tone_keeps_its_pitch_length_and_loudness(rate_hz: int) -> None:
    heard = np.frombuffer(Resampler(rate_hz).accept(tone(rate_hz, 1.0), last=True), "<i2").astype(float)
    assert abs(len(heard) - 16_000) <= 1
    assert np.argmax(np.abs(np.fft.rfft(heard[:16_000]))) == pytest.approx(440, abs=1)
    assert np.abs(heard[4_000:12_000]).max() == pytest.approx(8_000, rel=0.02)


def test_16_khz_passes_unchanged() -> None:
    sound = tone(16_000)
    assert Resampler(16_000).accept(sound) == sound


def test_reset_forgets() -> None:
    resampler = Resampler(48_000)
    resampler.accept(tone(48_000, 0.3))
    resampler.reset()
    assert resampler.accept(tone(48_000), last=True) == Resampler(48_000).accept(tone(48_000), last=True)


def test_a_last_piece_leaves_it_as_new() -> None:
    resampler = Resampler(44_100)
    first = resampler.accept(tone(44_100), last=True)
    assert resampler.accept(tone(44_100), last=True) == first
