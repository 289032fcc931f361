"""How loud somebody is against the room, from the sound alone. No device, file or clock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skill.messages import AudioBlock

FRAME_SECONDS = 0.02
SILENCE_DB = -90.0  # a converter's hiss lies about here; digital silence counts as this
# While somebody speaks the loud parts of the words count, not the pauses between them; around it, what is usual.
SPEECH_PERCENTILE, NOISE_PERCENTILE = 75, 50
FULL_SCALE = 32767
HISS = 16  # a loudest sample of no more than this, 66 dB under full scale, is no room


@dataclass(frozen=True, slots=True)
class Loudness:
    """Levels in dB of full scale (0 is the loudest there can be).

    anyone_spoke: else speech_db is that of the noise. is_silent: nothing but a converter's hiss. is_clipped: some of it was louder than the
    microphone can take.
    """

    speech_db: float
    noise_db: float
    anyone_spoke: bool = True
    is_silent: bool = False
    is_clipped: bool = False

    @property
    def above_noise_db(self) -> float:
        return self.speech_db - self.noise_db


class LevelMeter:
    """Takes blocks of sound; `loudness` tells of all of them. Only one number for each frame is kept."""

    def __init__(self) -> None:
        self._speech_db: list[float] = []
        self._noise_db: list[float] = []
        self._peak = 0

    def add(self, block: AudioBlock, is_speech: bool) -> None:
        """is_speech: somebody is speaking in it."""
        samples = np.frombuffer(block.pcm, "<i2").astype(np.float64)
        self._peak = max(self._peak, int(np.max(np.abs(samples), initial=0.0)))
        size = max(1, round(block.rate_hz * FRAME_SECONDS))
        levels = self._speech_db if is_speech else self._noise_db
        for start in range(0, len(samples) - size + 1, size):
            power = float(np.mean(np.square(samples[start : start + size] / FULL_SCALE)))
            levels.append(max(SILENCE_DB, 10 * np.log10(power)) if power else SILENCE_DB)

    def loudness(self) -> Loudness:
        noise_db = _percentile(self._noise_db or self._speech_db, NOISE_PERCENTILE)
        speech_db = _percentile(self._speech_db, SPEECH_PERCENTILE) if self._speech_db else noise_db
        return Loudness(speech_db, noise_db, bool(self._speech_db), self._peak <= HISS, self._peak >= FULL_SCALE)


def _percentile(levels_db: list[float], percentile: int) -> float:
    return float(np.percentile(levels_db, percentile)) if levels_db else SILENCE_DB
