from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from skill.hearing.recording import RecordingMicrophone
from skill.hearing.resampling import Resampler
from skill.hearing.voice_activity import FRAME_SECONDS, Segmenter, SpeechGate, SpeechPiece

SOUNDS = Path(__file__).resolve().parents[2].parent / "shared" / "sounds"


def frame(number: int) -> bytes:
    """A frame that can be told from all others."""
    return np.full(512, number, "<i2").tobytes()


def cut(segmenter: Segmenter, probabilities: Sequence[float]) -> list[SpeechPiece]:
    pieces = [segmenter.step(frame(number), probability) for number, probability in enumerate(probabilities)]
    return [piece for piece in pieces if piece is not None]


def numbers(pieces: Sequence[SpeechPiece]) -> list[int]:
    """Which frames are in these pieces."""
    return np.frombuffer(b"".join(piece.pcm for piece in pieces), "<i2")[::512].tolist()


def test_silence_gives_nothing() -> None:
    segmenter = Segmenter()
    assert cut(segmenter, [0.05] * 500) == []
    assert segmenter.finish() is None


def test_an_utterance_holds_the_sound_before_it_and_ends_after_the_pause() -> None:
    pieces = cut(Segmenter(end_silence_seconds=0.8, pre_roll_seconds=0.4), [0.0] * 50 + [0.9] * 20 + [0.0] * 50)
    assert [piece.is_first for piece in pieces] == [True] + [False] * (len(pieces) - 1)
    assert [piece.is_last for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    heard = numbers(pieces)
    assert heard == list(range(heard[0], heard[-1] + 1))
    assert heard[0] <= 50 - round(0.4 / FRAME_SECONDS)
    assert heard[-1] == 70 + round(0.8 / FRAME_SECONDS) - 1
    assert pieces[0].start_seconds == pytest.approx(heard[0] * FRAME_SECONDS)
    assert pieces[-1].speech_seconds == pytest.approx(20 * FRAME_SECONDS)


@pytest.mark.parametrize(("pause_seconds", "utterances"), [(0.6, 1), (1.1, 2)])
def test_only_a_long_pause_ends_an_utterance(pause_seconds: float, utterances: int) -> None:
    pause = [0.0] * round(pause_seconds / FRAME_SECONDS)
    pieces = cut(Segmenter(end_silence_seconds=0.8), [0.9] * 20 + pause + [0.9] * 20 + [0.0] * 40)
    assert sum(piece.is_last for piece in pieces) == utterances


def test_the_pause_that_ends_an_utterance_can_be_chosen() -> None:
    probabilities = [0.9] * 20 + [0.0] * round(1.1 / FRAME_SECONDS) + [0.9] * 20 + [0.0] * 80
    assert sum(piece.is_last for piece in cut(Segmenter(end_silence_seconds=1.6), probabilities)) == 1


def test_clicks_are_not_speech_even_when_there_are_many() -> None:
    click = [0.95, 0.9] + [0.0] * 12
    assert cut(Segmenter(), click * 20) == []


def test_talk_without_an_end_is_cut_and_nothing_of_it_is_lost() -> None:
    segmenter = Segmenter(longest_seconds=5.0)
    pieces = cut(segmenter, [0.9] * 600)
    end = segmenter.finish()
    assert end is not None
    assert end.is_last
    assert numbers(pieces) == list(range(600))
    assert sum(piece.is_last for piece in pieces) == 600 // -(-5.0 // FRAME_SECONDS)


def test_reset_forgets_but_the_clock_goes_on() -> None:
    segmenter = Segmenter(pre_roll_seconds=0.4)
    cut(segmenter, [0.9] * 10)
    segmenter.reset()
    pieces = cut(segmenter, [0.9] * 5)
    assert pieces[0].is_first
    assert pieces[0].start_seconds == pytest.approx(10 * FRAME_SECONDS)
    assert numbers(pieces)[0] == 0


def test_finish_gives_the_open_end_and_starts_the_clock_anew() -> None:
    segmenter = Segmenter()
    cut(segmenter, [0.9] * 10)
    end = segmenter.finish()
    assert end is not None
    assert (end.is_last, end.pcm) == (True, b"")
    assert cut(segmenter, [0.9] * 5)[0].start_seconds == 0.0


def through_gate(path: Path, block_seconds: float = 0.1) -> list[SpeechPiece]:
    gate, pieces, resampler = SpeechGate(Segmenter()), [], None
    for block in RecordingMicrophone(path, block_seconds).blocks():
        resampler = resampler or Resampler(block.rate_hz)
        pieces += gate.accept(resampler.accept(block.pcm))
    return [*pieces, *gate.finish()]


def test_speech_is_found_where_it_is(spoken: Callable[[str], Path]) -> None:
    pieces = through_gate(spoken("My back hurts when I walk."))
    assert sum(piece.is_first for piece in pieces) == 1
    assert 0.4 < pieces[0].start_seconds < 1.0  # one second of silence is before it
    assert 0.8 < pieces[-1].speech_seconds < 3.0


@pytest.mark.parametrize("word", ["Yes.", "No.", "Stop.", "Help!", "More."])
def test_one_word_is_speech(spoken: Callable[[str], Path], word: str) -> None:
    assert sum(piece.is_first for piece in through_gate(spoken(word))) == 1


def test_it_knows_how_loud_the_last_utterance_was(spoken: Callable[[str], Path]) -> None:
    (block,) = RecordingMicrophone(spoken("My back hurts when I walk."), 60.0).blocks()
    resampled = Resampler(block.rate_hz).accept(block.pcm, last=True)
    gate, levels = SpeechGate(Segmenter()), []
    assert gate.level_db is None
    for sound in (resampled, (np.frombuffer(resampled, "<i2") // 10).astype("<i2").tobytes()):
        assert list(gate.accept(sound + bytes(32_000)))[-1].is_last
        levels.append(gate.level_db)
    assert levels[0] is not None
    assert -40 < levels[0] < -10
    assert levels[1] == pytest.approx(levels[0] - 20, abs=1.5)


def test_the_cut_of_the_blocks_does_not_show(spoken: Callable[[str], Path]) -> None:
    path = spoken("My back hurts when I walk.")
    assert through_gate(path, 0.02) == through_gate(path, 0.25)


@pytest.mark.parametrize("name", ["kitchen_freesound_30s", "background_noise_s2p"])
def test_household_noise_is_not_speech(name: str) -> None:
    path = SOUNDS / "noise" / f"{name}.wav"
    if not path.is_file():
        pytest.skip(f"the recording {name} is not on this machine")
    assert through_gate(path) == []


def test_silence_and_hiss_are_not_speech() -> None:
    hiss = np.random.default_rng(0).normal(0, 200, 16_000 * 5).astype("<i2").tobytes()
    gate = SpeechGate(Segmenter())
    assert [*gate.accept(bytes(16_000 * 2 * 5) + hiss), *gate.finish()] == []
