"""Whisper: whole utterances, for machines where no Vosk model can be had.

It is asked through CTranslate2 and not through `WhisperModel.transcribe`, which always computes a window of 30 s and gives one
reading. Measured on 109 clips of people, two cores: a window of 10 s costs a third of that (0.15 s against 0.42 s an utterance),
makes as many mistakes (16 % of the words) and fewer ghost words in noise. Several readings cost nothing more.
"""

from __future__ import annotations

import math
import os
import re
import time
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skill.errors import HearingError, ModelError
from skill.hearing.patience import ENGLISH, SHORTER, Patience
from skill.hearing.resampling import RECOGNISER_RATE_HZ
from skill.hearing.spoken_sound import SpokenSound
from skill.hearing.voice_activity import Segmenter, SpeechGate, SpeechPiece
from skill.memory import give_back_memory
from skill.messages import PCM_BYTES_PER_SAMPLE, Alternative, AudioBlock, Heard, HeardWord, NothingHeard, Transcript

NEEDED_FILES = ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt")
WINDOWS_SECONDS = (10, 20, 30)
FRAMES_PER_SECOND = 100
SECONDS_PER_ALIGNED_STEP = 0.02
BEAM = 5
MOST_TIMES_AHEAD = 3  # in one utterance: a television pauses often
MOST_TOKENS_PER_SECOND = 10  # twice as fast as anyone talks; more is a loop

# Ghost words. Whisper's own "no speech" was 0.57 to 0.97 on 20 pieces of kitchen and room noise, and 0.02 to 0.44 on 109 clips of
# people. So it may not be sure of silence and unsure of the words at once, and phrases that it is known to make up need more.
SILENCE = 0.5
SURE_OF_WORDS = -0.5
GHOST_PHRASES = frozenset(
    {
        "thank you",
        "thanks",
        "thank you very much",
        "thanks for watching",
        "thank you for watching",
        "bye",
        "you",
        "okay",
        "oh",
        "so",
    }
)
GHOST_SURE_OF_WORDS = -1.3
LOOP_COMPRESSION = 2.4

_SOUND_NAMES = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|♪")
_NOT_OF_WORDS = re.compile(r"[^a-z0-9' ]+")


@dataclass(frozen=True, slots=True)
class _Ahead:
    """What was transcribed in a pause. speech_seconds: how much speech there was by then; below 0: nothing was. times: so often."""

    speech_seconds: float = -1.0
    heard: Heard | None = None
    times: int = 0


