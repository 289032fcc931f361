"""Speakers: a sound device, and a WAV file that collects what was spoken.

Why the device's stream stays open a little after each line, fed with near-silence: HDMI screens mute when the stream ends and
swallow the start of the next one, so closing between the lines of one answer would cost each line its first syllable; and a
stream that runs on cannot cut the last word, whatever the sound system's own draining is worth. After LINGER_SECONDS it is
closed: idle costs nothing, and other programs can play. Opening and waking the device takes a third of a second, so `prepare` does that
while she still speaks.
"""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from skill.devices import STALLED_SECONDS, Device, Kind, alive, close_stream, open_stream, portaudio
from skill.errors import InputError, SpeakingError
from skill.messages import PCM_BYTES_PER_SAMPLE, Speech
from skill.speaking.sound import samples_of, speech_of

LINGER_SECONDS = 2.0
# A prepared device waits longer: for the end of what she says, which is known a second after it, and for a slow recogniser.
PREPARED_SECONDS = 5.0
# What the device holds ahead: an open one has to play this to its end before the first word. Python may be busy elsewhere for a while, and
# speech must not stutter: a device that ran dry once is given more from its next opening on.
AHEAD_SECONDS = 0.05
AHEAD_AFTER_STUTTER_SECONDS = 0.1
POLL_SECONDS = 0.01
# To bring a long answer to the device's rate takes a tenth of a second on a small machine: so much of it is done before it is heard, and
# the rest, in longer and longer pieces, meanwhile.
FIRST_PIECE_SECONDS = 0.5
# Digital silence lets some screens and amplifiers go to sleep; one part in 16,000 of full scale does not, and cannot be heard.
NEAR_SILENCE = 2
INT16_MAX = 32767.0
MOST_CHANNELS = 2
HEADER_BYTES = 44


