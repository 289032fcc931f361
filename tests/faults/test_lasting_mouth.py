"""Speakers and voices that outlive their failures, and what is said of failures, with parts that fail on purpose."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from skill.answering.phrases import Phrases
from skill.answering.script import load_script
from skill.commands.attended_ear import AttendedEar, Pauses
from skill.errors import SpeakingError
from skill.messages import Deaf, Heard, HearsAgain, Line, Missed, Quiet, Reply, Speech, Tier, Tone
from skill.mouth import Mouth
from skill.service import Vitals, Watchdog
from skill.speaking.lasting_speaker import LastingSpeaker
from skill.speaking.lasting_voice import AGAIN_SECONDS, LastingVoice
from skill.speaking.pyttsx3_voice import Pyttsx3Voice
from skill.stages import Speaker
from skill.state import StateFile, load_state
from skill.understanding.intents import IntentBook
from tests.fakes import FakeSpeaker, FakeVoice
from tests.knowledge import book

__all__ = ["book"]

WORDS = Speech(b"Go now.", 8_000)
TONES = {tone: Speech(f"({tone.value})".encode(), 8_000) for tone in Tone}
DANGER = Reply((Line("Go now."),), ("danger.fever",), Tier.NOW)
SHOES = Reply((Line("Flat shoes."),))


class Shop:
    """Hands out these speakers in turn; None: there is none now. Notes whether it was asked to look anew."""

    def __init__(self, *speakers: FakeSpeaker | None) -> None:
        self.left = list(speakers)
        self.looked_anew: list[bool] = []

    def find(self, anew: bool) -> Speaker:
        self.looked_anew.append(anew)
        speaker = self.left.pop(0)
        if speaker is None:
            raise SpeakingError("There is no fake speaker. Plug one in.")
        return speaker


def test_a_line_whose_speaker_fails_is_begun_again_on_the_one_that_is_there_now() -> None:
    broken, good = FakeSpeaker(broken=True), FakeSpeaker()
    shop = Shop(broken, good)
    speaker = LastingSpeaker(shop.find, volume=30)
    assert speaker.play(WORDS)
    assert good.played == [("Go now.", 30)]
    assert shop.looked_anew == [False, True]
    assert broken.closed


def test_while_it_is_broken_each_line_tries_once_and_the_volume_is_kept() -> None:
    good = FakeSpeaker()
    shop = Shop(None, None, None, good)
    speaker = LastingSpeaker(shop.find, volume=50)
    with pytest.raises(SpeakingError):
        speaker.play(WORDS)
    speaker.volume = 70
    with pytest.raises(SpeakingError):
        speaker.play(WORDS)
    assert speaker.play(WORDS)
    assert good.played == [("Go now.", 70)]
    assert shop.looked_anew == [False, True, True, True]


def test_a_stop_while_a_new_speaker_is_looked_for_counts() -> None:
    good = FakeSpeaker()

    def find(anew: bool) -> Speaker:
        if anew:
            speaker.stop()
        return good if anew else FakeSpeaker(broken=True)

    speaker = LastingSpeaker(find, volume=50)
    assert not speaker.play(WORDS)
    assert good.played == []


# --- the voice -----------------------------------------------------------------------------------------------------------


def test_the_spare_voice_speaks_meanwhile_and_the_first_is_tried_again_later() -> None:
    now, told, first, spare = [0.0], list[str](), FakeVoice(broken=True), FakeVoice()
    second_first = FakeVoice()
    firsts = [first, second_first]
    voice = LastingVoice((lambda: firsts.pop(0), lambda: spare), told.append, clock=lambda: now[0])
    voice.speed = 0.8
    assert voice.render(Line("One.")).pcm == b"One."
    assert (first.closed, spare.speed, told) == (True, 0.8, ["The fake voice is broken. Mend it."])
    spare.broken = True  # so that what is rendered now is the first one's
    with pytest.raises(SpeakingError):
        voice.render(Line("Two."))
    now[0] = AGAIN_SECONDS
    assert voice.render(Line("Three.")).pcm == b"Three."
    assert second_first.speed == 0.8
    voice.close()
    assert second_first.closed


def test_where_no_voice_can_be_built_the_reason_is_given() -> None:
    def nothing() -> FakeVoice:
        raise SpeakingError("No voice is installed. Run `script/setup`.")

    with pytest.raises(SpeakingError, match="script/setup"):
        LastingVoice((nothing, nothing))


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
def test_a_workers_end_does_not_cost_the_answer(blow: signal.Signals) -> None:
    """The worker of the real voice dies or hangs between two sentences."""
    voice = LastingVoice((lambda: Pyttsx3Voice(answer_seconds=1.5),))
    try:
        voice.render(Line("One."))
        found = subprocess.run(["pgrep", "-P", str(os.getpid()), "-f", "pyttsx3_worker"], capture_output=True, text=True, check=True)
        workers = found.stdout.split()
        os.kill(int(workers[-1]), blow)
        assert voice.render(Line("Two.")).seconds > 0.2
        found = subprocess.run(["pgrep", "-P", str(os.getpid()), "-f", "pyttsx3_worker"], capture_output=True, text=True, check=True)
        assert found.stdout.split()[-1] != workers[-1]
    finally:
        voice.close()


# --- what is said of it --------------------------------------------------------------------------------------------------


class Ear:
    """Hears these values; before the third of them `between` is done."""

    def __init__(self, heard: Sequence[Heard], between: Callable[[], object] = lambda: None) -> None:
        self.left = list(heard)
        self.between = between
        self.resets = 0

    def heard(self) -> Iterator[Heard]:
        for number, one in enumerate(self.left):
            if number == 2:
                self.between()
            yield one

    def reset(self) -> None:
        self.resets += 1


class Room:
    """An attended ear and what came of it."""

    def __init__(self, book: IntentBook, folder: Path) -> None:
        self.phrases = Phrases(book, load_script(book.folder, book.intents))
        self.speaker = FakeSpeaker()
        self.log: list[str] = []
        self.mouth = Mouth(FakeVoice(), self.speaker, TONES, lambda text: None, self.log.append)
        self.folder = folder

    def attend(self, heard: Sequence[Heard], between: Callable[[], object] = lambda: None) -> list[str]:
        """The lines that were spoken, by their keys, and their tones."""
        ear = Ear(heard, between)
        with Vitals(StateFile(self.folder / "state.json"), Watchdog({})) as vitals:
            attended = AttendedEar(ear, self.mouth, self.phrases, vitals, self.log.append)
            assert list(attended.heard()) == list(heard)
        keys = {line.text: line.key.removeprefix("lines ") for _, line in self.phrases.spoken()}
        spoken = [keys.get(words, words) for words, _ in self.speaker.played]
        assert ear.resets >= (1 if spoken else 0)
        return spoken


@pytest.fixture
def room(book: IntentBook, tmp_path: Path) -> Room:
    return Room(book, tmp_path)


def lost(seconds: float) -> Deaf:
    return Deaf("ear_lost", "The microphone is gone. Plug it in.", seconds)


def test_that_it_cannot_hear_is_said_once_and_that_it_hears_again_too(room: Room) -> None:
    said = room.attend([lost(0), lost(1), lost(2), HearsAgain(3.0)])
    assert said == ["(cannot hear)", "ear_lost", "ear_back"]
    assert room.log == ["The microphone is gone. Plug it in.", "It hears again, after 3 seconds."]
    state = load_state(room.folder / "state.json")
    assert state is not None
    assert (state.broken, state.repaired) == ((), {"hearing": 1})
    assert state.last_failure is not None
    assert state.last_failure.what == "The microphone is gone. Plug it in."


def test_a_moment_without_sound_is_not_spoken_of(room: Room) -> None:
    assert room.attend([HearsAgain(0.4)]) == []
    assert room.log == []


def test_where_the_loss_could_not_be_said_the_repair_is(room: Room) -> None:
    """As when the sound server dies: nothing can be heard and nothing said."""
    room.speaker.broken = True

    def mend() -> None:
        room.speaker.broken = False

    assert room.attend([lost(0), lost(0), HearsAgain(60.0)], mend) == ["ear_back"]
    assert "The fake speaker is broken. Plug it in." in room.log
    assert room.mouth.problem == ""


def test_words_that_were_lost_with_the_recogniser_are_apologised_for(room: Room) -> None:
    assert room.attend([Missed("The recogniser failed.")]) == ["(cannot hear)", "missed"]
    state = load_state(room.folder / "state.json")
    assert state is not None
    assert state.repaired == {"recogniser": 1}


def test_while_no_recogniser_works_the_status_is_that_it_does_not_hear(room: Room, tmp_path: Path) -> None:
    state = StateFile(tmp_path / "other.json", least_seconds=0)
    vitals = Vitals(state, Watchdog({}))
    vitals.listening()
    assert state._state.is_hearing
    vitals.failed("recogniser", "No recogniser works.")
    vitals.listening()  # sound arrives all the same
    assert not state._state.is_hearing
    vitals.recovered("recogniser")
    assert state._state.is_hearing
    state.ended()


@pytest.mark.parametrize(
    ("unsaid", "said_late"),
    [
        (DANGER, ["(danger)", "mouth_back", "Go now."]),
        (SHOES, ["mouth_back", "Flat shoes."]),
        (Reply((Line("You are not alone."),), discreet=True), ["mouth_back"]),
    ],
)
def test_an_answer_that_made_no_sound_is_given_when_the_speaker_is_back(room: Room, unsaid: Reply, said_late: list[str]) -> None:
    room.speaker.broken = True
    room.mouth.say(unsaid)
    room.speaker.broken = False
    assert room.attend([Quiet(1), Quiet(2)]) == said_late
    assert room.log[-1] == "It can speak again."
    assert room.mouth.problem == ""


def test_pauses_grow() -> None:
    now = [0.0]
    pauses = Pauses(clock=lambda: now[0])
    tried = []
    for second in range(100):
        now[0] = float(second)
        if pauses.due():
            tried.append(second)
    assert tried == [0, 1, 3, 7, 15, 31, 61, 91]
