"""The stop words over its own speech: the real PocketSphinx, and sound as it is mixed in a room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from benchmarks.stopping import Room, spotted_at, trimmed
from skill.errors import ModelError
from skill.hearing import open_stop_listener
from skill.hearing.echo import LONGEST_DELAY, EchoCanceller, Samples, best_delay
from skill.hearing.stop_listener import StopListener
from skill.hearing.vosk_spotter import VoskSpotter
from skill.messages import Speech

RATE_HZ = 16_000
SPEECH = "Put a warm cloth on your lower back, over your clothes. Do not fall asleep on it. Keep out of hot tubs, steam and very hot baths."


def samples_of(path: Path) -> Samples:
    samples, rate_hz = soundfile.read(path, dtype="float32")
    resampled: Samples = soxr.resample(samples, rate_hz, RATE_HZ)
    return resampled


@pytest.fixture(scope="module")
def speech(spoken: Callable[[str], Path]) -> Speech:
    sound = trimmed(samples_of(spoken(SPEECH)), RATE_HZ)
    return Speech((sound * 32767).astype("<i2").tobytes(), RATE_HZ)


@pytest.fixture(scope="module")
def listener() -> StopListener:
    return open_stop_listener(None)


def room() -> Room:
    return Room(np.random.default_rng(1))


def left_db(heard: Samples, without: Samples, start_seconds: float) -> float:
    start = int(start_seconds * RATE_HZ)
    return float(10 * np.log10(np.mean(np.square(without[start:])) / np.mean(np.square(heard[start:]))))


@pytest.mark.parametrize("word", ["stop", "wait", "enough", "quiet"])
def test_each_stop_word_is_heard_over_its_own_voice(
    listener: StopListener, speech: Speech, spoken: Callable[[str], Path], word: str
) -> None:
    her = trimmed(samples_of(spoken(f"{word.capitalize()}!")), RATE_HZ)
    heard, ends = room().heard(speech, her, louder_db=6)
    at = list(spotted_at(listener, speech, heard))
    assert at
    assert ends - 0.6 < at[0] < ends + 1.5


def test_its_own_voice_is_no_stop_word(listener: StopListener, speech: Speech) -> None:
    for _ in range(3):
        assert list(spotted_at(listener, speech, room().heard(speech)[0])) == []


def test_other_words_over_its_own_voice_are_left_alone(listener: StopListener, speech: Speech, spoken: Callable[[str], Path]) -> None:
    her = trimmed(samples_of(spoken("Did you buy the milk?")), RATE_HZ)
    assert list(spotted_at(listener, speech, room().heard(speech, her, louder_db=6)[0])) == []


def test_where_its_own_voice_is_not_in_the_sound_nothing_is_heard(
    listener: StopListener, speech: Speech, spoken: Callable[[str], Path]
) -> None:
    """It cannot know then whose voice it is: rather no stop than a false one."""
    assert list(spotted_at(listener, speech, samples_of(spoken("Stop!")))) == []


def test_how_sound_is_cut_makes_no_difference_to_what_is_left(speech: Speech) -> None:
    heard = room().heard(speech)[0]
    played = np.frombuffer(speech.pcm, "<i2").astype(np.float32) / 32768
    left = []
    for size in (480, 777):
        echo = EchoCanceller()
        echo.begin(played)
        left.append(np.concatenate([echo.accept(heard[start : start + size])[1] for start in range(0, len(heard), size)]))
    shortest = min(map(len, left))
    assert np.array_equal(left[0][:shortest], left[1][:shortest])


def test_its_own_voice_is_taken_away_also_after_sound_was_lost(speech: Speech) -> None:
    heard = room().heard(speech)[0]
    heard = np.concatenate([heard[: 3 * RATE_HZ], heard[3 * RATE_HZ + RATE_HZ // 4 :]])
    echo = EchoCanceller()
    echo.begin(np.frombuffer(speech.pcm, "<i2").astype(np.float32) / 32768)
    both = [echo.accept(heard[start : start + 480]) for start in range(0, len(heard), 480)]
    whole, without = (np.concatenate(pieces) for pieces in zip(*both, strict=True))
    assert left_db(whole, without, len(whole) / RATE_HZ - 2) < -10
    assert echo.works


def test_a_delay_is_found_only_where_there_is_its_own_voice(speech: Speech, spoken: Callable[[str], Path]) -> None:
    played = np.frombuffer(speech.pcm, "<i2").astype(np.float32)[: 3 * RATE_HZ] / 32768
    before = np.concatenate([np.zeros(LONGEST_DELAY, np.float32), played])
    delayed = np.concatenate([np.zeros(5000, np.float32), 0.3 * played])[: len(played)]
    assert best_delay(delayed, before) == 5000
    other = samples_of(spoken("My mother comes on Sunday, and she brings the children."))[: len(played)]
    assert best_delay(other, before[: LONGEST_DELAY + len(other)]) == -1
    assert best_delay(np.zeros(len(played), np.float32), before) == -1


def test_a_vosk_model_that_cannot_be_held_to_a_few_words_is_refused(vosk_korean_model: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"HCLr\.fst is missing"):
        VoskSpotter(tmp_path, ["stop"])
    if not (vosk_korean_model / "graph" / "HCLr.fst").is_file():
        with pytest.raises(ModelError, match=r"HCLr\.fst is missing"):
            VoskSpotter(vosk_korean_model, ["stop"])
    assert open_stop_listener(tmp_path).name == "pocketsphinx"


@pytest.mark.official_vosk
def test_vosk_hears_the_stop_words_too(vosk_english_model: Path, speech: Speech, spoken: Callable[[str], Path]) -> None:
    listener = open_stop_listener(vosk_english_model)
    assert listener.name == "vosk"
    heard, _ = room().heard(speech, trimmed(samples_of(spoken("Stop!")), RATE_HZ), louder_db=6)
    assert list(spotted_at(listener, speech, heard))
    assert list(spotted_at(listener, speech, room().heard(speech)[0])) == []
