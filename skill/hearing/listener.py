"""The one path from any source of sound to what was heard."""

from __future__ import annotations

from collections.abc import Iterator
from queue import Empty, SimpleQueue

from skill.hearing.resampling import RECOGNISER_RATE_HZ, Resampler
from skill.messages import PCM_BYTES_PER_SAMPLE, AudioBlock, Heard, Quiet, Speaking
from skill.stages import Microphone, Recogniser

PIECE_SECONDS = 0.02


class Listener:
    """Takes a microphone's or a recording's blocks, brings them to 16 kHz and hands them to the recogniser.

    Blocks are cut into even pieces first. So what is heard, also after a `reset`, does not depend on how the source cut them.
    """

    def __init__(self, microphone: Microphone, recogniser: Recogniser) -> None:
        self._microphone = microphone
        self._recogniser = recogniser
        self._resampler = Resampler(RECOGNISER_RATE_HZ)
        self._rest = b""
        self._quiet_seconds = 0.0
        self._given: SimpleQueue[Heard] = SimpleQueue()
        self._speaking_seconds = -1.0  # below 0: nobody speaks
        self.lost_blocks = 0

    def heard(self) -> Iterator[Heard]:
        """What is heard, as it becomes known, until the recording ends or the microphone is closed."""
        for block in self._microphone.blocks():
            self.lost_blocks += block.lost_blocks
            yield from self._what_was_given()
            for piece in self._even_pieces(block):
                yield from self._recognise(self._resampler.accept(piece))
        yield from self._recognise(self._resampler.accept(self._rest, last=True))
        self._rest = b""
        yield from self._recogniser.finish()

    def give(self, heard: Heard) -> None:
        """Let this be heard too, as soon as sound is taken up. Callable from any thread."""
        self._given.put(heard)

    def reset(self) -> None:
        """Forget all sound up to now: called after the assistant has spoken, so that it does not answer itself.

        What is left of the block in hand is kept: it was heard before the answer began, and in a recording it holds what comes
        next.
        """
        self._microphone.flush()
        self._resampler.reset()
        self._recogniser.reset()
        self._quiet_seconds = 0.0
        self._speaking_seconds = -1.0

    def _what_was_given(self) -> Iterator[Heard]:
        """After what she was just saying, which may be a danger sign and would else be forgotten with the answer."""
        while True:
            try:
                given = self._given.get_nowait()
            except Empty:
                return
            yield from self._recogniser.finish()
            yield given

    def _even_pieces(self, block: AudioBlock) -> Iterator[bytes]:
        if block.rate_hz != self._resampler.rate_hz:
            self._resampler = Resampler(block.rate_hz)
            self._rest = b""
        size = round(block.rate_hz * PIECE_SECONDS) * PCM_BYTES_PER_SAMPLE
        sound = self._rest + block.pcm
        self._rest = sound[len(sound) - len(sound) % size :]
        for start in range(0, len(sound) - len(self._rest), size):
            yield sound[start : start + size]

    def _recognise(self, pcm: bytes) -> Iterator[Heard]:
        if not pcm:
            return
        block = AudioBlock(pcm, RECOGNISER_RATE_HZ)
        yield from self._recogniser.accept(block)
        if self._recogniser.hears_speech:
            self._quiet_seconds = 0.0
            before, self._speaking_seconds = self._speaking_seconds, max(0.0, self._speaking_seconds + block.seconds)
            if before < 0 or int(self._speaking_seconds) > int(before):
                yield Speaking(int(self._speaking_seconds))
        else:
            self._speaking_seconds = -1.0
            before, self._quiet_seconds = self._quiet_seconds, self._quiet_seconds + block.seconds
            if int(self._quiet_seconds) > int(before):
                yield Quiet(int(self._quiet_seconds))
