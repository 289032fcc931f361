"""A recording in place of a microphone: the same path, faster than real time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skill.errors import RecordingError
from skill.messages import AudioBlock

LEAST_RATE_HZ = 4_000
MOST_RATE_HZ = 768_000


class RecordingMicrophone:
    """Sound from a WAV file of any rate, width and channel count; channels are averaged.

    Only one block at a time is in memory. A file that ends before its header says (a recorder that lost power) is heard as far as
    it goes. The recording stands still while nobody reads it, so there is never anything to flush.
    """

    def __init__(self, path: Path, block_seconds: float = 0.1) -> None:
        self._path = path
        self._closed = False
        self._file = self._open()
        self._rate_hz: int = self._file.samplerate
        self._block_samples = max(1, round(self._rate_hz * block_seconds))

    def blocks(self) -> Iterator[AudioBlock]:
        """The recording from where it stands to its end, or until `close`. Raises RecordingError where it cannot be read on."""
        with self._file as file:
            while not self._closed:
                samples = self._read(file)
                if not len(samples):
                    return
                yield AudioBlock(_to_pcm(samples), self._rate_hz)

    def flush(self) -> None: ...

    def close(self) -> None:
        # The file itself is closed by the thread that reads it: libsndfile must not lose it in mid-read.
        self._closed = True

    def _open(self) -> Any:
        import soundfile

        try:
            if self._path.is_dir():
                raise RecordingError(f"{self._path} is a folder: give the name of a WAV file in it.")
            if self._path.exists() and not self._path.is_file():
                raise RecordingError(f"{self._path} is not an ordinary file: give the name of a WAV file.")
            with self._path.open("rb") as file:
                if not file.read(1):
                    raise RecordingError(f"{self._path} is an empty file (0 bytes): record it again.")
        except FileNotFoundError as exc:
            raise RecordingError(f"There is no file {self._path}: check its name and folder.") from exc
        except (OSError, ValueError) as exc:
            reason = getattr(exc, "strerror", None) or str(exc)
            raise RecordingError(f"{self._path} cannot be read ({reason}): check who may read it and that its disk is there.") from exc
        try:
            opened = soundfile.SoundFile(str(self._path))
        except (soundfile.SoundFileError, TypeError, OSError) as exc:
            raise RecordingError(f"{self._path} is not a sound file, or a damaged one: record it again or save it as WAV.") from exc
        if not LEAST_RATE_HZ <= opened.samplerate <= MOST_RATE_HZ:
            opened.close()
            raise RecordingError(
                f"{self._path} says it has {opened.samplerate} samples a second, which no speech has: save it anew with 16000."
            )
        if not opened.frames:
            opened.close()
            raise RecordingError(f"{self._path} holds no sound: record it again.")
        return opened

    def _read(self, file: Any) -> npt.NDArray[np.float32]:
        import soundfile

        try:
            samples: npt.NDArray[np.float32] = file.read(self._block_samples, dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, RuntimeError) as exc:
            raise RecordingError(f"{self._path} is damaged and cannot be read to its end: record it again.") from exc
        return samples


def _to_pcm(samples: npt.NDArray[np.float32]) -> bytes:
    """16-bit mono of samples by channels; numbers that are not finite, which a damaged float file may hold, become silence."""
    mono = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0).mean(axis=1)
    pcm: bytes = np.clip(np.rint(mono * 32768.0), -32768, 32767).astype("<i2").tobytes()
    return pcm
