"""The voice that always works: pyttsx3 over espeak-ng, rendering in a process of its own that is killed when it hangs.

Why a process: pyttsx3's own playing loses answers and errors, its `stop` hangs, and nothing but killing ends a call into C.
"""

from __future__ import annotations

import base64
import ctypes
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from importlib import metadata
from pathlib import Path

from skill.errors import SpeakingError
from skill.messages import Line, Pace, Speech
from skill.speaking.sound import PAUSE_SECONDS, Samples, bounded_speed, joined, samples_of, sentences_of

# A female variant, low and clear: Whisper tiny.en got 10 % of the words of 13 lines wrong with it, 9 % to 14 % with six others.
# espeak-ng ignores the variant behind "en-gb" without a word, and speaks with its male voice.
ESPEAK_VOICE = "en-us+f2"
# espeak's own number for the rate that gave 130 and 120 measured words a minute, pauses included (benchmarks/voices.py).
ESPEAK_RATE = {Pace.ORDINARY: 118, Pace.DANGER: 104}
# Raised when a change here makes the same words sound different, so that cached sound is rendered anew.
RENDERING = 1

START_SECONDS = 30.0
ATTEMPTS = 2
LIBRARIES = ("libespeak-ng.so.1", "/usr/local/lib/libespeak-ng.so.1", "libespeak.so.1")
PROJECT = Path(__file__).resolve().parents[2]


class Pyttsx3Voice:
    """speed: factor on the pace, held within 0.6 to 1.6; espeak itself goes no slower than about 0.75.

    answer_seconds: how long one sentence may take before the worker is killed.
    """

    name = "espeak"

    def __init__(self, speed: float = 1.0, answer_seconds: float = 5.0) -> None:
        _check_installed()
        self.version = f"pyttsx3 {metadata.version('pyttsx3')}, {ESPEAK_VOICE}, rendering {RENDERING}"
        self._speed = bounded_speed(speed)
        self._answer_seconds = answer_seconds
        self._lock = threading.Lock()
        self._worker: _Worker | None = None
        self._closed = False

    @property
    def speed(self) -> float:
        return self._speed

    @speed.setter
    def speed(self, factor: float) -> None:
        self._speed = bounded_speed(factor)

    def render(self, line: Line) -> Speech:
        sentences = sentences_of(line)
        rate = round(ESPEAK_RATE[line.pace] * self._speed)
        with self._lock:
            rendered = [self._render_sentence(sentence, rate) for sentence in sentences]
        samples, rates_hz = zip(*rendered, strict=True)
        return joined(samples, rates_hz[0], PAUSE_SECONDS / self._speed)

    def close(self) -> None:
        """End the worker, in the middle of a rendering too. Safe to call twice, from any thread and from a signal handler."""
        self._closed = True
        if self._worker is not None:
            self._worker.kill()

    def _render_sentence(self, sentence: str, rate: int) -> tuple[Samples, int]:
        reason = ""
        for _ in range(ATTEMPTS):
            if self._closed:
                raise SpeakingError("The voice was closed while it was asked to speak.")
            try:
                if self._worker is None:
                    self._worker = _Worker()
                answer = self._worker.ask({"text": sentence, "rate": rate}, self._answer_seconds)
                return samples_of(base64.b64decode(answer["pcm"])), int(answer["rate_hz"])
            except _WorkerFailed as exc:
                reason = str(exc)
                if self._worker is not None:
                    self._worker.kill()
                    self._worker = None
        raise SpeakingError(f"The espeak voice could not render a sentence: {reason}. Tried {ATTEMPTS} times; `script/setup` repairs it.")


class _WorkerFailed(Exception):
    """One worker is of no more use; the next may work."""


class _Worker:
    """One process of `skill.speaking.pyttsx3_worker`."""

    def __init__(self) -> None:
        try:
            # A session of its own: Ctrl-C in the terminal is for the assistant, which then closes its voice.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "skill.speaking.pyttsx3_worker", ESPEAK_VOICE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=PROJECT,
                start_new_session=True,
            )
        except OSError as exc:
            raise _WorkerFailed(f"its process could not be started ({exc.strerror})") from exc
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests = self._process.stdin
        self._answers = self._process.stdout
        self._received = b""
        try:
            self._receive(START_SECONDS)
        except _WorkerFailed:
            self.kill()
            raise

    def ask(self, request: dict[str, object], seconds: float) -> dict[str, str]:
        try:
            self._requests.write(json.dumps(request).encode("ascii") + b"\n")
            self._requests.flush()
        except OSError as exc:
            raise _WorkerFailed("its process ended") from exc
        return self._receive(seconds)

    def kill(self) -> None:
        """SIGKILL works on a stopped or hung process too."""
        self._process.kill()
        self._process.wait()

    def _receive(self, seconds: float) -> dict[str, str]:
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            while b"\n" not in self._received:
                if not selector.select(max(deadline - time.monotonic(), 0.0)):
                    raise _WorkerFailed(f"no answer within {seconds:g} seconds")
                piece = os.read(self._answers.fileno(), 1 << 20)
                if not piece:
                    raise _WorkerFailed("its process ended")
                self._received += piece
        answer, _, self._received = self._received.partition(b"\n")
        message: dict[str, str] = json.loads(answer)
        if "error" in message:
            raise _WorkerFailed(message["error"])
        return message


def _check_installed() -> None:
    try:
        metadata.version("pyttsx3")
    except metadata.PackageNotFoundError as exc:
        raise SpeakingError("The espeak voice needs the package pyttsx3, which is not installed. Run `script/setup`.") from exc
    for library in LIBRARIES:
        try:
            ctypes.CDLL(library)
        except OSError:
            continue
        return
    raise SpeakingError(
        "The espeak voice needs the system library espeak-ng, which is not installed. Run `script/setup`, or `sudo apt install espeak-ng`."
    )
