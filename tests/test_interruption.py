"""It speaks and listens at once: the real loudspeaker and microphone of a virtual sound card, with the room's echo between them."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
import soundfile

from skill.assistant import Assistant
from skill.devices import Kind, choose
from skill.hearing import open_recogniser, open_stop_listener
from skill.hearing.listener import Listener
from skill.hearing.microphone import DeviceMicrophone
from skill.interruption import Cut, Listening, action_seconds
from skill.messages import AudioBlock, Line, Pace, Reply, Speech, Transcript
from skill.mouth import Mouth
from skill.speaking.speaker import DeviceSpeaker
from tests.fakes import FakeInterpreter, FakeMicrophone, FakeRecogniser, FakeResponder, FakeSpeaker, FakeVoice
from tests.virtual_sound import VirtualSoundCard

# Half a minute, as one line.
LONG = "Milk, greens, beans and nuts are good for you and your baby. They will not take back pain away. " * 3
SAY_AGAIN_SECONDS = 2.5
BLOCK = AudioBlock(bytes(3200), 16_000)


class RecordedVoice:
    """Its lines are recordings made before."""

    name, version, speed = "recorded", "1", 1.0

    def __init__(self, spoken: Callable[[str], Path]) -> None:
        self._spoken = spoken

    def render(self, line: Line) -> Speech:
        samples, rate_hz = soundfile.read(self._spoken(line.text), dtype="int16")
        return Speech(samples.astype("<i2").tobytes(), rate_hz)

    def close(self) -> None: ...


@pytest.fixture
def echo(sound_card: VirtualSoundCard) -> Iterator[None]:
    """All that the speaker says goes into the microphone."""
    load = ["pactl", "load-module", "module-loopback", "source=speaker.monitor", "sink=room", "latency_msec=100"]
    loaded = subprocess.run(load, env=sound_card.environment, check=True, capture_output=True, text=True)
    yield
    subprocess.run(["pactl", "unload-module", loaded.stdout.strip()], env=sound_card.environment, check=True)


@pytest.fixture
def mouth(sound_card: VirtualSoundCard, echo: None, spoken: Callable[[str], Path], whisper_model: Path) -> Iterator[Mouth]:
    """Speaks through the card and listens with all real parts. Only danger would be answered."""
    with ExitStack() as stack:
        microphone = stack.enter_context(closing(DeviceMicrophone(choose(Kind.MICROPHONE, "auto"))))
        speaker = DeviceSpeaker(choose(Kind.SPEAKER, "auto"))
        recogniser = open_recogniser("whisper", whisper_model)
        listener = Listener(microphone, recogniser)
        mouth = stack.enter_context(closing(Mouth(RecordedVoice(spoken), speaker, {}, lambda text: None)))
        judge = Assistant(FakeInterpreter(), FakeResponder([])).judge
        mouth.interruption = Listening(microphone, listener, judge, open_stop_listener(None, recogniser))
        yield mouth


@contextmanager
def saying(card: VirtualSoundCard, wav: Path) -> Iterator[None]:
    """Somebody says this again and again, as one does when it is not heard at once."""
    over = threading.Event()

    def say() -> None:
        while not over.wait(SAY_AGAIN_SECONDS):
            card.play_into_microphone(wav)

    person = threading.Thread(target=say)
    person.start()
    try:
        yield
    finally:
        over.set()
        person.join()


def test_stop_makes_it_silent_in_the_middle(mouth: Mouth, sound_card: VirtualSoundCard, spoken: Callable[[str], Path]) -> None:
    spoken(LONG)
    with saying(sound_card, spoken("Stop!")):
        assert not mouth.say(Reply((Line(LONG),)))
    assert mouth.was_stopped


def test_its_own_voice_in_the_microphone_does_not(mouth: Mouth) -> None:
    """Two lines: in the pause between them nobody speaks either."""
    assert mouth.say(Reply((Line("Do not sit or stand for a long time."), Line("Rest a hand on your hip, and turn slowly."))))
    assert not mouth.was_stopped


# --- what is said in the pauses ------------------------------------------------------------------------------------------


def listening(heard: list[Transcript], cut: Cut, hears_all: bool = False) -> tuple[Mouth, FakeSpeaker]:
    microphone = FakeMicrophone([])
    microphone.flush = lambda: None  # type: ignore[method-assign]  # its blocks are those of the pause
    microphone.waiting = [BLOCK] * 30
    speaker = FakeSpeaker()
    mouth = Mouth(FakeVoice(), speaker, {}, lambda text: None)
    mouth.interruption = Listening(microphone, Listener(microphone, FakeRecogniser(heard)), lambda transcript: cut, None, hears_all)
    return mouth, speaker


TWO_LINES = Reply((Line("one"), Line("two", Pace.DANGER)))


@pytest.mark.parametrize(("cut", "played"), [(Cut.NOTHING, ["one", "two"]), (Cut.SILENCE, ["one"]), (Cut.ANSWER, ["one"])])
def test_what_is_said_between_two_lines_counts(cut: Cut, played: list[str]) -> None:
    mouth, speaker = listening([Transcript("i am bleeding", "fake")], cut)
    assert mouth.say(TWO_LINES) is (cut is Cut.NOTHING)
    assert [words for words, _ in speaker.played] == played
    heard = mouth.interruption.heard()
    assert (heard.text if heard else None) == ("i am bleeding" if cut is Cut.ANSWER else None)
    assert mouth.interruption.heard() is None


def test_where_all_is_heard_a_danger_is_heard_during_a_line() -> None:
    mouth, _ = listening([Transcript("i am bleeding", "fake")], Cut.ANSWER, hears_all=True)
    mouth.say(Reply((Line("one"),)))
    heard = mouth.interruption.heard()
    assert heard is not None
    assert heard.text == "i am bleeding"


def test_a_line_that_holds_a_stop_word_is_said_without_listening_for_them() -> None:
    class Counting:
        begun = 0

        def begin(self, speech: Speech) -> None:
            self.begun += 1

        def spotted(self, block: AudioBlock) -> str:
            return ""

    words, microphone = Counting(), FakeMicrophone([])
    mouth = Mouth(FakeVoice(), FakeSpeaker(), {}, lambda text: None)
    mouth.interruption = Listening(microphone, Listener(microphone, FakeRecogniser()), lambda transcript: Cut.NOTHING, words)
    mouth.say(Reply((Line("Your nearest hospital is Quiet Waters."), Line("Your helper is Mary."))))
    assert words.begun == 1


class SaysStop:
    """Somebody says this word at once, in each line."""

    def __init__(self, word: str = "stop") -> None:
        self.word = word
        self.said = threading.Event()

    def begin(self, speech: Speech) -> None:
        self.blocks = 0

    def spotted(self, block: AudioBlock) -> str:
        self.blocks += 1
        self.said.set()
        return self.word if self.blocks == 1 else ""


ACTION = "Go to a hospital now. Do not lose time. Say that you are pregnant. Take someone with you if you can, and go now."


@pytest.mark.parametrize(("pace", "seconds"), [(Pace.ORDINARY, 0.1), (Pace.DANGER, 4.6)])
def test_a_stop_in_a_danger_line_takes_effect_when_what_to_do_was_said(pace: Pace, seconds: float) -> None:
    """A third of the line's ten seconds, and a second for the loudspeaker to begin; each block is a tenth of a second."""
    line, speech = Line(ACTION, pace), Speech(bytes(2 * 16_000 * 10), 16_000)
    microphone, words, silenced = FakeMicrophone([]), SaysStop(), threading.Event()
    microphone.flush = lambda: None  # type: ignore[method-assign]  # its blocks are those of the line
    microphone.waiting = [BLOCK] * 100
    listening = Listening(microphone, Listener(microphone, FakeRecogniser()), lambda transcript: Cut.NOTHING, words)
    with listening.during(line, speech, silenced.set, action_seconds(line, speech)):
        assert silenced.wait(10)
    assert words.blocks == pytest.approx(seconds / 0.1, abs=2)


