"""Which microphones and speakers there are, and which one is meant.

Devices are chosen by a part of their name: card numbers change at reboot (smart-mirror#495, jarvis#93). PortAudio reads its list
of devices once; only ending and starting it anew renews that list (PortAudio#447, #750), and this must not happen under an open
stream. So streams are opened and closed here alone, and whoever renews the list closes all of them first: the owner of each sees
that it is not `alive` and opens a new one. PortAudio has one state a process, which is why this module has some too.

Any call into a sound server that has stopped answering hangs, and so does an ALSA device in some failures (PortAudio#1037). Such
calls are made in threads of their own and given up after STALLED_SECONDS; `hanging_seconds` says whether one is still out.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from types import ModuleType
from typing import Any, TypeVar

from skill.errors import BackCareError, HearingError, SpeakingError

# How long a call into the sound system may take: opening a device takes well under a second.
STALLED_SECONDS = 3.0

# Held while PortAudio opens a stream or is started anew.
_changing = threading.Lock()
# Held for a moment, to look at these or to change them; reentrant, because a signal handler may close a stream.
_book = threading.RLock()
_open: set[Any] = set()
_closing: set[Any] = set()
_calls: dict[object, float] = {}
_times_listed_anew = 0
_Result = TypeVar("_Result")

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

    index: PortAudio's number, good in the listed-th list (see `index_of`). name: without the card numbers that ALSA adds.
    rate_hz: the rate it runs at by itself. channels: the most it has. host: the sound system that offers it, such as ALSA.
    """

    index: int
    name: str
    rate_hz: int
    channels: int
    is_default: bool
    host: str
    listed: int = field(default=0, compare=False)


def list_devices(kind: Kind, anew: bool = False) -> tuple[Device, ...]:
    """Those plugged in now, or, while a stream is open, those plugged in when it was opened.

    anew: close every stream, so that it is those plugged in now in any case. Raises HearingError or SpeakingError when PortAudio is
    missing or does not answer.
    """
    sounddevice = portaudio(kind)
    try:
        return bounded(lambda: _listed(sounddevice, kind, anew))
    except (sounddevice.PortAudioError, TimeoutError) as exc:
        raise kind.error(
            f"The sound system does not say which {kind.value}s there are ({exc.args[0]}): restart the sound server or the computer."
        ) from exc


def choose(kind: Kind, wanted: str, anew: bool = False) -> Device:
    """The device with `wanted` in its name, in any case; "auto": the system's default. Raises HearingError or SpeakingError."""
    devices = list_devices(kind, anew)
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


def open_stream(kind: Kind, device: Device, make: Callable[[int], Any]) -> Any:
    """A sounddevice stream, started. make: opens it on the device of this number.

    Raises PortAudioError, ValueError where the device is gone, TimeoutError where the sound system hangs.
    """
    sounddevice = portaudio(kind)

    def start() -> Any:
        with _change():
            stream = make(device.index if device.listed == _times_listed_anew else _index_now(sounddevice, kind, device))
            try:
                stream.start()
            except sounddevice.PortAudioError:
                stream.close(ignore_errors=True)
                raise
            with _book:
                _open.add(stream)
            return stream

    return bounded(start, undo=close_stream)


def alive(stream: Any) -> bool:
    """It is open and runs. Not so: the device went away, or the list of devices was renewed."""
    with _book:
        return stream in _open and bool(stream.active)


def close_stream(stream: Any) -> None:
    """Throw away what it still holds and close it, within STALLED_SECONDS or later by itself. Safe to call twice, from any thread."""
    with _book:
        if stream not in _open:
            return
        _open.remove(stream)
        _closing.add(stream)

    def close() -> None:
        try:
            # `abort` first: where sound is left, `close` alone would let some play on.
            stream.abort(ignore_errors=True)
            stream.close(ignore_errors=True)
        finally:
            with _book:
                _closing.discard(stream)

    with contextlib.suppress(TimeoutError):
        bounded(close)


def hanging_seconds() -> float:
    """How long the oldest call into the sound system has been out; 0.0 where all came back."""
    with _book:
        began = min(_calls.values(), default=None)
    return 0.0 if began is None else time.monotonic() - began


def bounded(action: Callable[[], _Result], undo: Callable[[_Result], object] | None = None) -> _Result:
    """What `action` gives or raises; TimeoutError when it takes longer than STALLED_SECONDS.

    It cannot be ended then. undo: what to do with its result when that comes after all.
    """
    answer: queue.SimpleQueue[tuple[list[_Result], Exception | None]] = queue.SimpleQueue()
    call = object()
    given_up = threading.Event()

    def run() -> None:
        try:
            result = [action()]
        except Exception as exc:
            answer.put(([], exc))  # carried to the thread that asked, whatever it is
        else:
            answer.put((result, None))
            if given_up.is_set() and undo is not None:
                undo(result[0])
        finally:
            with _book:
                _calls.pop(call, None)

    with _book:
        _calls[call] = time.monotonic()
    threading.Thread(target=run, name="sound system", daemon=True).start()
    try:
        result, failure = answer.get(timeout=STALLED_SECONDS)
    except queue.Empty:
        given_up.set()
        _leave_without_tidying()
        raise TimeoutError("it does not answer") from None
    if failure is not None:
        raise failure
    return result[0]


def _listed(sounddevice: ModuleType, kind: Kind, anew: bool) -> tuple[Device, ...]:
    global _times_listed_anew
    with _book:
        streams = list(_open) if anew else []
    for stream in streams:
        close_stream(stream)
    with _change():
        with _book:
            unused = not _open and not _closing
        if anew and not unused:
            raise TimeoutError("a device does not let itself be closed")
        if unused:
            while sounddevice._initialized:  # not so where the last attempt failed
                sounddevice._terminate()
            sounddevice._initialize()
            _times_listed_anew += 1
        return _devices(sounddevice, kind)


def _devices(sounddevice: ModuleType, kind: Kind) -> tuple[Device, ...]:
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
            listed=_times_listed_anew,
        )
        for index, entry in enumerate(found)
        if entry[f"max_{direction}_channels"] > 0
    )


def _index_now(sounddevice: ModuleType, kind: Kind, device: Device) -> int:
    """PortAudio's number of a device that was listed earlier: by its name, for numbers change when others come and go."""
    for other in _devices(sounddevice, kind):
        if (other.name, other.host) == (device.name, device.host):
            return other.index
    raise ValueError("it is not there any more")


@contextlib.contextmanager
def _change() -> Iterator[None]:
    """Alone in PortAudio, but for streams that run or are being closed. TimeoutError where another call hangs in it."""
    if not _changing.acquire(timeout=STALLED_SECONDS):
        raise TimeoutError("it does not answer")
    try:
        yield
    finally:
        _changing.release()


def _leave_without_tidying() -> None:
    """At its exit sounddevice would hang in the same place, and the program could not end."""
    import sounddevice

    atexit.unregister(sounddevice._exit_handler)


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
