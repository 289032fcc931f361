"""Long pauses are shortened, and what comes behind them keeps its time."""

from __future__ import annotations

import pytest

from skill.hearing.spoken_sound import PAUSE_SECONDS, SpokenSound

FRAME = 0.032


def frame(value: int) -> bytes:
    return value.to_bytes(2, "little") * 512


def filled(*parts: tuple[int, float]) -> SpokenSound:
    """parts: a value of all samples, 0 for silence, and how many seconds."""
    sound = SpokenSound(10.0)
    for value, seconds in parts:
        for number in range(round(seconds / FRAME)):
            sound.add(frame(value), 0.0 if value else (number + 1) * FRAME)
    return sound


def test_short_pauses_stay_as_they_are() -> None:
    sound = filled((1, 0.96), (0, 0.48), (2, 0.96))
    assert sound.seconds == pytest.approx(2.4)
    assert sound.when(2.0) == pytest.approx(12.0)


def test_a_long_pause_is_shortened_and_no_speech_with_it() -> None:
    sound = filled((1, 0.96), (0, 1.6), (2, 0.96))
    assert sound.pcm.count(b"\x01\x00") == sound.pcm.count(b"\x02\x00") == round(0.96 * 16_000)
    assert PAUSE_SECONDS < sound.seconds - 2 * 0.96 < PAUSE_SECONDS + 0.2


def test_words_keep_their_time_behind_every_pause_that_was_shortened() -> None:
    sound = filled((1, 0.96), (0, 1.6), (2, 0.96), (0, 1.28), (3, 0.96))
    samples = [int.from_bytes(sound.pcm[at : at + 2], "little") for at in range(0, len(sound.pcm), 2)]
    found = {value: samples.index(value) / 16_000 for value in (1, 2, 3)}
    assert {value: round(sound.when(at + 0.001), 1) for value, at in found.items()} == {1: 10.0, 2: 12.6, 3: 14.8}


def test_the_silence_at_the_end_is_left_out() -> None:
    assert filled((1, 0.96), (0, 3.2)).seconds <= 0.96 + PAUSE_SECONDS
