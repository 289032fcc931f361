"""Listens for a few single words, for as little work as can be: PocketSphinx, whose English model lies in its wheel.

It compares each word with "any other sounds". How much likelier the word must be is set by word, and was chosen by measuring
(`benchmarks.stopping`): on what is left of the sound when its own voice is taken away.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skill.errors import HearingError
from skill.hearing.resampling import RECOGNISER_RATE_HZ
from skill.messages import PCM_BYTES_PER_SAMPLE

THRESHOLDS: Mapping[str, str] = {"stop": "1e-28", "wait": "1e-13", "enough": "1e-9", "quiet": "1e-10"}
CHUNK_BYTES = RECOGNISER_RATE_HZ // 10 * PCM_BYTES_PER_SAMPLE


class PocketSphinxSpotter:
    """thresholds: word → how likely it must be, the smaller the easier it is heard."""

    name = "pocketsphinx"

    def __init__(self, thresholds: Mapping[str, str] = THRESHOLDS) -> None:
        self._decoder = _decoder(thresholds)

    def word_in(self, pcm: bytes) -> str:
        """The first of the words in this sound, 16-bit mono at 16 kHz; empty where none is."""
        self._decoder.start_utt()
        try:
            for start in range(0, len(pcm), CHUNK_BYTES):
                self._decoder.process_raw(pcm[start : start + CHUNK_BYTES], no_search=False, full_utt=False)
                hypothesis = self._decoder.hyp()
                if hypothesis is not None and hypothesis.hypstr.strip():
                    return str(hypothesis.hypstr.split()[0])
            return ""
        finally:
            self._decoder.end_utt()


def _decoder(thresholds: Mapping[str, str]) -> Any:
    try:
        import pocketsphinx

        model = Path(pocketsphinx.get_model_path()) / "en-us"
        with tempfile.TemporaryDirectory() as folder:
            words = Path(folder) / "words"
            words.write_text("".join(f"{word} /{threshold}/\n" for word, threshold in thresholds.items()), encoding="utf-8")
            config = pocketsphinx.Config(
                hmm=str(model / "en-us"), dict=str(model / "cmudict-en-us.dict"), kws=str(words), lm=None, loglevel="FATAL"
            )
            return pocketsphinx.Decoder(config)
    except (ImportError, OSError, RuntimeError, ValueError) as exc:
        raise HearingError(f"PocketSphinx cannot listen for words ({exc}): run script/setup, which installs it.") from exc
