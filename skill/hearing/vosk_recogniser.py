"""Vosk: words while she still speaks, on a machine as small as a Raspberry Pi 3.

Confidences. Vosk gives word confidences only without alternatives, and alternatives only without word confidences. We ask for
40 alternatives: their likelihoods, as shares of their sum, say how sure each reading is, and a word is as sure as the readings
that hold it. Against Vosk's own word confidences (Korean model, 71 words) this differs by 0.06 on average, where two runs of Vosk
on the same sound differ by 0.19. It costs nothing that could be measured.

Repeatability. Vosk adds faint noise from C's `rand` to the sound, and so hears the same recording differently each time. The same
seed before each chunk makes it hear the same; another thread that calls `rand` meanwhile disturbs that chunk only.
"""

from __future__ import annotations

import ctypes
import json
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from skill.errors import HearingError, ModelError
from skill.hearing.patience import ENGLISH, Patience
from skill.hearing.resampling import RECOGNISER_RATE_HZ
from skill.hearing.voice_activity import Segmenter, SpeechGate, SpeechPiece
from skill.messages import PCM_BYTES_PER_SAMPLE, Alternative, AudioBlock, Heard, HeardWord, NothingHeard, Partial, Transcript

READINGS = 40
REPORTED_READINGS = 5
NEEDED_FILES = ("am/final.mdl", "conf/mfcc.conf", "conf/model.conf")
CHUNK_BYTES = RECOGNISER_RATE_HZ // 10 * PCM_BYTES_PER_SAMPLE
# To weigh all readings takes a tenth of a second on a small machine. So long before the pause is long enough it is done, and only what she
# says after that has to be weighed anew.
WEIGHED_BEFORE_SECONDS = 0.25

# What Vosk hears in breath and hum (vosk-api#797, #361, #837, #1101). Alone they mean nothing.
GHOSTS = frozenset({"the", "a", "huh", "uh", "um", "hm", "hmm", "mm"})