class DeviceSpeaker:
    """Plays on one sound device at the device's own rate.

    wake_seconds: near-silence played before the words whenever the device was closed, so that it wakes. volume: 0 to 100.
    """

    def __init__(self, device: Device, wake_seconds: float = 0.35, volume: int = 80) -> None:
        self._sounddevice: Any = portaudio(Kind.SPEAKER)
        self._device = device
        self._wake_seconds = wake_seconds
        self.volume = volume
        self._feed = _Feed(channels=min(device.channels, MOST_CHANNELS))
        self._stream: Any = None
        self._closer: threading.Timer | None = None
        # Held by whoever uses the stream: `play` for its whole length, or the closing of an idle one.
        self._lock = threading.Lock()
        # Plain flags, no locks: `stop` and `close` may run in a signal handler that interrupted `play`.
        self._stop_asked = False
        self._closed = False

    @property
    def ahead_seconds(self) -> float:
        """What the device holds ahead when it is opened next."""
        return AHEAD_AFTER_STUTTER_SECONDS if self._feed.ran_dry else AHEAD_SECONDS

    @property
    def volume(self) -> int:
        """0 to 100; takes effect with the next `play`."""
        return self._volume

    @volume.setter
    def volume(self, percent: int) -> None:
        self._volume = min(max(percent, 0), 100)

    def play(self, speech: Speech) -> bool:
        with self._lock:
            self._stop_asked = False
            if self._closer is not None:
                self._closer.cancel()
            try:
                return self._play(speech)
            except (self._sounddevice.PortAudioError, ValueError, TimeoutError) as exc:
                self._release()
                raise SpeakingError(
                    f"The speaker {self._device.name!r} failed ({_reason(exc)}). Check that it is plugged in and that no other "
                    "program holds it; `run_assistant.py devices` lists the speakers."
                ) from exc
            except KeyboardInterrupt:
                self._release()
                raise

    def prepare(self) -> None:
        # In a thread: a device that does not answer must not keep the assistant from listening.
        threading.Thread(target=self._prepare, name="prepare speaker", daemon=True).start()

    def stop(self) -> None:
        self._stop_asked = True

    def close(self) -> None:
        """End what is playing and release the device. Safe to call twice, and from a signal handler."""
        self._closed = True
        self._stop_asked = True
        # Where `play` holds the lock it sees the flags within POLL_SECONDS and releases the device itself.
        if self._lock.acquire(blocking=False):
            try:
                self._release()
            finally:
                self._lock.release()

    def _play(self, speech: Speech) -> bool:
        if self._closed:
            raise SpeakingError("The speaker was closed while the assistant wanted to speak.")
        pieces = at_rate(speech, self._device.rate_hz, volume_gain(self._volume))
        sound = next(pieces)
        if self._stream is not None and not alive(self._stream):
            # It went away since the last line; it may be back.
            self._release()
        if self._stream is None:
            self._feed.load(np.concatenate([self._wake(), sound]))
            self._stream = self._open()
        else:
            self._feed.load(np.concatenate([self._feed.rest(), sound]))
        for piece in pieces:
            if self._stop_asked:
                break
            self._feed.add(piece)
        if self._heard_out():
            self._close_after(LINGER_SECONDS)
            return True
        self._release()
        return False

    def _prepare(self) -> None:
        # Where `play` holds the lock the device is awake.
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._stream is not None and not alive(self._stream):
                self._release()
            if self._stream is None and not self._closed:
                self._feed.load(self._wake())
                self._stream = self._open()
            if self._closed:  # meanwhile, and `close` could not release what was being opened
                self._release()
            else:
                self._close_after(PREPARED_SECONDS)
        except (self._sounddevice.PortAudioError, ValueError, TimeoutError):
            self._release()  # the next `play` tries again, and says what is wrong
        finally:
            self._lock.release()

    def _wake(self) -> NDArray[np.int16]:
        return near_silence(int(self._wake_seconds * self._device.rate_hz))

    def _close_after(self, seconds: float) -> None:
        if self._closer is not None:
            self._closer.cancel()
        self._closer = threading.Timer(seconds, self._close_idle)
        self._closer.daemon = True
        self._closer.start()

    def _open(self) -> Any:
        return open_stream(
            Kind.SPEAKER,
            self._device,
            lambda index: self._sounddevice.OutputStream(
                device=index,
                samplerate=self._device.rate_hz,
                channels=self._feed.channels,
                dtype="int16",
                latency=self.ahead_seconds,
                callback=self._feed,
            ),
        )

    def _heard_out(self) -> bool:
        """Wait until the sound has left the device; False when `stop` came first.

        A device that asks for no sound for STALLED_SECONDS counts as gone: not every one that hangs gives an error.
        """
        calls, last_progress = self._feed.calls, time.monotonic()
        while not self._feed.empty:
            if self._stop_asked:
                return False
            time.sleep(POLL_SECONDS)
            now = time.monotonic()
            if self._feed.calls != calls:
                calls, last_progress = self._feed.calls, now
            elif not alive(self._stream):
                raise TimeoutError("it went away")
            elif now - last_progress > STALLED_SECONDS:
                raise TimeoutError("it takes no more sound")
        # The last sample is handed over; it is heard when the device's own buffer has run out.
        silent_at = time.monotonic() + float(self._stream.latency)
        while time.monotonic() < silent_at:
            if self._stop_asked:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def _close_idle(self) -> None:
        # Where a new `play` has begun meanwhile, that one starts the next timer.
        if self._lock.acquire(blocking=False):
            try:
                self._release()
            finally:
                self._lock.release()

    def _release(self) -> None:
        if self._closer is not None:
            self._closer.cancel()
            self._closer = None
        stream, self._stream = self._stream, None
        if stream is not None:
            close_stream(stream)


class _Loaded:
    """One sound and how far the device has taken it."""

    def __init__(self, sound: NDArray[np.int16]) -> None:
        self.sound = sound
        self.position = 0


