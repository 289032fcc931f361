"""The conversation with typed questions: the same loop, without sound."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing

from skill.assistant import Assistant
from skill.commands.telling import tell
from skill.memory import settle_memory
from skill.messages import TYPED, Heard, Transcript
from skill.mouth import Mouth
from skill.taking_up import Edits, RenewedEar


class Keyboard:
    """Typed lines as an Ear: the same loop, without sound."""

    def heard(self) -> Iterator[Heard]:
        tell("Type a question and press Enter; an empty line or Ctrl-D ends.")
        for line in sys.stdin:
            if not line.strip():
                return
            yield Transcript(line.strip(), TYPED)

    def reset(self) -> None:
        """Nothing to forget: typing is not heard through the air."""


def converse_typed(assistant: Assistant, mouth: Mouth, edits: Edits) -> int:
    settle_memory()
    assistant.begin()
    with closing(edits.watch()):
        assistant.converse(RenewedEar(Keyboard(), edits.take_up), mouth, lambda turn: None, lambda heard: None)
    return 0
