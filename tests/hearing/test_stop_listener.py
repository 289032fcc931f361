"""The stop words over its own speech: the real recognisers, and sound as it is mixed in a room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from benchmarks.stopping import Room, spotted_at
from benchmarks.understanding.voices import bare
from skill.errors import ModelError
from skill.hearing import open_recogniser, open_stop_listener
from skill.hearing.echo import BLOCK, LONGEST_DELAY, EchoCanceller, Samples, best_delay
from skill.hearing.lasting_recogniser import LastingRecogniser
from skill.hearing.short_utterances import LONGEST_BLOCKS, SILENCE_BLOCKS, ShortUtterances
from skill.hearing.stop_listener import StopListener
from skill.hearing.vosk_spotter import VoskSpotter
from skill.messages import Speech
from skill.stop_words import stop_phrase

RATE_HZ = 16_000
SPEECH = "Put a warm cloth on your lower back, over your clothes. Do not fall asleep on it. Keep out of hot tubs, steam and very hot baths."


def samples_of(path: Path) -> Samples:
    samples, rate_hz = soundfile.read(path, dtype="float32")
    resampled: Samples = soxr.resample(samples, rate_hz, RATE_HZ)
    return resampled


@pytest.fixture(scope="module")
def speech(spoken: Callable[[str], Path]) -> Speech:
    sound = bare(samples_of(spoken(SPEECH)))
    return Speech((sound * 32767).astype("<i2").tobytes(), RATE_HZ)


@pytest.fixture(scope="module")
def listener(whisper_model: Path) -> StopListener:
    """As the assistant has it where Whisper listens."""
    return open_stop_listener(None, LastingRecogniser(open_recogniser("whisper", whisper_model), ()))


@pytest.fixture(scope="module")
def without_whisper() -> StopListener:
    return open_stop_listener(None)


def room() -> Room:
    return Room(np.random.default_rng(1))


def left_db(heard: Samples, without: Samples, start_seconds: float) -> float:
    start = int(start_seconds * RATE_HZ)
    return float(10 * np.log10(np.mean(np.square(without[start:])) / np.mean(np.square(heard[start:]))))


def says(spoken: Callable[[str], Path], text: str) -> Samples:
    return bare(samples_of(spoken(text)))


@pytest.mark.parametrize("text", ["Stop!", "Wait!", "Enough!", "Quiet!", "Okay, stop.", "That's enough."])
def test_each_stop_word_is_heard_over_its_own_voice(
    listener: StopListener, speech: Speech, spoken: Callable[[str], Path], text: str
) -> None:
    heard, ends = room().heard(speech, says(spoken, text), louder_db=6)
    at = list(spotted_at(listener, speech, heard))
    assert at
    assert ends - 0.6 < at[0] < ends + 1.5


def test_without_whisper_pocketsphinx_hears_it(without_whisper: StopListener, speech: Speech, spoken: Callable[[str], Path]) -> None:
    heard, _ = room().heard(speech, says(spoken, "Wait!"), louder_db=6)
    assert without_whisper.name == "pocketsphinx"
    assert list(spotted_at(without_whisper, speech, heard))
    assert list(spotted_at(without_whisper, speech, room().heard(speech)[0])) == []


@pytest.mark.parametrize("way", [{}, {"loses_sound": True}, {"distorts": True}])
def test_its_own_voice_is_no_stop_word(listener: StopListener, speech: Speech, way: dict[str, bool]) -> None:
    for seed in range(2):
        assert list(spotted_at(listener, speech, Room(np.random.default_rng(seed), **way).heard(speech)[0])) == []


@pytest.mark.parametrize(
    "text",
    [
        *("Did you buy the milk?", "The soup is on top of the stove.", "What?", "Okay."),
        *("The bus stop is over there.", "We have enough bread for today.", "I cannot wait to see the baby."),
    ],
)
def test_other_talk_over_its_own_voice_is_left_alone(
    listener: StopListener, speech: Speech, spoken: Callable[[str], Path], text: str
) -> None:
    assert list(spotted_at(listener, speech, room().heard(speech, says(spoken, text), louder_db=6)[0])) == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        *(("stop", "stop"), ("okay stop", "stop"), ("be quiet please", "quiet"), ("that's enough", "enough"), ("wait a moment", "wait")),
        *(
            ("", ""),
            ("okay", ""),
            ("stop it tommy", ""),
            ("the bus stop", ""),
            ("we have enough bread", ""),
            ("stop stop stop stop stop", ""),
        ),
    ],
)
def test_a_phrase_asks_for_silence_where_it_says_nothing_else(text: str, word: str) -> None:
    assert stop_phrase(text) == word


@pytest.mark.parametrize(
    ("voiced", "is_given"), [(1, False), (5, True), (LONGEST_BLOCKS, True), (LONGEST_BLOCKS + 1, False), (4 * LONGEST_BLOCKS, False)]
)
def test_only_what_is_said_in_a_word_or_two_is_cut_out(voiced: int, is_given: bool) -> None:
    utterances = ShortUtterances()
    said = [None] * 3 + [utterances.step(np.full(BLOCK, number, np.float32), number <= voiced) for number in range(1, 200)]
    given = [(number, sound) for number, sound in enumerate(said, -2) if sound is not None]
    assert [number for number, _ in given] == ([voiced + SILENCE_BLOCKS] if is_given else [])
    if is_given:
        sound = given[0][1]
        assert set(range(1, voiced + 1)) <= set(sound.tolist())
        assert len(sound) % BLOCK == 0


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
    heard, _ = room().heard(speech, bare(samples_of(spoken("Stop!"))), louder_db=6)
    assert list(spotted_at(listener, speech, heard))
    assert list(spotted_at(listener, speech, room().heard(speech)[0])) == []
