"""What is remembered between two turns. Frozen: each turn makes a new one. Kept in memory only, never on disk."""

from __future__ import annotations

from dataclasses import dataclass

from skill.messages import Reply, Tier


@dataclass(frozen=True, slots=True)
class Conversation:
    """The memory of one conversation; `Conversation()` is a fresh one.

    last: what was said last, for "say that again"; None too after what must not be replayed. topic: the label that "more" goes on with;
    told: how many of its further parts were told. yes_leads_to: the tier that a "yes" to the open question leads to, NONE where no
    question is open; asked_about: the label whose question it is. talking: she has been answered in this conversation, so what is not
    understood may be answered too; missed: how often in a row it was not understood.
    """

    last: Reply | None = None
    topic: str = ""
    told: int = 0
    asked_about: str = ""
    yes_leads_to: Tier = Tier.NONE
    talking: bool = False
    missed: int = 0
