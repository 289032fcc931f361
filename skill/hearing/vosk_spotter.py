"""Listens for a few single words with Vosk and its English model, held to a grammar of just these words and "anything else"."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from skill.errors import ModelError
from skill.hearing.resampling import RECOGNISER_RATE_HZ
from skill.messages import PCM_BYTES_PER_SAMPLE

CHUNK_BYTES = RECOGNISER_RATE_HZ // 10 * PCM_BYTES_PER_SAMPLE
ANYTHING_ELSE = "[unk]"


class VoskSpotter:
    """model_folder: a model whose graph can be held to a grammar (`graph/HCLr.fst`), as the small English one."""

    name = "vosk"

    def __init__(self, model_folder: Path, words: Iterable[str]) -> None:
        self._words = frozenset(words)
        self._recognizer = _recognizer(model_folder, [*self._words, ANYTHING_ELSE])

    def word_in(self, pcm: bytes) -> str:
        """The first of the words in this sound, 16-bit mono at 16 kHz; empty where none is."""
        self._recognizer.Reset()
        for start in range(0, len(pcm), CHUNK_BYTES):
            ended = self._recognizer.AcceptWaveform(pcm[start : start + CHUNK_BYTES])
            if word := self._word(self._recognizer.Result() if ended else self._recognizer.PartialResult()):
                return word
        return self._word(self._recognizer.FinalResult())

    def _word(self, heard: str) -> str:
        found = json.loads(heard)
        return next((word for word in (found.get("text") or found.get("partial") or "").split() if word in self._words), "")


def _recognizer(model_folder: Path, words: list[str]) -> Any:
    """By a checked, absolute path: given anything else, Vosk goes to the network and may end the process."""
    folder = model_folder.resolve()
    if not (folder / "graph" / "HCLr.fst").is_file():
        raise ModelError(f"The Vosk model in {folder} cannot be held to a few words: its file graph/HCLr.fst is missing.")
    import vosk

    vosk.SetLogLevel(-1)
    try:
        return vosk.KaldiRecognizer(vosk.Model(str(folder)), RECOGNISER_RATE_HZ, json.dumps(words))
    except Exception as exc:  # Vosk raises nothing more precise
        raise ModelError(f"The Vosk model in {folder} is damaged ({exc}): run_assistant.py models fetch {folder.name}.") from exc
