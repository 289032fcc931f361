"""Which microphones and speakers there are, and which one is meant.

Devices are chosen by a part of their name: card numbers change at reboot (smart-mirror#495, jarvis#93). PortAudio reads its list
of devices once; only ending and starting it anew renews that list (PortAudio#447, #750), and this must not happen under an open
stream. So streams are opened through `open_stream`. PortAudio has one state a process, which is why this module has some too.
"""

from __future__ import annotations

import ctypes
import functools
import re
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from types import ModuleType
from typing import Any, TypeVar

from skill.errors import BackCareError, HearingError, SpeakingError

_lock = threading.Lock()
_streams: weakref.WeakSet[Any] = weakref.WeakSet()
_Stream = TypeVar("_Stream")

_CARD_NUMBERS = re.compile(r"\s*\((plug)?hw:\d+(,\d+)?\)")


class Kind(Enum):
    """What a device is for."""

    MICROPHONE = "microphone"
    SPEAKER = "speaker"

    def error(self, sentence: str) -> BackCareError:
        """The error of the stage that needs such a device."""
        return HearingError(sentence) if self is Kind.MICROPHONE else SpeakingError(sentence)


@dataclass(frozen=True, slots=True)
class Device:
    """One microphone or speaker.

    index: PortAudio's number, good only until the next `list_devices`. name: without the card numbers that ALSA adds.
    rate_hz: the rate it runs at by itself. channels: the most it has. host: the sound system that offers it, such as ALSA.
    """

    index: int
    name: str
    rate_hz: int
    channels: int
    is_default: bool
    host: str


def list_devices(kind: Kind) -> tuple[Device, ...]:
    """Those plugged in now, or, while a stream is open, those plugged in when it was opened. Raises when PortAudio is missing."""
    sounddevice = portaudio(kind)
    with _lock:
        if all(stream.closed for stream in _streams):
            sounddevice._terminate()
            sounddevice._initialize()
        found, hosts = sounddevice.query_devices(), sounddevice.query_hostapis()
        default = sounddevice.default.device[0 if kind is Kind.MICROPHONE else 1]
    direction = "input" if kind is Kind.MICROPHONE else "output"
    if default < 0 and hosts:
        default = hosts[0][f"default_{direction}_device"]
    return tuple(
        Device(
            index=index,
            name=_CARD_NUMBERS.sub("", entry["name"]),
            rate_hz=round(entry["default_samplerate"]),
            channels=entry[f"max_{direction}_channels"],
            is_default=index == default,
            host=hosts[entry["hostapi"]]["name"],
        )
        for index, entry in enumerate(found)
        if entry[f"max_{direction}_channels"] > 0
    )


def choose(kind: Kind, wanted: str) -> Device:
    """The device with `wanted` in its name, in any case; "auto": the system's default. Raises HearingError or SpeakingError."""
    devices = list_devices(kind)
    if not devices:
        raise kind.error(f"There is no {kind.value}: plug one in (a USB one is the safest) and start again.")
    if wanted.strip().lower() == "auto":
        return next((device for device in devices if device.is_default), devices[0])
    name = wanted.strip().lower()
    fitting = [device for device in devices if name and name in device.name.lower()]
    if not fitting:
        known = ", ".join(dict.fromkeys(f'"{device.name}"' for device in devices))
        raise kind.error(f'No {kind.value} has "{wanted}" in its name: plug it in, or choose "auto" or a part of one of these: {known}.')
    return min(fitting, key=lambda device: (device.name.lower() != name, not device.is_default))


def open_stream(make: Callable[[], _Stream]) -> _Stream:
    """Open a sounddevice stream so that PortAudio is not restarted under it."""
    with _lock:
        stream = make()
        _streams.add(stream)
        return stream


def portaudio(kind: Kind) -> ModuleType:
    """The sounddevice module; the error for `kind` when PortAudio, the library under it, is missing."""
    _silence_alsa()
    try:
        import sounddevice
    except OSError as exc:
        raise kind.error(f"No {kind.value} can be used because PortAudio is missing: run script/setup, which installs it.") from exc
    return sounddevice  # type: ignore[no-any-return]


@functools.cache
def _silence_alsa() -> object:
    """ALSA explains on standard error each device that is not there; our own messages would drown in it."""
    try:
        alsa = ctypes.CDLL("libasound.so.2")
    except OSError:
        return None
    handler = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p)(_say_nothing)
    alsa.snd_lib_error_set_handler(handler)
    return handler  # the cache keeps it alive: ALSA holds only a bare pointer


def _say_nothing(*_: object) -> None: ...