class VoskRecogniser:
    """Streams what the voice activity lets through to Vosk.

    An utterance ends with a pause of `end_silence_seconds`: by voice activity or, where music or a fan keeps that open, by Vosk
    finding an end and no new word after it for as long. An end that Vosk finds in a shorter pause (its own rule is 0.5 s) only
    starts the next part of the same utterance: people who search for a word are not cut off, and "I'm not … bleeding" does not
    become "bleeding". After "and", "my" or "um" it waits longer, after a command like "stop" shorter (`patience`).

    While that pause is waited for, the words are weighed already. When it is long enough there is nothing left to do.
    """

    name = "vosk"

    def __init__(self, model_folder: Path, end_silence_seconds: float = 0.8, patience: Patience = ENGLISH) -> None:
        self._model, self._recognizer = _load(model_folder)
        self._gate = SpeechGate(Segmenter(end_silence_seconds))
        self.end_silence_seconds = end_silence_seconds
        self._silence_seconds = end_silence_seconds
        self._patience = patience
        self._fed_seconds = 0.0  # Vosk's clock, which goes on over Reset, counts only what it was given
        self._utterance = _Utterance()
        self._is_worn = False
        self._renew()  # the first run is slower than all others: now, and not when she speaks

    @property
    def hears_speech(self) -> bool:
        return self._gate.is_open

    def unknown_words(self, words: Iterable[str]) -> tuple[str, ...]:
        """Those that are not in the model's vocabulary: it can never hear them. words: lower case."""
        return tuple(word for word in words if self._model.vosk_model_find_word(word) < 0)

    def accept(self, block: AudioBlock) -> Sequence[Heard]:
        if self._is_worn:  # not when the utterance ended: she waits for the answer then
            self._renew()
        return list(self._take(self._gate.accept(block.pcm)))

    def finish(self) -> Sequence[Heard]:
        heard = list(self._take(self._gate.finish()))
        self.reset()
        return heard

    def reset(self) -> None:
        self._gate.reset()
        self._renew()
        self._utterance = _Utterance()

    def _take(self, pieces: Iterable[SpeechPiece]) -> Iterator[Heard]:
        for piece in pieces:
            if piece.is_first:
                self._utterance = _Utterance(piece.start_seconds, clock_offset=piece.start_seconds - self._fed_seconds)
                self._be_patient("")
            self._utterance.waiting += piece.pcm
            self._utterance.speech_seconds = piece.speech_seconds
            while len(self._utterance.waiting) >= CHUNK_BYTES:
                yield from self._feed()
            if piece.is_last:
                if self._utterance.waiting and not self._utterance.is_weighed:
                    yield from self._feed()
                yield self._end(piece.end_seconds, is_final=True)
                self._is_worn = True
            elif self._utterance.fresh and self._gate.silence_seconds >= self._silence_seconds - WEIGHED_BEFORE_SECONDS:
                self._weigh()

    def _renew(self) -> None:
        """Make Vosk forget its adaptation to the sound too, which `Reset` keeps: only an end in the middle of sound does that."""
        self._recognizer.AcceptWaveform(bytes(CHUNK_BYTES))
        self._recognizer.FinalResult()
        self._is_worn = False
        self._fed_seconds += CHUNK_BYTES / PCM_BYTES_PER_SAMPLE / RECOGNISER_RATE_HZ

    def _be_patient(self, said: str) -> None:
        self._silence_seconds = self._patience.silence_seconds(said, self.end_silence_seconds)
        self._gate.end_after(self._silence_seconds)

    def _feed(self) -> Iterator[Heard]:
        """Give Vosk the next chunk. Chunks count from the utterance's beginning, so that the source's blocks do not show."""
        utterance = self._utterance
        chunk, utterance.waiting = utterance.waiting[:CHUNK_BYTES], utterance.waiting[CHUNK_BYTES:]
        seconds = len(chunk) / PCM_BYTES_PER_SAMPLE / RECOGNISER_RATE_HZ
        began = time.perf_counter()
        ctypes.CDLL(None).srand(1)
        try:
            found_end = self._recognizer.AcceptWaveform(chunk)
        except Exception as exc:  # Vosk raises nothing more precise
            raise HearingError("Vosk could not go on with the sound: start again, and if that does not help fetch its model anew.") from exc
        self._fed_seconds += seconds
        if found_end:
            utterance.add(self._recognizer.Result())
        utterance.fresh = "" if found_end else json.loads(self._recognizer.PartialResult()).get("partial", "")
        utterance.compute_seconds += time.perf_counter() - began
        utterance.seconds_since_end += seconds
        if utterance.fresh:
            utterance.seconds_since_end = 0.0
        text = " ".join([*utterance.said, *([utterance.fresh] if utterance.fresh else [])])
        if text and text != utterance.partial:
            utterance.partial = text
            self._be_patient(text)
            yield Partial(text)
        if utterance.parts and not utterance.fresh and utterance.seconds_since_end >= self._silence_seconds:
            yield self._end(utterance.clock_offset + self._fed_seconds, is_final=False)

    def _weigh(self) -> None:
        """Make the words so far a part of the utterance, as where Vosk finds an end itself. How long it waits does not change by that."""
        began = time.perf_counter()
        self._utterance.add(self._recognizer.Result(), self._utterance.fresh)
        self._utterance.compute_seconds += time.perf_counter() - began

    def _end(self, end_seconds: float, is_final: bool) -> Heard:
        """What the utterance was. Where only Vosk found its end, the voice activity may still bring another one."""
        utterance = self._utterance
        if is_final and not utterance.is_weighed:
            began = time.perf_counter()
            utterance.add(self._recognizer.FinalResult())
            utterance.compute_seconds += time.perf_counter() - began
        self._utterance = _Utterance(end_seconds, utterance.waiting, utterance.clock_offset)
        heard = utterance.heard(end_seconds)
        return replace(heard, level_db=self._gate.level_db) if isinstance(heard, Transcript) else heard


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read a part of an utterance; share: its part of the likelihood of all readings."""

    text: str
    share: float
    words: tuple[HeardWord, ...] = ()


@dataclass(slots=True)
class _Utterance:
    """What is known so far of one utterance. clock_offset: what to add to Vosk's times.

    parts: what was weighed. said: the same, as it was told while she spoke. fresh: the words behind them. speech_seconds: speech up to now;
    weighed_speech_seconds: up to the end of the last part.
    """

    start_seconds: float = 0.0
    waiting: bytes = b""
    clock_offset: float = 0.0
    parts: list[list[_Reading]] = field(default_factory=list)
    partial: str = ""
    said: list[str] = field(default_factory=list)
    fresh: str = ""
    seconds_since_end: float = 0.0
    speech_seconds: float = 0.0
    weighed_speech_seconds: float = 0.0
    compute_seconds: float = 0.0

    def add(self, result: str, said: str = "") -> None:
        self.fresh, self.seconds_since_end = "", 0.0
        self.weighed_speech_seconds = self.speech_seconds
        readings = _readings(json.loads(result), self.clock_offset)
        if readings:
            self.parts.append(readings)
            self.said.append(said or readings[0].text)

    @property
    def is_weighed(self) -> bool:
        """Since the last part nobody has spoken: neither Vosk found a word nor the voice activity speech."""
        return bool(self.parts) and not self.fresh and self.speech_seconds == self.weighed_speech_seconds

    def heard(self, end_seconds: float) -> Heard:
        if not self.parts:
            return NothingHeard("Vosk found no word in it", self.start_seconds, end_seconds)
        text = " ".join(readings[0].text for readings in self.parts)
        if GHOSTS.issuperset(text.split()):
            return NothingHeard(f"only {text!r}, which Vosk hears in breath and hum", self.start_seconds, end_seconds)
        words = tuple(word for readings in self.parts for word in readings[0].words)
        return Transcript(
            text=text,
            recogniser=VoskRecogniser.name,
            confidence=sum(word.confidence for word in words) / len(words),
            alternatives=self._alternatives(),
            words=words,
            start_seconds=words[0].start_seconds,
            end_seconds=words[-1].end_seconds,
            compute_seconds=self.compute_seconds,
        )

    def _alternatives(self) -> tuple[Alternative, ...]:
        """Other readings of one part at a time, with the best of the other parts around it."""
        best = [readings[0].text for readings in self.parts]
        certainty = math.prod(readings[0].share for readings in self.parts)
        others = [
            Alternative(" ".join([*best[:place], reading.text, *best[place + 1 :]]), certainty / readings[0].share * reading.share)
            for place, readings in enumerate(self.parts)
            for reading in readings[1:]
        ]
        return tuple(sorted(others, key=lambda other: -other.confidence)[:REPORTED_READINGS])


def _readings(result: dict[str, Any], clock_offset: float) -> list[_Reading]:
    """The different readings in a result of Vosk, the likeliest first; none where it heard no word."""
    found = [alternative for alternative in result.get("alternatives", []) if alternative["text"].strip()]
    if not found:
        return []
    best = max(alternative["confidence"] for alternative in found)
    weights = [math.exp(alternative["confidence"] - best) for alternative in found]
    shares = [weight / sum(weights) for weight in weights]
    share_of_text: dict[str, float] = {}
    for alternative, share in zip(found, shares, strict=True):
        share_of_text[alternative["text"].strip()] = share_of_text.get(alternative["text"].strip(), 0.0) + share
    words = tuple(
        HeardWord(
            text=word["word"],
            start_seconds=word["start"] + clock_offset,
            end_seconds=word["end"] + clock_offset,
            confidence=min(1.0, sum(share for other, share in zip(found, shares, strict=True) if _holds(other, word))),
        )
        for word in found[0]["result"]
    )
    first = found[0]["text"].strip()
    others = sorted((text for text in share_of_text if text != first), key=lambda text: -share_of_text[text])
    return [_Reading(first, share_of_text[first], words), *(_Reading(text, share_of_text[text]) for text in others)]


def _holds(alternative: dict[str, Any], word: dict[str, Any]) -> bool:
    return any(
        other["word"] == word["word"] and other["start"] < word["end"] and word["start"] < other["end"] for other in alternative["result"]
    )


def _load(model_folder: Path) -> tuple[Any, Any]:
    """The model in this folder and a recogniser on it.

    Always by a checked, absolute path: given a name or a language instead, Vosk goes to the network and may end the process.
    """
    folder = model_folder.resolve()
    mend = f"fetch it with: run_assistant.py models fetch {folder.name}"
    if not folder.is_dir():
        raise ModelError(f"There is no Vosk model in {folder}: {mend}")
    missing = [name for name in NEEDED_FILES if not (folder / name).is_file() or not (folder / name).stat().st_size]
    if not any((folder / "graph" / name).is_file() for name in ("HCLr.fst", "HCLG.fst")):
        missing.append("graph/HCLr.fst")
    if missing:
        raise ModelError(f"The Vosk model in {folder} lacks {', '.join(missing)}: {mend}")
    import vosk

    vosk.SetLogLevel(-1)
    try:
        model = vosk.Model(str(folder))
        recognizer = vosk.KaldiRecognizer(model, RECOGNISER_RATE_HZ)
    except Exception as exc:  # Vosk raises nothing more precise
        raise ModelError(f"The Vosk model in {folder} is damaged ({exc}): {mend}") from exc
    recognizer.SetWords(True)
    recognizer.SetMaxAlternatives(READINGS)
    return model, recognizer
