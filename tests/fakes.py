"""Stand-ins for the swap points of `skill.stages`, for tests of what lies behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from skill.answering.conversation import Conversation
from skill.errors import SpeakingError
from skill.messages import AudioBlock, Heard, Line, Reply, Speech, Transcript, Understanding


class FakeMicrophone:
    """Gives these blocks; `flush` throws away those not yet given."""

    def __init__(self, blocks: Sequence[AudioBlock]) -> None:
        self.waiting = list(blocks)
        self.closed = False

    def blocks(self) -> Iterator[AudioBlock]:
        while self.waiting and not self.closed:
            yield self.waiting.pop(0)

    def flush(self) -> None:
        self.waiting.clear()

    def close(self) -> None:
        self.closed = True


class FakeRecogniser:
    """Hears the next of these values at each block, and at the end what is left; keeps the sound it was given."""

    name = "fake"
    end_silence_seconds = 0.8
    hears_speech = False

    def __init__(self, heard: Sequence[Heard] = ()) -> None:
        self.left = list(heard)
        self.pcm = b""
        self.resets = 0

    def accept(self, block: AudioBlock) -> Sequence[Heard]:
        self.pcm += block.pcm
        return [self.left.pop(0)] if self.left else []

    def finish(self) -> Sequence[Heard]:
        rest, self.left = self.left, []
        return rest

    def reset(self) -> None:
        self.resets += 1
        self.pcm = b""


class FakeInterpreter:
    """Understands just these sentences."""

    def __init__(self, known: Mapping[str, Understanding] | None = None) -> None:
        self.known = known or {}

    def interpret(self, transcript: Transcript) -> Understanding:
        return self.known.get(transcript.text, Understanding(transcript.text))


class FakeResponder:
    """Gives these replies in turn, and keeps the conversations that it was handed; each turn is remembered by one more `missed`."""

    def __init__(self, replies: Sequence[Reply]) -> None:
        self.left = list(replies)
        self.conversations: list[Conversation] = []

    def respond(self, understanding: Understanding, conversation: Conversation) -> tuple[Reply, Conversation]:
        self.conversations.append(conversation)
        return self.left.pop(0), Conversation(missed=conversation.missed + 1)

    def stopped(self, conversation: Conversation) -> Conversation:
        return conversation

    def silence(self, conversation: Conversation) -> tuple[Reply, Conversation]:
        return Reply(), conversation


class FakeVoice:
    """Sound whose bytes are the words themselves; with `broken` it fails."""

    name, version = "fake", "1"

    def __init__(self, broken: bool = False) -> None:
        self.speed = 1.0
        self.broken = broken
        self.closed = False

    def render(self, line: Line) -> Speech:
        if self.broken:
            raise SpeakingError("The fake voice is broken. Mend it.")
        return Speech(line.text.encode(), 8_000)

    def close(self) -> None:
        self.closed = True


class FakeSpeaker:
    """Keeps what it played, as words, and how loud it was; with `broken` it fails. `stop` ends what is played next."""

    def __init__(self, broken: bool = False) -> None:
        self.volume = 80
        self.broken = broken
        self.played: list[tuple[str, int]] = []
        self.stopped = self.closed = False
        self.prepared = 0

    def play(self, speech: Speech) -> bool:
        if self.broken:
            raise SpeakingError("The fake speaker is broken. Plug it in.")
        self.played.append((speech.pcm.decode(), self.volume))
        return not self.stopped

    def prepare(self) -> None:
        self.prepared += 1

    def stop(self) -> None:
        self.stopped = True

    def close(self) -> None:
        self.closed = True