class WhisperRecogniser:
    """Collects what the voice activity takes for one utterance and transcribes it as a whole.

    It transcribes in the pause already that will end the utterance, and the words say how long that pause must be (`patience`): longer
    after "and", "my" or "um", shorter after a command like "louder". Where she speaks on, that work was in vain, so it is done a few times
    only.

    threads: cores to use.
    """

    name = "whisper"

    def __init__(
        self, model_folder: Path, end_silence_seconds: float = 0.8, threads: int | None = None, patience: Patience = ENGLISH
    ) -> None:
        self._model = _load(model_folder, threads or min(4, os.cpu_count() or 1))
        self._tokens = _tokenizer(self._model)
        self._segmenter = Segmenter(end_silence_seconds)
        self._gate = SpeechGate(self._segmenter)
        self._patience = patience
        self._sound = SpokenSound()
        self._ahead = _Ahead()
        try:
            # The first run is slower than all others: now, and not when she speaks.
            self._transcribe(SpokenSound.of(bytes(RECOGNISER_RATE_HZ)))
        except HearingError as exc:
            raise ModelError(_damaged(model_folder.resolve(), exc)) from exc
        give_back_memory()

    @property
    def end_silence_seconds(self) -> float:
        return self._segmenter.end_silence_seconds

    @end_silence_seconds.setter
    def end_silence_seconds(self, seconds: float) -> None:
        self._segmenter.end_silence_seconds = seconds

    @property
    def hears_speech(self) -> bool:
        return self._gate.is_open

    def accept(self, block: AudioBlock) -> Sequence[Heard]:
        return list(self._take(self._gate.accept(block.pcm)))

    def finish(self) -> Sequence[Heard]:
        heard = list(self._take(self._gate.finish()))
        self.reset()
        return heard

    def reset(self) -> None:
        self._gate.reset()
        self._sound = SpokenSound()

    def judge(self, sound: bytes, words: Iterable[str]) -> tuple[tuple[Alternative, ...], dict[str, float]]:
        """A short sound as a whole, 16-bit mono at 16 kHz: its readings, and how likely each word is its first (natural logarithm).

        Apart from what is being heard: nothing of it is kept.
        """
        seconds = len(sound) / PCM_BYTES_PER_SAMPLE / RECOGNISER_RATE_HZ
        try:
            encoded = self._encode(sound, WINDOWS_SECONDS[0])
            readings = self._readings(self._generate(encoded, seconds))
            return readings, {word: self._likelihood(encoded, word, seconds) for word in words}
        except (RuntimeError, ValueError, MemoryError) as exc:
            raise HearingError(f"Whisper could not go on with the sound ({exc}): start again.") from exc
        finally:
            give_back_memory()

    def _likelihood(self, encoded: Any, word: str, seconds: float) -> float:
        tokens = self._tokens.encode(f" {word.capitalize()}")
        aligned = self._model.model.align(encoded, [self._tokens.sot], [tokens], [math.ceil(seconds * FRAMES_PER_SECOND)])[0]
        return float(np.sum(np.log(np.maximum(aligned.text_token_probs[: len(tokens)], 1e-9))))

    def _take(self, pieces: Iterable[SpeechPiece]) -> Iterator[Heard]:
        for piece in pieces:
            if piece.is_first:
                self._sound = SpokenSound(piece.start_seconds)
                self._ahead = _Ahead()
                self._gate.end_after(self.end_silence_seconds)
            self._sound.add(piece.pcm, self._gate.silence_seconds)
            if piece.is_last:
                heard = self._ahead.heard if self._ahead.speech_seconds == piece.speech_seconds else None
                yield heard or self._transcribe(self._sound)
                give_back_memory()  # a question took 20 MB, half a minute of talk 60
                self._sound = SpokenSound()
            elif self._is_time_to_look_ahead(piece.speech_seconds):
                self._look_ahead(piece.speech_seconds)

    def _is_time_to_look_ahead(self, speech_seconds: float) -> bool:
        """In a pause that may be the last one, once."""
        pause, spoken = self._gate.silence_seconds, speech_seconds != self._ahead.speech_seconds
        return (
            spoken
            and self._sound.seconds <= WINDOWS_SECONDS[0]
            and self._ahead.times < MOST_TIMES_AHEAD
            and pause >= self.end_silence_seconds * SHORTER
        )

    def _look_ahead(self, speech_seconds: float) -> None:
        heard = self._transcribe(self._sound)
        self._ahead = _Ahead(speech_seconds, heard, self._ahead.times + 1)
        said = heard.text if isinstance(heard, Transcript) else ""
        self._gate.end_after(self._patience.silence_seconds(said, self.end_silence_seconds))

    def _transcribe(self, sound: SpokenSound) -> Heard:
        began, seconds = time.perf_counter(), sound.seconds
        window = next((window for window in WINDOWS_SECONDS if window >= seconds), WINDOWS_SECONDS[-1])
        try:
            encoded = self._encode(sound.pcm, window)
            result = self._generate(encoded, seconds)
            if window != WINDOWS_SECONDS[-1] and _repeats(plain_words(self._tokens.decode(result.sequences_ids[0]))):
                # The long window that Whisper was trained with loops less often.
                encoded = self._encode(sound.pcm, WINDOWS_SECONDS[-1])
                result = self._generate(encoded, seconds)
            readings = self._readings(result)
            reason = _why_not_speech(readings, result)
            words = self._words(encoded, result.sequences_ids[0], sound) if reason is None else ()
        except (RuntimeError, ValueError) as exc:
            raise HearingError(f"Whisper could not go on with the sound ({exc}): start again.") from exc
        if reason is not None:
            return NothingHeard(reason, sound.start_seconds, sound.when(seconds))
        return Transcript(
            text=readings[0].text,
            recogniser=self.name,
            confidence=min(1.0, math.exp(result.scores[0])),
            alternatives=readings[1:],
            words=words,
            start_seconds=words[0].start_seconds,
            end_seconds=words[-1].end_seconds,
            compute_seconds=time.perf_counter() - began,
            level_db=self._gate.level_db,
        )

    def _encode(self, sound: bytes, window_seconds: int) -> Any:
        """The encoder's states for the sound, followed by silence up to the window's end."""
        samples = np.zeros(window_seconds * RECOGNISER_RATE_HZ, np.float32)
        heard = np.frombuffer(sound, "<i2")[: len(samples)].astype(np.float32) / 32768.0
        samples[: len(heard)] = heard
        features: npt.NDArray[np.float32] = self._model.feature_extractor(samples, padding=0)
        return self._model.encode(np.ascontiguousarray(features[:, : window_seconds * FRAMES_PER_SECOND], np.float32))

    def _generate(self, encoded: Any, seconds: float) -> Any:
        return self._model.model.generate(
            encoded,
            [[self._tokens.sot, self._tokens.no_timestamps]],
            beam_size=BEAM,
            num_hypotheses=BEAM,
            max_length=math.ceil(10 + MOST_TOKENS_PER_SECOND * seconds),
            return_scores=True,
            return_no_speech_prob=True,
        )[0]

    def _readings(self, result: Any) -> tuple[Alternative, ...]:
        """The different readings, Whisper's best first; confidence: the share in the likelihood of all."""
        likelihoods: dict[str, float] = {}
        for tokens, score in zip(result.sequences_ids, result.scores, strict=True):
            text = plain_words(self._tokens.decode(tokens))
            likelihoods[text] = likelihoods.get(text, 0.0) + math.exp(score * max(1, len(tokens)))
        best, total = next(iter(likelihoods)), sum(likelihoods.values()) or 1.0
        others = sorted((text for text in likelihoods if text and text != best), key=lambda text: -likelihoods[text])
        return tuple(Alternative(text, likelihoods[text] / total) for text in (best, *others))

    def _words(self, encoded: Any, tokens: list[int], sound: SpokenSound) -> tuple[HeardWord, ...]:
        """Each word with its time and how sure Whisper was of it: one more run of the decoder, 15 ms an utterance."""
        frames = math.ceil(sound.seconds * FRAMES_PER_SECOND)
        aligned = self._model.model.align(encoded, [self._tokens.sot], [tokens], [frames])[0]
        begins: dict[int, float] = {}
        for token, step in aligned.alignments:
            begins.setdefault(token, step * SECONDS_PER_ALIGNED_STEP)
        texts, tokens_of_texts = self._tokens.split_to_word_tokens([*tokens, self._tokens.eot])
        words: list[HeardWord] = []
        first = 0
        for text, of_text in zip(texts[:-1], tokens_of_texts[:-1], strict=True):
            after = first + len(of_text)
            start = sound.when(begins.get(first, 0.0))
            end = max(start, sound.when(begins.get(after, sound.seconds)))
            confidence = float(np.mean(aligned.text_token_probs[first:after]))
            words += [HeardWord(plain, start, end, confidence) for plain in plain_words(text).split()]
            first = after
        return tuple(words)


