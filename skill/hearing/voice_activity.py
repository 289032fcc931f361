"""Where speech begins and ends. `Segmenter` decides, from probabilities alone; `SpeechGate` asks Silero for them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from skill.hearing.near_voice import NearVoice
from skill.hearing.resampling import RECOGNISER_RATE_HZ
from skill.hearing.silero import open_silero
from skill.messages import PCM_BYTES_PER_SAMPLE

FRAME_SAMPLES = 512  # what Silero was trained on at 16 kHz
FRAME_BYTES = FRAME_SAMPLES * PCM_BYTES_PER_SAMPLE
FRAME_SECONDS = FRAME_SAMPLES / RECOGNISER_RATE_HZ

# Measured on household noise, which never rose above 0.11, and on 109 clips of people, where the shortest words had three frames
# above 0.5.
SPEECH_STARTS = 0.4
SPEECH_GOES_ON = 0.25

LOUD_PERCENTILE = 75


@dataclass(frozen=True, slots=True)
class SpeechPiece:
    """A piece of an utterance: 16-bit mono at 16 kHz.

    is_first: an utterance begins here; the piece then holds the sound just before it too. is_last: the utterance ends here.
    start_seconds: where the piece begins, from the start of listening. speech_seconds: speech in the utterance so far, pauses
    left out.
    """

    pcm: bytes
    start_seconds: float
    speech_seconds: float
    is_first: bool = False
    is_last: bool = False

    @property
    def end_seconds(self) -> float:
        return self.start_seconds + len(self.pcm) / PCM_BYTES_PER_SAMPLE / RECOGNISER_RATE_HZ


class Segmenter:
    """Cuts frames into utterances.

    end_silence_seconds: a pause this long ends an utterance; shorter ones belong to people who search for a word. May be set at any time.
    longest_seconds: an utterance is cut here, or a television in the room would never end it.
    least_speech_seconds: what has less speech than this is a click or a knock.
    pre_roll_seconds: sound kept from before the speech, so that its first syllable is whole.
    """

    def __init__(
        self,
        end_silence_seconds: float = 0.8,
        longest_seconds: float = 25.0,
        least_speech_seconds: float = 0.09,
        pre_roll_seconds: float = 0.4,
    ) -> None:
        self.end_silence_seconds = end_silence_seconds
        self._longest_frames = _frames(longest_seconds)
        self._least_frames = _frames(least_speech_seconds)
        self._knock_frames = _frames(0.2)  # speech frames further apart than this do not add up to a beginning
        self._recent: deque[bytes] = deque(maxlen=_frames(pre_roll_seconds) + self._least_frames + self._knock_frames)
        self._frames_seen = 0
        self.reset()

    @property
    def end_silence_seconds(self) -> float:
        return self._end_silence_seconds

    @end_silence_seconds.setter
    def end_silence_seconds(self, seconds: float) -> None:
        self._end_silence_seconds = seconds
        self._end_frames = _frames(seconds)

    @property
    def is_open(self) -> bool:
        """An utterance has begun and not ended."""
        return self._open_frames > 0

    @property
    def silence_seconds(self) -> float:
        """How long the pause is in which the open utterance is now; 0 while somebody speaks."""
        return self._silent_frames * FRAME_SECONDS if self._open_frames else 0.0

    def end_after(self, silence_seconds: float) -> None:
        """Another pause ends utterances from now on."""
        self._end_frames = _frames(silence_seconds)

    def reset(self) -> None:
        """Forget all sound; the count of seconds goes on."""
        self._recent.clear()
        self._open_frames = 0
        self._speech_frames = 0
        self._silent_frames = 0

    def step(self, frame: bytes, probability: float, begins_anew: bool = False) -> SpeechPiece | None:
        """Take one frame and how likely it is speech; give the piece of an utterance that became known.

        begins_anew: another utterance begins here, in the middle of the open one; both hold the sound of their border.
        """
        self._frames_seen += 1
        if self._open_frames:
            return self._go_on(frame, probability, begins_anew)
        return self._look_for_start(frame, probability)

    def finish(self) -> SpeechPiece | None:
        """The sound has ended: the end of the utterance that was still open. The count of seconds starts anew."""
        end = self._piece(b"", is_last=True) if self._open_frames else None
        self.reset()
        self._frames_seen = 0
        return end

    def _look_for_start(self, frame: bytes, probability: float) -> SpeechPiece | None:
        self._recent.append(frame)
        if probability >= SPEECH_STARTS:
            self._speech_frames += 1
            self._silent_frames = 0
        else:
            self._silent_frames += 1
            if self._silent_frames > self._knock_frames:
                self._speech_frames = 0
        if self._speech_frames < self._least_frames:
            return None
        self._open_frames = len(self._recent)
        piece = self._piece(b"".join(self._recent), is_first=True)
        self._recent.clear()
        return piece

    def _go_on(self, frame: bytes, probability: float, begins_anew: bool) -> SpeechPiece:
        self._recent.append(frame)
        self._open_frames += 1
        if probability >= SPEECH_GOES_ON:
            self._speech_frames += 1
            self._silent_frames = 0
        else:
            self._silent_frames += 1
        ends = self._silent_frames >= self._end_frames or self._open_frames >= self._longest_frames
        piece = self._piece(frame, is_last=ends or begins_anew)
        if begins_anew and not ends:
            self._open_frames = self._silent_frames = 0
            self._speech_frames = self._least_frames  # what came just before goes into it, with the next frame
        elif ends:
            self.reset()
        return piece

    def _piece(self, pcm: bytes, is_first: bool = False, is_last: bool = False) -> SpeechPiece:
        start = self._frames_seen - len(pcm) // FRAME_BYTES
        return SpeechPiece(pcm, start * FRAME_SECONDS, self._speech_frames * FRAME_SECONDS, is_first, is_last)


class SpeechGate:
    """Lets only speech through: takes 16 kHz sound cut anyhow, gives the pieces of utterances."""

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter = segmenter
        self._silero = open_silero()
        self._near = NearVoice()
        self._powers: list[float] = []
        self._rest = b""

    def accept(self, pcm: bytes) -> Iterator[SpeechPiece]:
        """The pieces that became known by this sound."""
        sound = self._rest + pcm
        whole = len(sound) - len(sound) % FRAME_BYTES
        self._rest = sound[whole:]
        for start in range(0, whole, FRAME_BYTES):
            frame = sound[start : start + FRAME_BYTES]
            piece = self._step(frame, self._silero(frame))
            if piece is not None:
                yield piece

    def _step(self, frame: bytes, probability: float) -> SpeechPiece | None:
        """An utterance ends where only somebody further away speaks on, and begins where somebody nearer does."""
        power = _power(frame) if probability >= SPEECH_GOES_ON else 0.0
        if power and self._segmenter.is_open:
            self._near.take(power)
            if self._near.is_another():
                probability = power = 0.0
        piece = self._segmenter.step(frame, probability, self._near.has_begun())
        if piece is not None and piece.is_first:
            self._powers.clear()
            self._near.begin()
        if power:
            self._powers.append(power)
        return piece

    def end_after(self, silence_seconds: float) -> None:
        """Another pause ends utterances from now on."""
        self._segmenter.end_after(silence_seconds)

    @property
    def silence_seconds(self) -> float:
        """As with `Segmenter`."""
        return self._segmenter.silence_seconds

    @property
    def level_db(self) -> float | None:
        """How loud the speech of the last utterance was, in dB of full scale: of its loud parts, not of its pauses. None: unknown."""
        loud = float(np.percentile(self._powers, LOUD_PERCENTILE)) if self._powers else 0.0
        return 10 * math.log10(loud / 32768**2) if loud else None

    @property
    def is_open(self) -> bool:
        """An utterance has begun and not ended."""
        return self._segmenter.is_open

    def finish(self) -> Iterator[SpeechPiece]:
        """The sound has ended: its last, unfilled frame, and the end of the utterance that was still open."""
        if self._rest:
            yield from self.accept(bytes(FRAME_BYTES - len(self._rest)))
        end = self._segmenter.finish()
        if end is not None:
            yield end
        self.reset()

    def reset(self) -> None:
        """Forget all sound; the count of seconds goes on."""
        self._segmenter.reset()
        self._silero.reset()
        self._rest = b""


def _power(frame: bytes) -> float:
    samples = np.frombuffer(frame, "<i2").astype(np.float32)
    return float(samples @ samples) / FRAME_SAMPLES


def _frames(seconds: float) -> int:
    return max(1, math.ceil(seconds / FRAME_SECONDS))
