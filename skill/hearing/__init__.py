"""From voice in air to words: microphone or recording → 16 kHz → voice activity → recogniser.

`RECOGNISERS` is the one table of recognisers; each entry imports its library when it is chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skill.errors import HearingError, ModelError
from skill.hearing.stop_listener import Spotter, StopListener
from skill.stages import Recogniser
from skill.stop_words import STOP_WORDS

if TYPE_CHECKING:
    from skill.hearing.whisper_recogniser import WhisperRecogniser

END_SILENCE_SECONDS = 0.8


def _vosk(model_folder: Path, end_silence_seconds: float) -> Recogniser:
    from skill.hearing.vosk_recogniser import VoskRecogniser

    return VoskRecogniser(model_folder, end_silence_seconds)


def _whisper(model_folder: Path, end_silence_seconds: float) -> Recogniser:
    from skill.hearing.whisper_recogniser import WhisperRecogniser

    return WhisperRecogniser(model_folder, end_silence_seconds)


RECOGNISERS: Mapping[str, Callable[[Path, float], Recogniser]] = {"vosk": _vosk, "whisper": _whisper}


def open_recogniser(name: str, model_folder: Path, end_silence_seconds: float = END_SILENCE_SECONDS) -> Recogniser:
    """The recogniser of this name on the model in this folder.

    Raises HearingError for an unknown name, ModelError where the model is missing or damaged.
    """
    if name not in RECOGNISERS:
        raise HearingError(f'There is no recogniser "{name}": choose one of {", ".join(RECOGNISERS)}.')
    return RECOGNISERS[name](model_folder, end_silence_seconds)


def open_stop_listener(vosk_model: Path | None, recogniser: Recogniser | None = None) -> StopListener:
    """Hears the stop words over its own speech: with the recogniser that listens, where that is Whisper; else with Vosk where its English
    model is there, else with PocketSphinx.

    Raises HearingError where none works.
    """
    return StopListener(_spotter(vosk_model, recogniser))


def _spotter(vosk_model: Path | None, recogniser: Recogniser | None) -> Spotter:
    if recogniser is not None and recogniser.name == "whisper":
        from skill.hearing.whisper_words import WhisperWords

        return WhisperWords(lambda: _whisper_in(recogniser))
    if vosk_model is not None:
        from skill.hearing.vosk_spotter import VoskSpotter

        try:
            return VoskSpotter(vosk_model, STOP_WORDS)
        except ModelError:
            pass  # PocketSphinx needs no model of ours
    from skill.hearing.word_spotter import PocketSphinxSpotter

    return PocketSphinxSpotter()


def _whisper_in(recogniser: Recogniser | None) -> WhisperRecogniser | None:
    """Asked anew each time, for one that failed is replaced."""
    from skill.hearing.whisper_recogniser import WhisperRecogniser

    bare = _bare(recogniser)
    return bare if isinstance(bare, WhisperRecogniser) else None


def unknown_words(recogniser: Recogniser, words: Sequence[str]) -> tuple[str, ...]:
    """The words that this recogniser can never hear: those that a fixed vocabulary lacks. Whisper spells, so it has none."""
    from skill.hearing.vosk_recogniser import VoskRecogniser

    bare = _bare(recogniser)
    return bare.unknown_words(words) if isinstance(bare, VoskRecogniser) else ()


def _bare(recogniser: Recogniser | None) -> Recogniser | None:
    """The one that hears, out of what is wrapped around it."""
    from skill.hearing.lasting_recogniser import LastingRecogniser
    from skill.hearing.waking import WakingRecogniser

    while isinstance(recogniser, LastingRecogniser | WakingRecogniser):
        recogniser = recogniser.inner
    return recogniser
