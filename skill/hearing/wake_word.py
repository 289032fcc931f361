"""Wake words: a few ready ones, known by their sound alone. pyopen-wakeword's models lie in its wheel.

It hears sound in steps of 80 ms and says after each how likely the word has just ended. What it takes into account is 2 s of sound.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata

from skill.errors import HearingError

PACKAGE = "pyopen-wakeword"
# The package's own. Measured in benchmarks/waking.py.
SURE = 0.5
STEP_SECONDS = 0.08
STEP_BYTES = 2_560
# The window of the last stage (16 steps of 80 ms) and that of the stage before it (0.78 s).
SECONDS_IT_KNOWS = 2.1


class WakeWordSpotter:
    """Takes 16 kHz sound and finds one wake word in it. Raises HearingError where it is not there, or not whole.

    word: as in the settings, like "hey jarvis".
    """

    def __init__(self, word: str) -> None:
        self.word = word
        _check_whole()
        try:
            from pyopen_wakeword import Model, OpenWakeWord, OpenWakeWordFeatures

            self._features = OpenWakeWordFeatures.from_builtin()
            self._spotter = OpenWakeWord.from_builtin(Model(word.replace(" ", "_")))
        except (ImportError, OSError, ValueError, RuntimeError) as exc:
            raise HearingError(f'The wake word "{word}" cannot be listened for ({exc}): run script/setup again.') from exc
        self._rest = b""
        self._is_new = False
        self.forget()  # the first run is slower than all others: now, and not when she speaks

    def accept(self, pcm: bytes) -> bool:
        """16-bit mono at 16 kHz, of any length. Whether the word ended in it."""
        self._is_new = False
        sound = self._rest + pcm
        whole = len(sound) - len(sound) % STEP_BYTES
        self._rest = sound[whole:]
        found = False
        for start in range(0, whole, STEP_BYTES):
            for features in self._features.process_streaming(sound[start : start + STEP_BYTES]):
                found |= any(probability > SURE for probability in self._spotter.process_streaming(features))
        return found

    def forget(self) -> None:
        """Silence in place of all it has heard. The package's own `reset` computes 8 s of it, four times as much as is needed."""
        if not self._is_new:
            self._rest = b""
            self.accept(bytes(STEP_BYTES * round(SECONDS_IT_KNOWS / STEP_SECONDS)))
            self._is_new = True


def _check_whole() -> None:
    """The library ends the whole process where a model is damaged, so its files are compared with the sums that its wheel recorded."""
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError as exc:
        raise HearingError(f"Wake words need the package {PACKAGE}, which is not installed: run script/setup again.") from exc
    for file in files:
        if file.suffix != ".tflite" or file.hash is None:
            continue
        try:
            sum_of_it = hashlib.new(file.hash.mode, file.read_binary()).digest()
        except OSError as exc:
            raise HearingError(f"The model {file.locate()} cannot be read ({exc.strerror}): run script/setup again.") from exc
        if base64.urlsafe_b64encode(sum_of_it).decode().rstrip("=") != file.hash.value:
            raise HearingError(f"The model {file.locate()} is damaged: remove .venv and run script/setup again.")
