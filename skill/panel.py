"""A light and a button on the pins of a Raspberry Pi, through gpiozero. Both may be left out.

The light is on while it listens, and off while it speaks or is deaf. The button: a press lets her talk without any call, or stops the
speech; held down, it asks for the last danger line again. gpiozero calls from threads of its own.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

from skill.errors import PanelError
from skill.messages import AskedAgain, AudioBlock, Heard, Speech, Woken
from skill.passing_on import MicrophonePassingOn, SpeakerPassingOn
from skill.stages import Microphone, Speaker

HELD_SECONDS = 1.5
BOUNCE_SECONDS = 0.02  # a cheap button closes several times within this


class Panel:
    """led_pin, button_pin: BCM numbers; None: there is none. Raises PanelError where the pins cannot be used.

    The light: between its pin and ground, with a resistor. The button: between its pin and ground, with nothing.
    """

    def __init__(self, led_pin: int | None = None, button_pin: int | None = None) -> None:
        self._led: Any = None
        self._button: Any = None
        self._speaks = False
        self._is_spent = False  # this press has done its work already
        self._stop: Callable[[], None] = lambda: None
        self._give: Callable[[Heard], None] = lambda heard: None
        if led_pin is None and button_pin is None:
            return
        # The library makes files where it was started, which as a service may be read-only.
        os.environ.setdefault("LG_WD", tempfile.gettempdir())
        # Otherwise gpiozero tries others after it, one of them over the network, and loses the reason why it failed.
        os.environ.setdefault("GPIOZERO_PIN_FACTORY", "lgpio")
        try:
            from gpiozero import LED, Button

            if led_pin is not None:
                self._led = LED(led_pin)
            if button_pin is not None:
                self._button = Button(button_pin, pull_up=True, bounce_time=BOUNCE_SECONDS, hold_time=HELD_SECONDS)
                self._button.when_pressed = self._pressed
                self._button.when_held = self._held
                self._button.when_released = self._released
        except Exception as exc:  # gpiozero and lgpio have errors without a common base
            self.close()
            raise PanelError(
                f"The light and the button cannot be used ({exc}): look at `led_pin` and `button_pin`, and whether you are in the group "
                "gpio (sudo usermod -aG gpio NAME)."
            ) from exc

    def connect(self, stop: Callable[[], None], give: Callable[[Heard], None]) -> None:
        """What the button does from now on. Both are called from other threads. stop: makes it silent. give: to the ear."""
        self._stop, self._give = stop, give

    def listening(self) -> None:
        """Cheap enough for each piece of sound."""
        self._speaks = False
        self._light(True)

    def speaking(self) -> None:
        self._speaks = True
        self._light(False)

    def close(self) -> None:
        """Dark, and the pins as they were. Safe to call twice."""
        self._light(False)
        led, button, self._led, self._button = self._led, self._button, None, None
        for device in (button, led):
            if device is not None:
                device.close()

    def _light(self, on: bool) -> None:
        if self._led is None or self._led.is_lit == on:
            return
        try:
            self._led.value = on
        except Exception:  # a light that fails is no reason to fall silent
            self._led = None

    def _pressed(self) -> None:
        self._is_spent = self._speaks
        if self._speaks:
            self._stop()

    def _held(self) -> None:
        self._is_spent = True
        self._give(AskedAgain())

    def _released(self) -> None:
        if not self._is_spent:
            self._give(Woken())


class PanelMicrophone(MicrophonePassingOn):
    """Lights the light when sound is taken up."""

    def __init__(self, microphone: Microphone, panel: Panel) -> None:
        super().__init__(microphone)
        self._panel = panel

    def blocks(self) -> Iterator[AudioBlock]:
        for block in super().blocks():
            self._panel.listening()
            yield block


class PanelSpeaker(SpeakerPassingOn):
    """Puts the light out before it sounds. Between two lines nothing is heard, so it stays dark."""

    def __init__(self, speaker: Speaker, panel: Panel) -> None:
        super().__init__(speaker)
        self._panel = panel

    def play(self, speech: Speech) -> bool:
        self._panel.speaking()
        return super().play(speech)
