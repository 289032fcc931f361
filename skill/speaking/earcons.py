"""The two short tones, made here: soft, quiet, and told apart by shape as well as by pitch.

LISTENING is one note. DANGER is two notes, the second lower and longer, twice.
"""

from __future__ import annotations

import numpy as np

from skill.messages import Speech, Tone
from skill.speaking.sound import Samples, speech_of

RATE_HZ = 24_000
# Small loudspeakers give little below 400 Hz; old ears and thin walls ask for little above 1 kHz.
LISTENING_NOTES = ((660.0, 0.14),)
DANGER_NOTES = ((880.0, 0.13), (587.0, 0.2)) * 2
# About 6 dB below the peaks of speech.
LISTENING_PEAK = 0.2
DANGER_PEAK = 0.35
EDGE_SECONDS = 0.03
GAP_SECONDS = 0.03


def earcon(tone: Tone) -> Speech:
    notes, peak = (LISTENING_NOTES, LISTENING_PEAK) if tone is Tone.LISTENING else (DANGER_NOTES, DANGER_PEAK)
    gap = np.zeros(int(GAP_SECONDS * RATE_HZ), np.float32)
    pieces = [piece for hz, seconds in notes for piece in (_note(hz, seconds), gap)]
    return speech_of(np.concatenate(pieces) * np.float32(peak), RATE_HZ)


def _note(hz: float, seconds: float) -> Samples:
    """A sine with a quieter octave above it, peak 1, its edges raised cosines so that they do not click."""
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    wave = 0.8 * np.sin(2 * np.pi * hz * t) + 0.2 * np.sin(4 * np.pi * hz * t)
    edge = int(EDGE_SECONDS * RATE_HZ)
    rise = 0.5 - 0.5 * np.cos(np.pi * np.arange(edge) / edge)
    envelope = np.ones(len(t))
    envelope[:edge] = rise
    envelope[-edge:] = rise[::-1]
    shaped: Samples = (wave / np.max(np.abs(wave)) * envelope).astype(np.float32)
    return shaped
