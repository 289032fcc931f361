"""What is remembered between two turns. Frozen: each turn makes a new one. Kept in memory only, never on disk."""

from __future__ import annotations

from dataclasses import dataclass

from skill.messages import Reply, Tier

NO_STEP = -1


@dataclass(frozen=True, slots=True)
class Conversation:
    """The memory of one conversation; `Conversation()` is a fresh one.

    last: what was said last, for "say that again"; None too after what must not be replayed.
    topic: the label that "more" goes on with; told: how many of its further parts were told.
    offered: "Do you want to hear more?" is the open question.
    asked_about, yes_leads_to: the label whose question is open, and the tier that a "yes" leads to (NONE: no question is open).
    action: how soon the danger sign that she told last must be seen; after a "no" that is said again (NONE: she told none).
    choice: two labels, after "Did you ask about …? Or about …?".
    step: which question of the symptom check is open (NO_STEP: none); unclear: its answer was unclear once.
    urgent: a danger line was just said; if she is silent it is said once more.
    gate_asked: the question about danger signs was asked, once is enough. weeks: of pregnancy, as far as she told.
    talking: she has been answered in this conversation, so what is not understood may be answered too; missed: how often in a row it
    was not understood.
    """

    last: Reply | None = None
    topic: str = ""
    told: int = 0
    offered: bool = False
    asked_about: str = ""
    yes_leads_to: Tier = Tier.NONE
    action: Tier = Tier.NONE
    choice: tuple[str, ...] = ()
    step: int = NO_STEP
    unclear: bool = False
    urgent: bool = False
    gate_asked: bool = False
    weeks: int | None = None
    talking: bool = False
    missed: int = 0
