from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skill.errors import HearingError
from skill.hearing import RECOGNISERS, open_recogniser
from skill.hearing.listener import Listener
from skill.messages import AudioBlock, Heard, NothingHeard, Quiet, Speaking, Transcript, Woken
from tests.fakes import FakeMicrophone, FakeRecogniser


def blocks(rate_hz: int, samples: list[int]) -> list[AudioBlock]:
    sound = np.arange(sum(samples), dtype="<i2")
    edges = np.cumsum([0, *samples])
    return [AudioBlock(sound[a:b].tobytes(), rate_hz) for a, b in pairwise(edges)]


@given(samples=st.lists(st.integers(1, 3_000), min_size=1, max_size=10), rate_hz=st.sampled_from([16_000, 44_100]))
@settings(max_examples=40, deadline=None)
def test_the_recogniser_gets_the_same_sound_however_it_was_cut(samples: list[int], rate_hz: int) -> None:
    def sound(lengths: list[int]) -> bytes:
        recogniser = FakeRecogniser()
        list(Listener(FakeMicrophone(blocks(rate_hz, lengths)), recogniser).heard())
        return recogniser.pcm

    assert sound(samples) == sound([sum(samples)])


def test_what_was_heard_comes_in_order_and_the_end_is_not_forgotten() -> None:
    heard = [Transcript("one", "fake"), NothingHeard("a knock"), Transcript("two", "fake")]
    assert list(Listener(FakeMicrophone(blocks(16_000, [320])), FakeRecogniser(heard)).heard()) == heard


def test_it_says_how_long_somebody_speaks_and_how_long_nobody_does() -> None:
    class Hearing(FakeRecogniser):
        """Somebody speaks from the second 1.5 to 3.7."""

        seconds = 0.0

        def accept(self, block: AudioBlock) -> Sequence[Heard]:
            self.seconds += block.seconds
            self.hears_speech = 1.5 < self.seconds < 3.7
            return super().accept(block)

    heard = list(Listener(FakeMicrophone(blocks(16_000, [16_000] * 5)), Hearing()).heard())
    assert heard == [Quiet(1), Speaking(0), Speaking(1), Speaking(2), Quiet(1)]


def test_reset_empties_microphone_resampler_and_recogniser() -> None:
    microphone, recogniser = FakeMicrophone(blocks(48_000, [960] * 10)), FakeRecogniser([Transcript("one", "fake")])
    listener = Listener(microphone, recogniser)
    next(listener.heard())
    listener.reset()
    assert microphone.waiting == []
    assert recogniser.resets == 1
    assert recogniser.pcm == b""


def test_after_a_reset_the_cut_does_not_show_either() -> None:
    def rest_of_sound(length: int) -> bytes:
        class Recording(FakeMicrophone):
            def flush(self) -> None: ...

        recogniser = FakeRecogniser([Transcript("one", "fake")])
        listener = Listener(Recording(blocks(48_000, [length] * (48_000 // length))), recogniser)
        for _ in listener.heard():
            listener.reset()
        return recogniser.pcm

    assert rest_of_sound(960) == rest_of_sound(12_000)


def test_what_is_given_comes_after_what_she_was_just_saying() -> None:
    """The button is pressed in the middle of a sentence."""
    danger = Transcript("i am bleeding", "fake")
    recogniser = FakeRecogniser()
    listener = Listener(FakeMicrophone(blocks(16_000, [320, 320])), recogniser)
    recogniser.left = [NothingHeard("a breath"), danger]
    heard = listener.heard()
    assert next(heard) == NothingHeard("a breath")
    listener.give(Woken())
    assert list(heard) == [danger, Woken()]


def test_lost_blocks_are_counted() -> None:
    microphone = FakeMicrophone([AudioBlock(bytes(640), 16_000, lost_blocks=2), AudioBlock(bytes(640), 16_000, lost_blocks=3)])
    listener = Listener(microphone, FakeRecogniser())
    list(listener.heard())
    assert listener.lost_blocks == 5


def test_a_source_may_change_its_rate() -> None:
    microphone = FakeMicrophone([*blocks(16_000, [1_600]), *blocks(48_000, [4_800])])
    recogniser = FakeRecogniser()
    list(Listener(microphone, recogniser).heard())
    assert len(recogniser.pcm) == pytest.approx(2 * 3_200, abs=8)


def test_an_unknown_recogniser_lists_those_there_are(tmp_path: object) -> None:
    with pytest.raises(HearingError) as error:
        open_recogniser("ears", tmp_path)  # type: ignore[arg-type]
    assert '"ears"' in str(error.value)
    assert all(name in str(error.value) for name in RECOGNISERS)
