"""The process in which pyttsx3 lives: one engine, made and used in one thread, which renders and never plays.

    python -m skill.speaking.pyttsx3_worker VOICE

in, one JSON object a line:    {"text": "Go now.", "rate": 140}
out, one JSON object a line:   {"ready": true} once, then {"rate_hz": 22050, "pcm": base64 of 16-bit mono} or {"error": "why"}

pyttsx3 2.99 prints to standard output, loses errors inside a C callback, and `runAndWait` begins by cancelling what espeak's own
thread is at: the end of the sentence before, or a change of rate. One rendering in ten was then empty or at another rate, and
still called complete. So standard output is moved out of its reach; `startLoop`, which cancels nothing, runs each rendering, and
espeak is waited for behind it (1,600 of 1,600 whole); and any failure ends the process: `Pyttsx3Voice` starts a new one.
"""

from __future__ import annotations

import base64
import io
import json
import os
import sys
import threading
import wave
from typing import Any, TextIO

import pyttsx3
from pyttsx3.drivers import _espeak


class _Renderer:
    def __init__(self, voice: str) -> None:
        self._completed = threading.Event()
        self._failure = ""
        sys.unraisablehook = self._on_callback_error
        self._engine: Any = pyttsx3.init("espeak")
        self._engine.connect("error", self._on_error)
        self._engine.connect("finished-utterance", self._on_finished)
        self._engine.setProperty("voice", voice)
        # The sound goes through memory: a full or read-only disk must not make the voice mute, nor wear out an SD card.
        self._file = os.memfd_create("speech")

    def render(self, text: str, rate: int) -> tuple[bytes, int]:
        """16-bit mono sound and its samples a second. Waits as long as it takes: the parent process has the clock."""
        self._completed.clear()
        os.ftruncate(self._file, 0)
        self._engine.setProperty("rate", rate)
        self._engine.save_to_file(text, f"/proc/self/fd/{self._file}")
        self._engine.startLoop()
        _espeak.Synchronize()
        self._engine.endLoop()
        if self._failure or not self._completed.is_set():
            raise RuntimeError(self._failure or "espeak ended before the sentence did")
        with wave.open(io.BytesIO(os.pread(self._file, os.fstat(self._file).st_size, 0))) as sound:
            if sound.getnframes() == 0:
                raise RuntimeError("espeak gave no sound")
            return sound.readframes(sound.getnframes()), sound.getframerate()

    def _on_finished(self, completed: bool, **_event: object) -> None:
        if completed:
            self._completed.set()

    def _on_error(self, exception: Exception, **_event: object) -> None:
        self._failure = str(exception)

    def _on_callback_error(self, unraisable: sys.UnraisableHookArgs) -> None:
        self._failure = str(unraisable.exc_value)


def main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        renderer = _Renderer(sys.argv[1])
        _answer(answers, {"ready": True})
        for request in map(json.loads, sys.stdin):
            pcm, rate_hz = renderer.render(request["text"], request["rate"])
            _answer(answers, {"rate_hz": rate_hz, "pcm": base64.b64encode(pcm).decode("ascii")})
    except Exception as exc:
        # Whatever it was, the parent must learn the reason and start afresh: this process has no one else to tell.
        _answer(answers, {"error": f"{type(exc).__name__}: {exc}"})
        sys.exit(1)


def _answer(answers: TextIO, message: dict[str, object]) -> None:
    print(json.dumps(message), file=answers, flush=True)


if __name__ == "__main__":
    main()