class _Feed:
    """What the device's callback reads: the sound that was loaded last, then near-silence."""

    def __init__(self, channels: int) -> None:
        self.channels = channels
        self.calls = 0
        self.ran_dry = False
        self._loaded = _Loaded(np.zeros(0, np.int16))
        self._rest = near_silence(1 << 13)

    @property
    def empty(self) -> bool:
        return self._loaded.position >= len(self._loaded.sound)

    def load(self, sound: NDArray[np.int16]) -> None:
        self._loaded = _Loaded(sound)

    def add(self, sound: NDArray[np.int16]) -> None:
        """Behind what was loaded last."""
        self._loaded.sound = np.concatenate([self._loaded.sound, sound])

    def rest(self) -> NDArray[np.int16]:
        """What the device has not taken yet."""
        return self._loaded.sound[self._loaded.position :]

    def __call__(self, out: NDArray[np.int16], frames: int, _time: object, status: Any) -> None:
        loaded = self._loaded  # read once: `load` may replace it in the middle of this call, and `add` its sound
        self.ran_dry |= bool(status.output_underflow) and loaded.position < len(loaded.sound)  # near-silence may stutter
        piece = loaded.sound[loaded.position : loaded.position + frames]
        out[: len(piece)] = piece[:, np.newaxis]
        out[len(piece) :] = np.resize(self._rest, frames - len(piece))[:, np.newaxis]
        loaded.position += len(piece)
        self.calls += 1


class WavSpeaker:
    """Writes everything spoken into one mono WAV, faster than real time; the file is whole after each `play`.

    The header is written here because `wave` tries once more when it is thrown away, and then a full disk prints a traceback.
    """

    def __init__(self, path: Path, rate_hz: int = 24_000) -> None:
        self.volume = 100  # a recording is kept at full level, whatever is set
        self._path = path
        self._rate_hz = rate_hz
        self._data_bytes = 0
        try:
            path.write_bytes(b"")
        except OSError as exc:
            raise InputError(f"The recording {path} cannot be written ({exc.strerror}). Name a file in a folder you may write to.") from exc
        self._append(b"")

    def play(self, speech: Speech) -> bool:
        samples = soxr.resample(samples_of(speech.pcm), speech.rate_hz, self._rate_hz)
        self._append(speech_of(samples, self._rate_hz).pcm)
        return True

    def prepare(self) -> None:
        """Nothing to wake."""

    def stop(self) -> None:
        """Nothing to end: `play` takes no time."""

    def close(self) -> None:
        """Nothing to release: the file is opened for each `play` alone."""

    def _append(self, pcm: bytes) -> None:
        try:
            with self._path.open("r+b") as file:
                file.seek(HEADER_BYTES + self._data_bytes)
                file.write(pcm)
                file.seek(0)
                file.write(_wav_header(self._data_bytes + len(pcm), self._rate_hz))
            self._data_bytes += len(pcm)
        except OSError as exc:
            raise SpeakingError(f"The recording {self._path} cannot be written ({exc.strerror}). Make room on the disk.") from exc


def _wav_header(data_bytes: int, rate_hz: int) -> bytes:
    """The HEADER_BYTES before mono 16-bit PCM (Multimedia Programming Interface and Data Specifications 1.0, 1991)."""
    bytes_a_second = rate_hz * PCM_BYTES_PER_SAMPLE
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", 36 + data_bytes, b"WAVE"),
        *(b"fmt ", 16, 1, 1, rate_hz, bytes_a_second, PCM_BYTES_PER_SAMPLE, 8 * PCM_BYTES_PER_SAMPLE),
        *(b"data", data_bytes),
    )


def volume_gain(percent: int) -> float:
    """The factor on the samples: squared, so that half the number sounds about half as loud; 100 leaves the sound as it is."""
    return (percent / 100.0) ** 2


def at_rate(speech: Speech, rate_hz: int, gain: float) -> Iterator[NDArray[np.int16]]:
    """The speech at this rate, each piece twice as long as the one before; at least one."""
    samples = samples_of(speech.pcm)
    stream = soxr.ResampleStream(speech.rate_hz, rate_hz, 1, "float32")
    start, size = 0, round(FIRST_PIECE_SECONDS * speech.rate_hz)
    while start == 0 or start < len(samples):
        end = start + size
        ready = stream.resample_chunk(samples[start:end], last=end >= len(samples)) * gain
        yield (np.clip(ready, -1.0, 1.0) * INT16_MAX).astype(np.int16)
        start, size = end, size * 2


def near_silence(count: int) -> NDArray[np.int16]:
    return np.random.default_rng(0).integers(-NEAR_SILENCE, NEAR_SILENCE + 1, count, dtype=np.int16)


def _reason(exc: Exception) -> str:
    return str(exc.args[0]) if exc.args else "unknown reason"
