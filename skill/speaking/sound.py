"""Pure work on rendered sound: sentences in, samples trimmed, joined and levelled. No device, file or clock.

Samples are one-dimensional float32 arrays, full scale -1 to 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skill.errors import SpeakingError
from skill.messages import PCM_BYTES_PER_SAMPLE, Line, Speech

Samples = NDArray[np.float32]

SLOWEST_SPEED = 0.6
FASTEST_SPEED = 1.6

# Heard as about 0.4 s, since a sentence fades out before it ends. Pauses of more than 0.5 s hurt understanding.
PAUSE_SECONDS = 0.35
# The longest line of the clinical reference has 300 characters; a voice that gets a whole book would look as if it hung.
MAX_LINE_CHARACTERS = 2_000

# Soft consonants at the edges of a sentence lie about 40 dB below its loudest sample; espeak and hibari pad with less than this.
SILENCE_BELOW_PEAK_DB = 45.0
KEPT_MARGIN_SECONDS = 0.02
EDGE_FADE_SECONDS = 0.005

# The peaks of both voices lie up to 20 dB above this level's RMS, which is just below the ceiling: none is held down by it.
TARGET_RMS_DB = -22.0
PEAK_CEILING_DB = -1.5
FRAME_SECONDS = 0.02

_SENTENCE_END = re.compile(r"(?<!\bDr\.)(?<!\bMr\.)(?<!\bMs\.)(?<!\bMrs\.)(?<!\bSt\.)(?<=[.!?…])[\"'\u201d\u2019)]*\s+(?![a-z])")


def sentences_of(line: Line) -> tuple[str, ...]:
    """The line's sentences, each with at least one letter or digit; SpeakingError where nothing can be said."""
    printable = "".join(character if character.isprintable() else " " for character in line.text)
    text = " ".join(printable.split())
    if len(text) > MAX_LINE_CHARACTERS:
        raise SpeakingError(f"The line {line.key or text[:40]!r} has {len(text)} characters, more than {MAX_LINE_CHARACTERS}. Shorten it.")
    spoken = tuple(part for part in _SENTENCE_END.split(text) if any(character.isalnum() for character in part))
    if not spoken:
        raise SpeakingError(f"The line {line.key or line.text[:40]!r} holds no words to speak. Give it some.")
    return spoken


def bounded_speed(speed: float) -> float:
    """The factor, held within what stays understandable."""
    return min(max(speed, SLOWEST_SPEED), FASTEST_SPEED)


def trimmed(samples: Samples, rate_hz: int) -> Samples:
    """Without the silence before and after, so that the pauses are ours; edges faded so that joints do not click."""
    loud = np.flatnonzero(np.abs(samples) > np.max(np.abs(samples), initial=0.0) * _ratio(-SILENCE_BELOW_PEAK_DB))
    if loud.size == 0:
        return np.zeros(0, np.float32)
    margin = int(KEPT_MARGIN_SECONDS * rate_hz)
    kept = samples[max(int(loud[0]) - margin, 0) : int(loud[-1]) + 1 + margin].copy()
    fade = np.linspace(0.0, 1.0, min(int(EDGE_FADE_SECONDS * rate_hz), len(kept)), dtype=np.float32)
    kept[: len(fade)] *= fade
    kept[len(kept) - len(fade) :] *= fade[::-1]
    return kept


def joined(sentences: Sequence[Samples], rate_hz: int, pause_seconds: float) -> Speech:
    """The trimmed sentences with pauses between, at the level that all voices share."""
    pause = np.zeros(int(pause_seconds * rate_hz), np.float32)
    pieces = [piece for sentence in sentences for piece in (pause, trimmed(sentence, rate_hz))][1:]
    return speech_of(levelled(np.concatenate(pieces), rate_hz), rate_hz)


def levelled(samples: Samples, rate_hz: int) -> Samples:
    """At the shared level. The level counts only frames that hold sound: long pauses must not make a line louder."""
    frame = int(FRAME_SECONDS * rate_hz)
    whole = samples[: len(samples) // frame * frame].reshape(-1, frame)
    power = np.mean(np.square(whole), axis=1)
    active = power[power > np.max(power, initial=0.0) * _ratio(-SILENCE_BELOW_PEAK_DB / 2) ** 2]
    peak = float(np.max(np.abs(samples), initial=0.0))
    if active.size == 0 or peak == 0.0:
        return samples
    gain = min(_ratio(TARGET_RMS_DB) / float(np.sqrt(np.mean(active))), _ratio(PEAK_CEILING_DB) / peak)
    return (samples * gain).astype(np.float32)


def speech_of(samples: Samples, rate_hz: int) -> Speech:
    """Samples as the 16-bit sound that the stages hand on; what lies beyond full scale is held there."""
    return Speech(pcm=(np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes(), rate_hz=rate_hz)


def samples_of(pcm: bytes) -> Samples:
    """16-bit little-endian sound as samples; a torn last byte is left out."""
    whole = len(pcm) // PCM_BYTES_PER_SAMPLE * PCM_BYTES_PER_SAMPLE
    return np.frombuffer(pcm[:whole], "<i2").astype(np.float32) / 32768.0


def _ratio(decibels: float) -> float:
    return float(10.0 ** (decibels / 20.0))
