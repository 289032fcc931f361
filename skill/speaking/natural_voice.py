"""The natural voice: hibari-tts, a small neural model whose default voice lies in its wheel. It never goes to the network."""

from __future__ import annotations

import re
import threading
from importlib import metadata
from typing import Any

import numpy as np

from skill.errors import SpeakingError
from skill.messages import Line, Pace, Speech
from skill.speaking.sound import PAUSE_SECONDS, bounded_speed, joined, sentences_of

# hibari's own factor that gave 130 and 120 measured words a minute, pauses included (benchmarks/voices.py).
HIBARI_SPEED = {Pace.ORDINARY: 0.645, Pace.DANGER: 0.573}
# Raised when a change here makes the same words sound different, so that cached sound is rendered anew.
RENDERING = 2
# hibari reads "no." at the end of a sentence as "number"; here its sound is written out.
_NUMBER_SIGN, _NO = re.compile(r"\b(no)\.$", re.IGNORECASE), "[\\1](/n\u02c8O/)."

# The model has a part of noise: one seed makes the same words the same sound.
SEED = 0


class NaturalVoice:
    """speed: factor on the pace, held within 0.6 to 1.6.

    The model is loaded with the first rendering: where all answers are cached it never costs its time and memory. Without `try_now` nor
    are its libraries (half a second and 40 MB): a broken one then shows with the first rendering.
    """

    name = "natural"

    def __init__(self, speed: float = 1.0, try_now: bool = True) -> None:
        try:
            self.version = f"hibari-tts {metadata.version('hibari-tts')}, rendering {RENDERING}"
            if try_now:
                import hibari  # noqa: F401
                import onnxruntime  # noqa: F401  -- hibari imports it only when it loads; a broken one must show now
        except ImportError as exc:
            raise SpeakingError(f"The natural voice needs the package hibari-tts ({exc}). Run `script/setup`.") from exc
        self._speed = bounded_speed(speed)
        self._lock = threading.Lock()
        self._model: Any = None
        self._rate_hz = 0

    @property
    def speed(self) -> float:
        return self._speed

    @speed.setter
    def speed(self, factor: float) -> None:
        self._speed = bounded_speed(factor)

    def render(self, line: Line) -> Speech:
        sentences = sentences_of(line)
        factor = HIBARI_SPEED[line.pace] * self._speed
        try:
            with self._lock:
                model = self._loaded()
                rate_hz = self._rate_hz
                rendered = [
                    np.asarray(model(_NUMBER_SIGN.sub(_NO, sentence), speed=factor, seed=SEED), np.float32) for sentence in sentences
                ]
        except Exception as exc:
            # hibari and onnxruntime raise many kinds; whichever it was, this voice cannot say this line. Which line stays out of it: the
            # sentence goes to the log of a running assistant, and what is answered tells what was asked.
            raise SpeakingError(
                f"The natural voice failed on a line ({type(exc).__name__}). Set `voice: espeak`, or run `script/setup`."
            ) from exc
        if not all(np.any(samples) for samples in rendered):
            raise SpeakingError("The natural voice has no sound for a sentence. It speaks English words only.")
        return joined(rendered, rate_hz, PAUSE_SECONDS / self._speed)

    def close(self) -> None:
        self._model = None

    def _loaded(self) -> Any:
        if self._model is None:
            from hibari import SAMPLE_RATE, Hibari

            self._model, self._rate_hz = Hibari(), int(SAMPLE_RATE)
        return self._model
