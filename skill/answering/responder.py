"""Decides what to say. Pure: no clock, no device; the memory of the conversation goes in and comes out."""

from __future__ import annotations

from dataclasses import replace

from skill.answering.conversation import Conversation
from skill.answering.phrases import Phrases
from skill.messages import Certainty, Effect, Line, Match, Reply, Tier, Understanding
from skill.understanding.intents import Intent, IntentBook, Part

# Someone may be listening: these are not replayed, and nothing of them is kept (design, rules of safety 7).
PRIVATE = frozenset({"danger.abuse", "danger.self_harm"})
_EFFECTS = {
    "control.slower": (Effect.SLOWER,),
    "control.faster": (Effect.FASTER,),
    "control.louder": (Effect.LOUDER,),
    "control.quieter": (Effect.QUIETER,),
    "control.stop": (Effect.STOP,),
    "control.goodbye": (Effect.END_CONVERSATION,),
}
# What the responder itself relies on; `check` refuses intents that lack one of them.
NEEDED_LABELS = frozenset({*_EFFECTS, *PRIVATE, "none", "control.yes", "control.no", "control.more", "control.repeat", "control.help"})
NEEDED_LINES = frozenset({"emergency", "emergency_with_number", "now", "today", "disclaimer", "ready", "not_understood", "broken"})


class PlainResponder:
    """The Responder (skill.stages): danger first, then what was asked."""

    def __init__(self, book: IntentBook, phrases: Phrases) -> None:
        self._book = book
        self._phrases = phrases

    def respond(self, understanding: Understanding, conversation: Conversation) -> tuple[Reply, Conversation]:
        dangers = [match for match in understanding.matches if match.is_danger]
        if dangers:
            return self._danger(dangers, understanding, conversation)
        if not understanding.is_ours:
            return self._nothing_of_ours(conversation)
        first = understanding.matches[0]
        if first.label.startswith("control."):
            return self._control(first.label, conversation)
        return self._answers([match.label for match in understanding.matches], conversation)

    # --- danger ---------------------------------------------------------------------------------------------------------

    def _danger(self, dangers: list[Match], understanding: Understanding, conversation: Conversation) -> tuple[Reply, Conversation]:
        match = dangers[0]
        intent = self._book.intents[match.label]
        private = match.label in PRIVATE
        reply = Reply((self._danger_line(intent, match),), understanding.labels, match.tier, discreet=private)
        if private:
            return reply, Conversation(talking=True)
        opens = intent.if_yes if intent.if_yes is not None and intent.if_yes > match.tier else Tier.NONE
        if match.certainty is Certainty.UNSURE and opens is Tier.NONE:
            opens = match.tier  # "If you are bleeding, …": a yes makes it sure
        after = Conversation(last=reply, topic=match.label, asked_about=match.label, yes_leads_to=opens, talking=True)
        return reply, after

    def _danger_line(self, intent: Intent, match: Match) -> Line:
        if match.certainty is Certainty.UNSURE and intent.unsure is not None:
            return self._phrases.of_intent(intent, intent.unsure)
        return self._line_at(intent, match.tier)

    def _line_at(self, intent: Intent, tier: Tier) -> Line:
        part: Part | None = intent.answer if tier == intent.tier else intent.at_tier.get(tier)
        return self._phrases.of_intent(intent, part) if part is not None else self._phrases.ending(tier)

    # --- control ---------------------------------------------------------------------------------------------------------

    def _control(self, label: str, conversation: Conversation) -> tuple[Reply, Conversation]:
        if label == "control.yes" and conversation.yes_leads_to is not Tier.NONE:
            return self._yes(conversation)
        if label == "control.no" and conversation.yes_leads_to is not Tier.NONE:
            return self._no(conversation)
        if label == "control.repeat" and conversation.last is not None:
            return conversation.last, conversation
        if label == "control.more" and conversation.topic:
            return self._more(conversation)
        intent = self._book.intents[label]
        lines = (self._phrases.of_intent(intent, intent.answer),) if intent.answer else ()
        reply = Reply(lines, (label,), Tier.NONE, _EFFECTS.get(label, ()))
        if label == "control.goodbye":
            return reply, Conversation()
        # Slower, louder and their like change how the last answer sounds: that answer stays the one to repeat.
        last = conversation.last if label in _EFFECTS else reply
        return reply, replace(conversation, last=last, talking=True, missed=0)

    def _yes(self, conversation: Conversation) -> tuple[Reply, Conversation]:
        intent = self._book.intents[conversation.asked_about]
        tier = conversation.yes_leads_to
        line = self._line_at(intent, tier) if intent.is_danger else self._phrases.ending(tier)
        reply = Reply((line,), (intent.label,), tier)
        return reply, Conversation(last=reply, topic=conversation.topic, talking=True)

    def _no(self, conversation: Conversation) -> tuple[Reply, Conversation]:
        """The question is closed; what the sign itself asked her to do still stands, and is said again."""
        intent = self._book.intents[conversation.asked_about]
        closed = replace(conversation, yes_leads_to=Tier.NONE, missed=0, talking=True)
        tier = conversation.last.tier if conversation.last is not None else Tier.NONE
        if tier is Tier.NONE:
            no = self._book.intents["control.no"]
            lines = (self._phrases.of_intent(no, no.answer),) if no.answer else ()
            return Reply(lines, ("control.no",)), closed
        reply = Reply((self._phrases.ending(tier),), (intent.label,), tier)
        return reply, replace(closed, last=reply)

    def _more(self, conversation: Conversation) -> tuple[Reply, Conversation]:
        intent = self._book.intents[conversation.topic]
        if conversation.told < len(intent.more):
            line = self._phrases.of_intent(intent, intent.more[conversation.told])
            reply = Reply((line,), ("control.more", intent.label))
            return reply, replace(conversation, last=reply, told=conversation.told + 1, missed=0)
        end = self._book.intents["control.more"]
        lines = (self._phrases.of_intent(end, end.answer),) if end.answer else ()
        return Reply(lines, ("control.more",)), replace(conversation, missed=0)

    # --- questions and the rest -------------------------------------------------------------------------------------------

    def _answers(self, labels: list[str], conversation: Conversation) -> tuple[Reply, Conversation]:
        intents = [self._book.intents[label] for label in labels]
        lines = tuple(self._phrases.of_intent(intent, intent.answer) for intent in intents if intent.answer is not None)
        reply = Reply(lines, tuple(labels))
        gate = next((intent for intent in reversed(intents) if intent.if_yes is not None), None)
        after = Conversation(last=reply, topic=labels[0], talking=True)
        if gate is not None and gate.if_yes is not None:
            after = replace(after, asked_about=gate.label, yes_leads_to=gate.if_yes)
        return reply, after

    def _nothing_of_ours(self, conversation: Conversation) -> tuple[Reply, Conversation]:
        """In a conversation one short reply, then silence: chatter in the room is left alone."""
        after = replace(conversation, missed=conversation.missed + 1)
        if not conversation.talking or conversation.missed > 0:
            return Reply(), after
        return Reply((self._phrases.shared("not_understood"),)), after
