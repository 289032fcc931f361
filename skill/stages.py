"""The swap points, and the path.

    voice in air
      → Microphone   -AudioBlock→     Recogniser -Transcript→      skill/hearing/
      → Interpreter  -Understanding→                               skill/understanding/
      → Responder    -Reply→                                       skill/answering/
      → Voice        -Speech→         Speaker → sound in air       skill/speaking/

Six swap points, each with one main method. An implementation is chosen by name in one table per folder
(`skill.hearing.RECOGNISERS`, `skill.speaking.VOICES`); its library is imported when it is chosen. The ten-line fakes are in
`tests/fakes.py`. Nobody inherits from these Protocols: having the methods is enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from skill.answering.conversation import Conversation
from skill.messages import AudioBlock, Heard, Line, Reply, Speech, Transcript, Understanding


class Microphone(Protocol):
    """Where sound comes from: a device or a recording."""

    def blocks(self) -> Iterator[AudioBlock]:
        """Blocks of sound as they come, until the recording ends or `close` is called. Raises HearingError when the device is lost."""
        ...

    def flush(self) -> None:
        """Throw away what was heard and not yet read: called after the assistant has spoken."""
        ...

    def close(self) -> None:
        """Release the device. Safe to call twice, and from a signal handler's thread."""
        ...


class Recogniser(Protocol):
    """Turns sound into words. Gets 16 kHz blocks of any length; the result does not depend on how they were cut.

    end_silence_seconds: a silence this long ends an utterance; may be set at any time.
    """

    name: str
    end_silence_seconds: float

    @property
    def hears_speech(self) -> bool:
        """Somebody is speaking at this moment: an utterance has begun and not ended."""
        ...

    def accept(self, block: AudioBlock) -> Sequence[Heard]:
        """Take one block and give what became known by it, in order: often nothing."""
        ...

    def finish(self) -> Sequence[Heard]:
        """The sound has ended: give what is left, and be as new."""
        ...

    def reset(self) -> None:
        """Forget everything heard so far."""
        ...


class Interpreter(Protocol):
    """Finds what she means. Pure: same transcript, same understanding."""

    def interpret(self, transcript: Transcript) -> Understanding: ...


class Responder(Protocol):
    """Decides what to say. Pure: the memory of the conversation goes in and comes out."""

    def respond(self, understanding: Understanding, conversation: Conversation) -> tuple[Reply, Conversation]: ...

    def stopped(self, conversation: Conversation) -> Conversation:
        """She made it silent in the middle of what it said last."""
        ...

    def silence(self, conversation: Conversation) -> tuple[Reply, Conversation]:
        """What to say when she says nothing for some seconds."""
        ...


class Voice(Protocol):
    """Turns words into sound. name, version and speed are part of the cache's key.

    speed: factor on the pace of the line, 1.0 as designed; may be set between renderings, and is held within what stays understandable.
    """

    name: str
    version: str
    speed: float

    def render(self, line: Line) -> Speech:
        """The line as sound. Raises SpeakingError when the voice hangs or fails."""
        ...

    def close(self) -> None: ...


class Speaker(Protocol):
    """Lets sound be heard. volume: 0 to 100; takes effect with the next `play`."""

    volume: int

    def play(self, speech: Speech) -> bool:
        """Play to the end and return True, or return False as soon as `stop` is called. Raises SpeakingError when the device fails."""
        ...

    def prepare(self) -> None:
        """Something may have to be played soon: wake the device. Returns at once and never raises; `play` tells what is wrong with it."""
        ...

    def stop(self) -> None:
        """End what is playing, at once. Callable from any thread."""
        ...

    def close(self) -> None: ...