def plain_words(text: str) -> str:
    """Whisper writes as in a book; here lower-case words, digits and apostrophes remain. Names of sounds like [MUSIC] go."""
    spoken = _SOUND_NAMES.sub(" ", text.lower().replace("\u2019", "'").replace("%", " percent"))
    folded = unicodedata.normalize("NFKD", re.sub(r"(?<=\d),(?=\d{3})", "", spoken)).encode("ascii", "ignore").decode()
    return " ".join(word.strip("'") for word in _NOT_OF_WORDS.sub(" ", folded).split() if word.strip("'"))


def _why_not_speech(readings: Sequence[Alternative], result: Any) -> str | None:
    """The reason why this is not what somebody said, or None."""
    text, score, silence = readings[0].text, result.scores[0], result.no_speech_prob
    figures = f"(silence {silence:.2f}, words {score:.2f})"
    if not text:
        return "Whisper found no word in it"
    if silence > SILENCE and score < SURE_OF_WORDS:
        return f"{text!r} is most likely noise {figures}"
    if text in GHOST_PHRASES and score < GHOST_SURE_OF_WORDS:
        return f"{text!r} is what Whisper makes up in noise {figures}"
    if _runs_in_a_circle(text):
        return f"Whisper ran in a circle: {text[:40]!r}"
    return None


def _repeats(text: str) -> bool:
    """In a circle, or all of it just twice: of 7,600 spoken sentences 35 came doubled in a short window."""
    words = text.split()
    return _runs_in_a_circle(text) or (len(words) > 5 and words[: len(words) // 2] * 2 == words)


def _runs_in_a_circle(text: str) -> bool:
    return len(text) / len(zlib.compress(text.encode())) > LOOP_COMPRESSION


def _load(model_folder: Path, threads: int) -> Any:
    """The model in this folder. All files are checked first: for a missing tokenizer, faster-whisper would go to the network."""
    folder = model_folder.resolve()
    if not folder.is_dir():
        raise ModelError(f"There is no Whisper model in {folder}: {_mend(folder)}")
    missing = [name for name in NEEDED_FILES if not (folder / name).is_file() or not (folder / name).stat().st_size]
    if missing:
        raise ModelError(f"The Whisper model in {folder} lacks {', '.join(missing)}: {_mend(folder)}")
    # MKL keeps what it once needed, 45 MB after the first half minute of talk, and is no slower without.
    os.environ.setdefault("MKL_DISABLE_FAST_MM", "1")
    import faster_whisper

    try:
        return faster_whisper.WhisperModel(
            str(folder), device="cpu", compute_type="int8", cpu_threads=threads, num_workers=1, local_files_only=True
        )
    except Exception as exc:  # CTranslate2 and tokenizers raise what they like on damaged files
        raise ModelError(_damaged(folder, exc)) from exc


def _damaged(folder: Path, error: Exception) -> str:
    if isinstance(error, MemoryError) or "alloc" in str(error):
        return (
            f"There is not enough memory for the Whisper model in {folder}: end other programs, or write `memory: small` in the settings."
        )
    return f"The Whisper model in {folder} is damaged ({error}): {_mend(folder)}"


def _mend(folder: Path) -> str:
    return f"fetch it with: run_assistant.py models fetch {folder.name}"


def _tokenizer(model: Any) -> Any:
    from faster_whisper.tokenizer import Tokenizer

    return Tokenizer(model.hf_tokenizer, multilingual=False)
