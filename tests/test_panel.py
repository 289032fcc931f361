"""The light and the button, on gpiozero's own mock pins: no board is needed.

That the program goes on without them is tried where it starts without its wake word, in tests/hearing/test_waking.py.
"""

from __future__ import annotations

import queue
from collections.abc import Iterator

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from skill.assistant import Assistant
from skill.errors import PanelError
from skill.hearing.listener import Listener
from skill.messages import AskedAgain, AudioBlock, Heard, Line, Reply, Speech, Tone, Transcript, Woken
from skill.mouth import Mouth
from skill.panel import HELD_SECONDS, Panel, PanelMicrophone, PanelSpeaker
from tests.fakes import FakeInterpreter, FakeMicrophone, FakeRecogniser, FakeResponder, FakeSpeaker, FakeVoice

LED, BUTTON = 17, 27
BLOCK = AudioBlock(bytes(640), 16_000)
TONES = {tone: Speech(f"({tone.value})".encode(), 8_000) for tone in Tone}


class Board:
    """The mock pins as hands and eyes meet them: the button connects its pin to ground."""

    def __init__(self, factory: MockFactory) -> None:
        self._factory = factory

    @property
    def is_lit(self) -> bool:
        return bool(self._factory.pin(LED).state)

    def press(self) -> None:
        self._factory.pin(BUTTON).drive_low()

    def release(self) -> None:
        self._factory.pin(BUTTON).drive_high()


@pytest.fixture
def board() -> Iterator[Board]:
    before, factory = Device.pin_factory, MockFactory()
    Device.pin_factory = factory
    yield Board(factory)
    factory.reset()
    Device.pin_factory = before


@pytest.fixture
def panel(board: Board) -> Iterator[Panel]:
    made = Panel(LED, BUTTON)
    yield made
    made.close()


@pytest.fixture
def given(panel: Panel) -> queue.Queue[Heard | str]:
    """What the button did: "stop", or what it gave to the ear."""
    did: queue.Queue[Heard | str] = queue.Queue()
    panel.connect(lambda: did.put("stop"), did.put)
    return did


def all_of(did: queue.Queue[Heard | str]) -> list[Heard | str]:
    return [did.get_nowait() for _ in range(did.qsize())]


# --- the light ---------------------------------------------------------------------------------------------------------


def test_the_light_is_on_while_it_listens_and_off_while_it_speaks(board: Board, panel: Panel) -> None:
    seen: list[tuple[str, bool]] = []

    class Looking(FakeSpeaker):
        def play(self, speech: Speech) -> bool:
            seen.append((speech.pcm.decode(), board.is_lit))
            return super().play(speech)

    microphone = PanelMicrophone(FakeMicrophone([BLOCK]), panel)
    assert not board.is_lit
    mouth = Mouth(FakeVoice(), PanelSpeaker(Looking(), panel), {}, lambda text: seen.append(("thinking", board.is_lit)))
    assistant = Assistant(FakeInterpreter(), FakeResponder([Reply((Line("One."), Line("Two.")))]))
    listener = Listener(microphone, FakeRecogniser([Transcript("a", "fake")]))
    assistant.converse(listener, mouth, lambda turn: None, lambda other: None)
    assert seen == [("thinking", True), ("One.", False), ("Two.", False)]
    assert not board.is_lit  # the sound has ended


def test_after_it_has_spoken_the_light_comes_back_with_the_first_sound(board: Board, panel: Panel) -> None:
    PanelSpeaker(FakeSpeaker(), panel).play(Speech(b"words", 8_000))
    sound = PanelMicrophone(FakeMicrophone([BLOCK]), panel).blocks()
    assert not board.is_lit
    next(sound)
    assert board.is_lit


def test_closed_it_is_dark_and_its_pins_are_free(board: Board) -> None:
    panel = Panel(LED, BUTTON)
    panel.listening()
    panel.close()
    panel.close()
    panel.listening()
    assert not board.is_lit
    Panel(LED, BUTTON).close()


# --- the button --------------------------------------------------------------------------------------------------------


def test_a_press_while_it_listens_calls_it(board: Board, panel: Panel, given: queue.Queue[Heard | str]) -> None:
    panel.listening()
    board.press()
    assert all_of(given) == []
    board.release()
    assert all_of(given) == [Woken()]


def test_a_press_while_it_speaks_stops_the_speech_at_once_and_no_more(board: Board, panel: Panel, given: queue.Queue[Heard | str]) -> None:
    panel.speaking()
    board.press()
    assert all_of(given) == ["stop"]
    panel.listening()
    board.release()
    assert all_of(given) == []


@pytest.mark.parametrize("speaks", [False, True])
def test_held_down_it_asks_again_once(board: Board, panel: Panel, given: queue.Queue[Heard | str], speaks: bool) -> None:
    (panel.speaking if speaks else panel.listening)()
    board.press()
    if speaks:
        assert given.get(timeout=1) == "stop"
    assert given.get(timeout=HELD_SECONDS + 20) == AskedAgain()
    board.release()
    assert all_of(given) == []
    board.press()
    board.release()
    assert all_of(given) == ["stop" if speaks else Woken()]


def test_pressed_she_hears_the_tone_and_is_listened_to(board: Board, panel: Panel) -> None:
    class Pressed(FakeMicrophone):
        """The button is pressed before the second block."""

        def blocks(self) -> Iterator[AudioBlock]:
            yield BLOCK
            board.press()
            board.release()
            yield BLOCK

    speaker = FakeSpeaker()
    listener = Listener(PanelMicrophone(Pressed([]), panel), FakeRecogniser())
    mouth = Mouth(FakeVoice(), PanelSpeaker(speaker, panel), TONES, lambda text: None)
    panel.connect(mouth.stop, listener.give)
    Assistant(FakeInterpreter(), FakeResponder([])).converse(listener, mouth, lambda turn: None, lambda other: None)
    assert [words for words, _ in speaker.played] == ["(listening)"]


# --- without -----------------------------------------------------------------------------------------------------------


def test_without_pins_there_is_nothing_to_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "no such factory")
    panel = Panel()
    panel.listening()
    panel.speaking()
    panel.close()


def test_pins_that_are_not_to_be_had_are_one_sentence_and_leave_nothing_behind(board: Board) -> None:
    holder = Panel(button_pin=BUTTON)
    with pytest.raises(PanelError, match=r"^The light and the button cannot be used \(.*\): look at `led_pin` and `button_pin`, and .*\.$"):
        Panel(LED, BUTTON)
    holder.close()
    Panel(LED, BUTTON).close()
