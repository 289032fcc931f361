"""The three short tones, made here: told apart by shape and length as well as by pitch.

LISTENING is one soft note. DANGER is a high note and a lower, longer one, twice. CANNOT_HEAR is two low, slow notes, the second lower.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from skill.messages import Speech, Tone
from skill.speaking.sound import TARGET_RMS_DB, Samples, speech_of

RATE_HZ = 24_000
EDGE_SECONDS = 0.03
GAP_SECONDS = 0.03


@dataclass(frozen=True, slots=True)
class Earcon:
    """notes: pitch in Hz and length in seconds. above_voice_db: how much louder than the voice, which every line is brought to.

    octave: how much of each note is the octave above it; small loudspeakers give little below 400 Hz, and it is what they let through
    of a low note.
    """

    notes: tuple[tuple[float, float], ...]
    above_voice_db: float
    octave: float = 0.2


# Old ears and thin walls ask for little above 1 kHz. Low notes need a little more to sound as loud.
EARCONS: Mapping[Tone, Earcon] = {
    Tone.LISTENING: Earcon(((660.0, 0.18),), above_voice_db=0.0),
    Tone.DANGER: Earcon(((880.0, 0.13), (587.0, 0.2)) * 2, above_voice_db=3.0),
    Tone.CANNOT_HEAR: Earcon(((330.0, 0.22), (247.0, 0.34)), above_voice_db=1.0, octave=0.4),
}


def earcon(tone: Tone) -> Speech:
    made = EARCONS[tone]
    gap = np.zeros(int(GAP_SECONDS * RATE_HZ), np.float32)
    notes = [_note(hz, seconds, made.octave) for hz, seconds in made.notes]
    power = np.mean(np.square(np.concatenate(notes)))  # of the notes alone: gaps make no tone quieter
    gain = np.float32(10 ** ((TARGET_RMS_DB + made.above_voice_db) / 20) / np.sqrt(power))
    return speech_of(np.concatenate([piece for note in notes for piece in (note, gap)]) * gain, RATE_HZ)


def _note(hz: float, seconds: float, octave: float) -> Samples:
    """A sine with a quieter octave above it, its edges raised cosines so that they do not click."""
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    wave = (1 - octave) * np.sin(2 * np.pi * hz * t) + octave * np.sin(4 * np.pi * hz * t)
    edge = int(EDGE_SECONDS * RATE_HZ)
    rise = 0.5 - 0.5 * np.cos(np.pi * np.arange(edge) / edge)
    envelope = np.ones(len(t))
    envelope[:edge] = rise
    envelope[-edge:] = rise[::-1]
    shaped: Samples = (wave * envelope).astype(np.float32)
    return shaped
