"""The microphone of the machine. The one thread boundary at the ear lies here."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np

from skill.devices import Device, Kind, alive, close_stream, open_stream, portaudio
from skill.errors import HearingError
from skill.messages import AudioBlock

BLOCK_SECONDS = 0.03
BUFFER_SECONDS = 0.1  # lost sound on a busy Raspberry Pi (vosk-api#625, #1003) is worse than hearing a little later
FIRST_BLOCK_SECONDS = 3.0  # a device that was just opened gives its first block within half a second
_POLL_SECONDS = 0.2


class DeviceMicrophone:
    """Sound from a device, at the device's own rate (many refuse 16 kHz).

    queue_seconds: how much sound waits while the recogniser computes; what comes on top is dropped and counted.
    silent_seconds: a running device gives blocks even in a silent room. One that hangs says nothing at all, not even an error
    (sounddevice#627), so after this time without a block it counts as lost. One that ended counts as lost at once.
    """

    def __init__(self, device: Device, queue_seconds: float = 30.0, silent_seconds: float = 4.0) -> None:
        self._device = device
        self._silent_seconds = silent_seconds
        # SimpleQueue and not Queue: its put may interrupt its get in the same thread, which is what a signal handler does.
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._most_blocks = max(1, math.ceil(queue_seconds / BLOCK_SECONDS))
        self._dropped = 0  # written by the callback alone
        self._reported = 0
        self._forgiven = 0
        self._skip_blocks = 0
        self._channels = 1
        self._stream = self._open()

    @property
    def lost_blocks(self) -> int:
        """Blocks dropped since the device was opened, without those dropped while nobody wanted to hear."""
        return self._dropped - self._forgiven

    def blocks(self) -> Iterator[AudioBlock]:
        """Blocks as they come, until `close`. Raises HearingError when the device is lost."""
        last_block_at = time.monotonic()
        patience_seconds = min(self._silent_seconds, FIRST_BLOCK_SECONDS)
        while self._stream is not None:
            try:
                data = self._queue.get(timeout=_POLL_SECONDS)
            except Empty:
                stream = self._stream
                if stream is not None and (not alive(stream) or time.monotonic() - last_block_at > patience_seconds):
                    raise HearingError(
                        f'The microphone "{self._device.name}" has stopped giving sound: plug it in again, '
                        "or choose another one (run_assistant.py devices lists them)."
                    ) from None
                continue
            if data is None:
                return
            last_block_at = time.monotonic()
            patience_seconds = self._silent_seconds
            if self._skip_blocks > 0:
                self._skip_blocks -= 1
                continue
            lost, self._reported = self._dropped - self._reported, self._dropped
            yield AudioBlock(self._mono(data), self._device.rate_hz, lost)
            # The time that the listener took for this block is not the device's.
            last_block_at = time.monotonic()

    def flush(self) -> None:
        """Throw away what was heard and not yet read, and what is still on its way through the device's buffers."""
        stream = self._stream
        if stream is None:
            return
        with contextlib.suppress(Empty):
            while self._queue.get_nowait() is not None:
                continue
            self._queue.put(None)  # that was the end mark of `close`, which `blocks` still has to see
        self._skip_blocks = math.ceil(stream.latency / BLOCK_SECONDS)
        self._forgiven += self._dropped - self._reported
        self._reported = self._dropped

    def close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            self._queue.put(None)
            close_stream(stream)

    def _open(self) -> Any:
        sounddevice = portaudio(Kind.MICROPHONE)

        def start(channels: int) -> Any:
            return open_stream(
                Kind.MICROPHONE,
                self._device,
                lambda index: sounddevice.RawInputStream(
                    samplerate=self._device.rate_hz,
                    blocksize=round(self._device.rate_hz * BLOCK_SECONDS),
                    device=index,
                    channels=channels,
                    dtype="int16",
                    latency=BUFFER_SECONDS,
                    callback=self._callback,
                ),
            )

        try:
            try:
                return start(1)
            except sounddevice.PortAudioError:
                if self._device.channels < 2:
                    raise
                self._channels = self._device.channels
                return start(self._channels)
        except (sounddevice.PortAudioError, ValueError, TimeoutError) as exc:
            raise HearingError(
                f'The microphone "{self._device.name}" cannot be opened ({_reason(exc)}): close other programs that use it, '
                "or choose another one (run_assistant.py devices lists them)."
            ) from exc

    def _callback(self, data: Any, frames: int, when: Any, status: Any) -> None:
        if status.input_overflow:
            self._dropped += 1
        if self._queue.qsize() < self._most_blocks:
            self._queue.put(bytes(data))
        else:
            self._dropped += 1

    def _mono(self, data: bytes) -> bytes:
        if self._channels == 1:
            return data
        pcm: bytes = np.frombuffer(data, np.int16).reshape(-1, self._channels).mean(axis=1).astype(np.int16).tobytes()
        return pcm


def _reason(error: Exception) -> str:
    return str(error.args[0]) if error.args else type(error).__name__
