"""The same words from five synthetic voices, with household noise. Sound: mono float32 at 16 kHz, full scale -1 to 1."""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
import wave
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from skill.hearing.resampling import RECOGNISER_RATE_HZ
from skill.messages import Line
from skill.settings import PROJECT

Samples = NDArray[np.float32]
NOISES = PROJECT.parent / "shared" / "sounds" / "noise"
SPEECH_RMS = 10 ** (-26 / 20)  # as somebody sounds who speaks up in front of the microphone
SECONDS_BEFORE, SECONDS_AFTER = 0.4, 1.2
FRAME_SECONDS = 0.02
ACTIVE_BELOW_PEAK = 10 ** (-25 / 10)
# The natural voice reads answers out slowly; people ask faster: about 160 words a minute.
ASKING_SPEED = 1.25

# Noise of this name holds other people's words: a recogniser that writes them down is not wrong about the sound.
OTHERS_TALKING = frozenset({"babble_8_voices_derived", "two_people_talking_derived"})

Render = Callable[[str], Samples]


def open_voices() -> dict[str, Render]:
    """Name → the voice. Raises SpeakingError or OSError with the first use of one that is not installed.

    espeak-ng's women and other accents are left out: Whisper gets 28 to 43 % of their words wrong, which no person's speech resembles.
    """
    return {
        "hibari": _hibari(),
        "espeak-ng, US": program("espeak-ng", "-v", "en-us", "-s", "150", "-w", "{wav}", "{text}"),
        "espeak-ng, British": program("espeak-ng", "-v", "en-gb", "-s", "150", "-w", "{wav}", "{text}"),
        "flite slt, US female": program("flite", "-voice", "slt", "-t", "{text}", "-o", "{wav}"),
        "flite awb, Scottish": program("flite", "-voice", "awb", "-t", "{text}", "-o", "{wav}"),
    }


def noises(folder: Path) -> Mapping[str, Samples]:
    """Name → the noise, of all *.wav of the folder; without any, an empty mapping."""
    return {path.stem: read_wav(path) for path in sorted(folder.glob("*.wav"))}


def read_wav(path: Path) -> Samples:
    samples, rate_hz = soundfile.read(str(path), dtype="float32", always_2d=True)
    return np.asarray(soxr.resample(samples.mean(axis=1), rate_hz, RECOGNISER_RATE_HZ), np.float32)


def bare(samples: Samples) -> Samples:
    """Without the silence around the words, so that their times are true."""
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.max(np.abs(samples), initial=1e-9))
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples


def write_wav(path: Path, samples: Samples) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RECOGNISER_RATE_HZ)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def in_room(speech: Samples, noise: Samples | None = None, decibels: float = 0.0, start: int = 0) -> Samples:
    """The speech at one level with silence around it, and noise from `start` on all the time, so many decibels below the speech."""
    levelled = speech * np.float32(SPEECH_RMS / max(active_rms(speech), 1e-9))
    before, after = (np.zeros(round(seconds * RECOGNISER_RATE_HZ), np.float32) for seconds in (SECONDS_BEFORE, SECONDS_AFTER))
    room = np.concatenate([before, levelled, after])
    if noise is None:
        return room
    piece = np.resize(np.roll(noise, -start), len(room))
    loudness = float(np.sqrt(np.mean(np.square(piece)))) or 1.0
    return np.asarray(room + piece * np.float32(SPEECH_RMS / loudness * 10 ** (-decibels / 20)), np.float32)


def active_rms(samples: Samples) -> float:
    """Of the frames that hold sound: pauses must not make speech louder against the noise."""
    frame = round(FRAME_SECONDS * RECOGNISER_RATE_HZ)
    power = np.mean(np.square(samples[: len(samples) // frame * frame].reshape(-1, frame)), axis=1)
    active = power[power > np.max(power, initial=0.0) * ACTIVE_BELOW_PEAK]
    return float(np.sqrt(np.mean(active))) if len(active) else 0.0


def noise_for(text: str, sounds: Mapping[str, Samples]) -> tuple[str, int]:
    """Which noise goes with a text, and from where on: different for each text, the same each time."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    name = list(sounds)[number % len(sounds)]
    return name, number // len(sounds) % len(sounds[name])


def _hibari() -> Render:
    from skill.speaking.natural_voice import NaturalVoice

    voice = NaturalVoice(ASKING_SPEED)

    def render(text: str) -> Samples:
        speech = voice.render(Line(text))
        samples = np.frombuffer(speech.pcm, "<i2").astype(np.float32) / 32768
        return np.asarray(soxr.resample(samples, speech.rate_hz, RECOGNISER_RATE_HZ), np.float32)

    return render


def program(*command: str) -> Render:
    """A voice that is a program of its own and writes a WAV file."""

    def render(text: str) -> Samples:
        with tempfile.TemporaryDirectory(prefix="voice-") as folder:
            path = Path(folder) / "said.wav"
            filled = [part.replace("{wav}", str(path)).replace("{text}", text) for part in command]
            subprocess.run(filled, check=True, capture_output=True, timeout=60)
            return read_wav(path)

    return render