def test_a_danger_line_that_ends_sooner_is_the_last() -> None:
    words = SaysStop()

    class Speaker(FakeSpeaker):
        """Plays until it was said."""

        def play(self, speech: Speech) -> bool:
            return words.said.wait(10) and super().play(speech)

    microphone, speaker = FakeMicrophone([]), Speaker()
    microphone.flush = lambda: None  # type: ignore[method-assign]
    microphone.waiting = [BLOCK] * 3
    mouth = Mouth(FakeVoice(), speaker, {}, lambda text: None)
    mouth.interruption = Listening(microphone, Listener(microphone, FakeRecogniser()), lambda transcript: Cut.NOTHING, words)
    assert not mouth.say(Reply((Line("Go now.", Pace.DANGER), Line("Your helper is Mary."))))
    assert [text for text, _ in speaker.played] == ["Go now."]
    assert mouth.was_stopped


def test_a_word_that_sounds_like_one_of_the_line_does_not_count() -> None:
    words = SaysStop("wait")
    for text, is_stopped in (("Did you ask about your weight?", False), ("Did you ask about your sleep?", True)):
        microphone, silenced = FakeMicrophone([]), threading.Event()
        microphone.flush = lambda: None  # type: ignore[method-assign]
        microphone.waiting = [BLOCK] * 3
        words.said.clear()
        listening = Listening(microphone, Listener(microphone, FakeRecogniser()), lambda transcript: Cut.NOTHING, words)
        with listening.during(Line(text), Speech(b"", 16_000), silenced.set):
            assert words.said.wait(10)
        assert silenced.is_set() is is_stopped
