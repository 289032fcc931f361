"""The ears of the benchmark: it listens to the virtual sound card from outside the program that is measured."""

from __future__ import annotations

import math
import subprocess
import threading
import time
import wave
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np

from skill.messages import Line, Speech
from skill.speaking import open_voice

RATE_HZ = 48_000  # that of the virtual card: nothing is resampled on the way
FRAME_SECONDS = 0.005
# Peaks of speech lie near 27,000 and the speaker's own near-silence at 2.
LOUD = 200
SILENCE_BEFORE_SECONDS = 0.3
SILENCE_AFTER_SECONDS = 1.0
_FRAME_SAMPLES = round(RATE_HZ * FRAME_SECONDS)
_FRAME_BYTES = _FRAME_SAMPLES * 2
_POLL_SECONDS = 0.02


class Tap:
    """Notes when a part of the virtual card ("room", "speaker") is loud; times as of time.monotonic, good to about 0.03 s.

    A piece of sound may reach us late but never early, so the earliest of the last pieces sets the clock. Two taps have the same
    delay: it cancels out in the time between something heard on one and something heard on the other.
    """

    def __init__(self, part: str, environment: Mapping[str, str]) -> None:
        command = ["parecord", "--raw", f"--device={part}.monitor", f"--rate={RATE_HZ}", "--channels=1", "--format=s16le"]
        self._recorder = subprocess.Popen(
            [*command, "--latency-msec=10"], env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._loud_times: list[float] = []
        self._began = threading.Event()
        assert self._recorder.stdout is not None
        self._thread = threading.Thread(target=self._read, args=(self._recorder.stdout,), daemon=True)

    def __enter__(self) -> Tap:
        self._thread.start()
        if not self._began.wait(10.0):
            self._recorder.kill()
            raise TimeoutError("the virtual sound card gave nothing to record")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._recorder.kill()
        self._recorder.wait()
        self._thread.join(5.0)

    def first_loud(self, after: float) -> float | None:
        """When it was first loud after that time; None: not yet."""
        return next((at for at in list(self._loud_times) if at >= after), None)

    def last_loud(self, before: float = math.inf) -> float | None:
        """When it was last loud before that time; None: never."""
        return next((at for at in reversed(list(self._loud_times)) if at < before), None)

    def wait_for_loud(self, after: float, timeout_seconds: float) -> float | None:
        """When it was first loud after that time, or None when the waiting took too long."""
        deadline = time.monotonic() + timeout_seconds
        while (at := self.first_loud(after)) is None and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        return at

    def wait_for_quiet(self, quiet_seconds: float, timeout_seconds: float) -> float | None:
        """The last time it was loud, once it has been quiet that long since."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            last = self.last_loud()
            if last is not None and time.monotonic() - last > quiet_seconds:
                return last
            time.sleep(_POLL_SECONDS)
        return self.last_loud()

    def _read(self, pipe: IO[bytes]) -> None:
        starts: deque[float] = deque(maxlen=300)  # when the recording began, as each of the last pieces would have it
        samples_before = 0
        rest = b""
        while piece := pipe.read1(_FRAME_BYTES * 20):  # type: ignore[attr-defined]  # a buffered pipe has it
            sound = rest + piece
            whole = len(sound) // _FRAME_BYTES * _FRAME_BYTES
            rest = sound[whole:]
            starts.append(time.monotonic() - (samples_before + len(sound) // 2) / RATE_HZ)
            frames = np.frombuffer(sound[:whole], "<i2").astype(np.int32).reshape(-1, _FRAME_SAMPLES)
            for number in np.flatnonzero(np.abs(frames).max(axis=1, initial=0) > LOUD):
                self._loud_times.append(min(starts) + samples_before / RATE_HZ + int(number) * FRAME_SECONDS)
            samples_before += whole // 2
            self._began.set()


def spoken_questions(questions: tuple[str, ...], folder: Path) -> dict[str, Path]:
    """Question → recording of it in the assistant's own best voice. The silence behind it is long enough to end an utterance."""
    voice = open_voice("auto")
    try:
        recordings = {}
        for number, question in enumerate(questions):
            recordings[question] = folder / f"question_{number}.wav"
            _write(recordings[question], voice.render(Line(question)), SILENCE_BEFORE_SECONDS, SILENCE_AFTER_SECONDS)
    finally:
        voice.close()
    return recordings


def room_noise(path: Path, seconds: float) -> None:
    """A quiet room: falling noise like that of a distant fan, 50 dB below full scale."""
    count = round(seconds * RATE_HZ)
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(count))
    hertz = np.fft.rfftfreq(count, 1 / RATE_HZ)
    noise = np.fft.irfft(spectrum / np.maximum(hertz, 60.0), count)
    samples = noise / np.sqrt(np.mean(np.square(noise))) * 10 ** (-50 / 20) * 32767
    _write(path, Speech(np.clip(samples, -32768, 32767).astype("<i2").tobytes(), RATE_HZ))


def _write(path: Path, speech: Speech, seconds_before: float = 0.0, seconds_after: float = 0.0) -> None:
    before, after = (bytes(round(seconds * speech.rate_hz) * 2) for seconds in (seconds_before, seconds_after))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(speech.rate_hz)
        file.writeframes(before + speech.pcm + after)
