"""Ears and recognisers that outlive their failures, with microphones and recognisers that fail on purpose."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from skill.errors import HearingError, ModelError
from skill.hearing import open_recogniser
from skill.hearing.lasting_ear import LastingEar
from skill.hearing.lasting_recogniser import FIRST_PAUSE_SECONDS, LastingRecogniser
from skill.hearing.listener import Listener
from skill.hearing.recording import RecordingMicrophone
from skill.messages import AudioBlock, Deaf, Heard, HearsAgain, Missed, Transcript
from skill.stages import Microphone, Recogniser
from tests.fakes import FakeMicrophone, FakeRecogniser

BLOCK = AudioBlock(bytes(640), 16_000)


class FailingMicrophone(FakeMicrophone):
    """Gives its blocks, and is lost then."""

    def blocks(self) -> Iterator[AudioBlock]:
        yield from super().blocks()
        if not self.closed:
            raise HearingError("The fake microphone was pulled out. Plug it in.")


class Cupboard:
    """Hands out these microphones in turn; None: there is none now. Notes whether it was asked to look anew."""

    def __init__(self, *microphones: FakeMicrophone | None) -> None:
        self.left = list(microphones)
        self.looked_anew: list[bool] = []

    def open(self, anew: bool) -> Microphone:
        self.looked_anew.append(anew)
        microphone = self.left.pop(0)
        if microphone is None:
            raise HearingError("There is no fake microphone. Plug one in.")
        return microphone


def words(*texts: str) -> list[Heard]:
    return [Transcript(text, "fake") for text in texts]


def test_a_lost_microphone_is_looked_for_until_it_is_back_and_then_heard() -> None:
    first, last = FailingMicrophone([BLOCK]), FakeMicrophone([BLOCK, BLOCK])
    cupboard = Cupboard(first, None, None, None, last)
    ear = LastingEar(cupboard.open, FakeRecogniser(words("a", "b")), second=0.001)
    heard = [type(each) if not isinstance(each, Transcript) else each.text for each in ear.heard()]
    assert heard == ["a", *[Deaf] * (1 + 2 + 4), HearsAgain, "b"]
    assert cupboard.looked_anew == [False, False, True, True, True]  # at first the others are left in peace
    assert first.closed


def test_how_it_was_lost_is_told_with_the_line_for_it() -> None:
    lost = LastingEar(Cupboard(FailingMicrophone([]), None, FakeMicrophone([BLOCK])).open, FakeRecogniser(), second=0.001)
    lost.open()
    missing = LastingEar(Cupboard(None, None, FakeMicrophone([BLOCK])).open, FakeRecogniser(), second=0.001)
    for ear, line in ((lost, "ear_lost"), (missing, "ear_missing")):
        told = next(each for each in ear.heard() if isinstance(each, Deaf))
        assert (told.line, told.why) == (line, "There is no fake microphone. Plug one in.")


def test_a_microphone_that_opens_and_gives_no_sound_is_not_back() -> None:
    cupboard = Cupboard(FailingMicrophone([BLOCK]), FailingMicrophone([]), FailingMicrophone([]), FakeMicrophone([BLOCK]))
    heard = list(LastingEar(cupboard.open, FakeRecogniser(), second=0.001).heard())
    assert [type(each) for each in heard] == [Deaf, Deaf, Deaf, HearsAgain]


def test_it_ends_when_it_is_closed_while_it_waits() -> None:
    ear = LastingEar(Cupboard(None, *[None] * 9).open, FakeRecogniser(), second=0.001)
    heard = []
    for each in ear.heard():
        heard.append(each)
        ear.close()
    assert [type(each) for each in heard] == [Deaf]


# --- the recogniser ----------------------------------------------------------------------------------------------------


class BrokenRecogniser(FakeRecogniser):
    name = "broken"

    def accept(self, block: AudioBlock) -> Sequence[Heard]:
        raise ValueError("what she said")

    def reset(self) -> None:
        raise ValueError("what she said")


def fails() -> Recogniser:
    raise ModelError("The fake model is gone. Fetch it.")


def other_words() -> Recogniser:
    return FakeRecogniser(words("other"))


def accept_all(recogniser: LastingRecogniser, blocks: int) -> list[Heard]:
    return list(itertools.chain.from_iterable(recogniser.accept(BLOCK) for _ in range(blocks)))


def test_a_recogniser_that_fails_is_built_anew_and_what_was_said_is_missed() -> None:
    recogniser = LastingRecogniser(BrokenRecogniser(), [lambda: FakeRecogniser(words("again")), fails])
    missed, again = accept_all(recogniser, 2)
    assert isinstance(missed, Missed)
    assert "what she said" not in missed.why
    assert isinstance(again, Transcript)
    assert recogniser.name == "fake"


@pytest.mark.parametrize("same", [BrokenRecogniser, fails])
def test_where_a_fresh_one_fails_too_the_other_kind_takes_over(same: Callable[[], Recogniser]) -> None:
    heard = accept_all(LastingRecogniser(BrokenRecogniser(), [same, other_words]), 3)
    assert isinstance(heard[0], Missed)
    assert isinstance(heard[-1], Transcript)
    assert heard[-1].text == "other"


def test_where_none_works_it_says_so_each_second_and_tries_again() -> None:
    mended: list[bool] = []
    recogniser = LastingRecogniser(BrokenRecogniser(), [lambda: FakeRecogniser() if mended else fails()])
    heard = accept_all(recogniser, round(3.1 / BLOCK.seconds))
    assert [type(each) for each in heard] == [Deaf] * 4
    assert {each.line for each in heard if isinstance(each, Deaf)} == {"recogniser_broken"}
    assert not recogniser.hears_speech
    recogniser.reset()
    assert recogniser.finish() == ()
    mended.append(True)
    assert isinstance(accept_all(recogniser, round(FIRST_PAUSE_SECONDS / BLOCK.seconds))[-1], HearsAgain)


def test_one_that_fails_at_every_sound_does_not_apologise_for_ever() -> None:
    recogniser = LastingRecogniser(BrokenRecogniser(), [BrokenRecogniser, BrokenRecogniser])
    heard = accept_all(recogniser, round(60 / BLOCK.seconds))
    assert sum(isinstance(each, Missed) for each in heard) < 12


def test_a_failure_while_it_is_made_to_forget_is_mended_too() -> None:
    recogniser = LastingRecogniser(BrokenRecogniser(), [other_words])
    recogniser.reset()
    assert [each.text for each in accept_all(recogniser, 1) if isinstance(each, Transcript)] == ["other"]


def test_the_real_recogniser_takes_over_in_the_middle_of_the_sound(whisper_model: Path, spoken: Callable[[str], Path]) -> None:
    """What she says while it fails is lost and apologised for; what she says next is understood."""

    class FailsOnce(FakeRecogniser):
        def accept(self, block: AudioBlock) -> Sequence[Heard]:
            raise RuntimeError("out of memory")

    recogniser = LastingRecogniser(FailsOnce(), [lambda: open_recogniser("whisper", whisper_model)])
    heard = list(Listener(RecordingMicrophone(spoken("What shoes should I wear?")), recogniser).heard())
    assert isinstance(heard[0], Missed)
    assert ["shoes" in each.text for each in heard if isinstance(each, Transcript)] == [True]
