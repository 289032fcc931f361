"""Decides what to say. Pure: no clock, no device; the memory of the conversation goes in and comes out.

In every state danger comes first. Then whoever has an open question gets the answer: the symptom check, the choice between two meanings,
the question at the end of an answer. Then what was asked.
"""

from __future__ import annotations

from dataclasses import replace

from skill.answering.conversation import NO_STEP, Conversation
from skill.answering.phrases import Phrases
from skill.answering.script import Script
from skill.answering.weeks import weeks_in
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
NEEDED_LABELS = frozenset(
    {*_EFFECTS, *PRIVATE, "none", "control.yes", "control.no", "control.more", "control.repeat", "control.help", "control.check"}
)
NEEDED_LINES = frozenset({"emergency", "emergency_with_number", "now", "today", "disclaimer", "ready", "not_understood", "broken"})
# Questions about pain, after which she is asked once whether there is a danger sign too.
_ABOUT_PAIN = ("cause.", "relief.", "info.")


class PlainResponder:
    """The Responder (skill.stages)."""

    def __init__(self, book: IntentBook, script: Script, phrases: Phrases) -> None:
        self._book = book
        self._script = script
        self._phrases = phrases

    def respond(self, understanding: Understanding, conversation: Conversation) -> tuple[Reply, Conversation]:
        weeks = weeks_in(understanding.text)
        if weeks is not None:
            conversation = replace(conversation, weeks=weeks)
        dangers = [match for match in understanding.matches if match.is_danger]
        if dangers:
            return self._danger(dangers, understanding, conversation)
        if conversation.step != NO_STEP:
            return self._check_answer(understanding, conversation)
        if conversation.choice:
            return self._chosen(understanding, conversation)
        if not understanding.is_ours:
            return self._nothing_of_ours(understanding, conversation, weeks)
        return self._ordinary(understanding, conversation)

    def silence(self, conversation: Conversation) -> tuple[Reply, Conversation]:
        """She said nothing for some seconds: a danger line is said once more."""
        if not conversation.urgent or conversation.last is None:
            return Reply(), conversation
        return replace(conversation.last, effects=()), replace(conversation, urgent=False)

    def _ordinary(self, understanding: Understanding, conversation: Conversation) -> tuple[Reply, Conversation]:
        first, *others = understanding.matches
        if first.label.startswith("control."):
            return self._control(first.label, conversation)
        if first.certainty is Certainty.UNSURE and others and others[0].certainty is Certainty.UNSURE:
            return self._choice(first.label, others[0].label, conversation)
        return self._answers([match.label for match in understanding.matches], conversation)

    # --- danger ---------------------------------------------------------------------------------------------------------

    def _danger(self, dangers: list[Match], understanding: Understanding, conversation: Conversation) -> tuple[Reply, Conversation]:
        match = dangers[0]
        intent = self._book.intents[match.label]
        private = match.label in PRIVATE
        lines: tuple[Line, ...] = (self._danger_line(intent, match),)
        if private:
            return Reply(lines, understanding.labels, match.tier, discreet=True), Conversation(weeks=conversation.weeks, talking=True)
        if match.tier >= Tier.NOW:
            lines += self._phrases.where_to_go()
        else:
            lines += self._asked_too(understanding)
        reply = Reply(lines, understanding.labels, match.tier)
        opens = intent.if_yes if intent.if_yes is not None and intent.if_yes > match.tier else Tier.NONE
        if match.certainty is Certainty.UNSURE and opens is Tier.NONE:
            opens = match.tier  # "If you are bleeding, …": a yes makes it sure
        return reply, self._after_danger(reply, match.label, opens, conversation)

    def _after_danger(self, reply: Reply, label: str, opens: Tier, conversation: Conversation) -> Conversation:
        return Conversation(
            last=reply,
            topic=label,
            asked_about=label,
            yes_leads_to=opens,
            urgent=True,
            gate_asked=True,  # she knows by now when to go
            weeks=conversation.weeks,
            talking=True,
        )

    def _danger_line(self, intent: Intent, match: Match) -> Line:
        if match.certainty is Certainty.UNSURE and intent.unsure is not None:
            return self._phrases.of_intent(intent, intent.unsure)
        return self._line_at(intent, match.tier)

    def _line_at(self, intent: Intent, tier: Tier) -> Line:
        part: Part | None = intent.answer if tier == intent.tier else intent.at_tier.get(tier)
        return self._phrases.of_intent(intent, part) if part is not None else self._phrases.ending(tier)

    def _asked_too(self, understanding: Understanding) -> tuple[Line, ...]:
        """The question beside a danger sign that leaves time for it: "You also asked about shoes. …"."""
        for match in understanding.matches:
            intent = self._book.intents[match.label]
            if not match.is_danger and match.label in self._script.topics and intent.answer is not None:
                return self._phrases.shared("also_asked", match.label), self._phrases.of_intent(intent, intent.answer)
        return ()

    # --- the symptom check -----------------------------------------------------------------------------------------------

    def _begin_check(self, conversation: Conversation) -> tuple[Reply, Conversation]:
        walk = self._script.check
        lines = (self._phrases.of_check(walk.begin), self._phrases.of_check(walk.questions[0].part))
        reply = Reply(lines, ("control.check",))
        return reply, Conversation(last=reply, step=0, gate_asked=True, weeks=conversation.weeks, talking=True)

    def _check_answer(self, understanding: Understanding, conversation: Conversation) -> tuple[Reply, Conversation]:
        """What she said is taken as the answer to the open question; leaving in the middle is safe."""
        step = self._script.check.questions[conversation.step]
        label = understanding.matches[0].label if understanding.matches else "none"
        if label == "control.yes":
            return self._check_found(step.label, conversation)
        if label == "control.no" or step.label in understanding.denied:
            return self._next_question(conversation)
        if label in ("control.stop", "control.goodbye"):
            reply = Reply((self._phrases.of_check(self._script.check.left),), (label,))
            return reply, Conversation(last=reply, weeks=conversation.weeks, talking=label == "control.stop", gate_asked=True)
        if label.startswith("control.") and label != "control.check":
            return self._control(label, conversation)
        if conversation.unclear:
            return self._check_found(step.label, conversation, careful=True)
        lines = (self._phrases.of_check(self._script.check.again), self._phrases.of_check(step.part))
        reply = Reply(lines, ("control.check",))
        return reply, replace(conversation, last=reply, unclear=True)

    def _next_question(self, conversation: Conversation) -> tuple[Reply, Conversation]:
        walk, step = self._script.check, conversation.step + 1
        if step == len(walk.questions):
            reply = Reply((self._phrases.of_check(walk.end),), ("control.check",))
            return reply, Conversation(last=reply, weeks=conversation.weeks, talking=True, gate_asked=True)
        reply = Reply((self._phrases.of_check(walk.questions[step].part),), ("control.check",))
        return reply, replace(conversation, last=reply, step=step, unclear=False, missed=0)

    def _check_found(self, label: str, conversation: Conversation, careful: bool = False) -> tuple[Reply, Conversation]:
        intent = self._book.intents[label]
        part = intent.unsure if careful and intent.unsure is not None else intent.answer
        lines: tuple[Line, ...] = (self._phrases.of_check(self._script.check.careful),) if careful else ()
        if part is not None:
            lines += (self._phrases.of_intent(intent, part),)
        reply = Reply((*lines, *(self._phrases.where_to_go() if intent.tier >= Tier.NOW else ())), (label,), intent.tier)
        opens = intent.if_yes if intent.if_yes is not None and intent.if_yes > intent.tier else Tier.NONE
        return reply, self._after_danger(reply, label, opens, conversation)

    # --- control ---------------------------------------------------------------------------------------------------------

    def _control(self, label: str, conversation: Conversation) -> tuple[Reply, Conversation]:
        is_open = conversation.yes_leads_to is not Tier.NONE
        if label == "control.check":
            return self._begin_check(conversation)
        if label == "control.yes" and is_open:
            return self._yes(conversation)
        if label == "control.no" and is_open:
            return self._no(conversation)
        if label == "control.repeat" and conversation.last is not None:
            return replace(conversation.last, effects=()), replace(conversation, urgent=False)
        if label == "control.more" and conversation.topic:
            return self._more(conversation)
        reply = Reply(self._said_of(label), (label,), Tier.NONE, _EFFECTS.get(label, ()))
        if label == "control.goodbye":
            return reply, Conversation()
        # Slower, help and their like are asides: what was said before stays the thing to repeat, and an open question stays open.
        last = conversation.last if conversation.last is not None else (reply if reply.lines else None)
        return reply, replace(conversation, last=last, urgent=False, talking=True, missed=0)

    def _said_of(self, label: str) -> tuple[Line, ...]:
        intent = self._book.intents[label]
        return (self._phrases.of_intent(intent, intent.answer),) if intent.answer is not None else ()

    def _yes(self, conversation: Conversation) -> tuple[Reply, Conversation]:
        intent = self._book.intents[conversation.asked_about]
        tier = conversation.yes_leads_to
        line = self._line_at(intent, tier) if intent.is_danger else self._phrases.ending(tier)
        reply = Reply((line, *self._phrases.where_to_go()), (intent.label,), tier)
        return reply, self._after_danger(reply, intent.label, Tier.NONE, conversation)

    def _no(self, conversation: Conversation) -> tuple[Reply, Conversation]:
        """The question is closed; what the sign itself asked her to do still stands, and is said again."""
        closed = replace(conversation, yes_leads_to=Tier.NONE, urgent=False, missed=0, talking=True)
        tier = conversation.last.tier if conversation.last is not None else Tier.NONE
        if tier is Tier.NONE:
            return Reply(self._said_of("control.no"), ("control.no",)), closed
        reply = Reply((self._phrases.ending(tier),), (conversation.asked_about,), tier)
        return reply, replace(closed, last=reply)

    def _more(self, conversation: Conversation) -> tuple[Reply, Conversation]:
        intent = self._book.intents[conversation.topic]
        if conversation.told < len(intent.more):
            reply = Reply((self._phrases.of_intent(intent, intent.more[conversation.told]),), ("control.more", intent.label))
            return reply, replace(conversation, last=reply, told=conversation.told + 1, urgent=False, missed=0)
        return Reply(self._said_of("control.more"), ("control.more",)), replace(conversation, urgent=False, missed=0)

    # --- questions and the rest -------------------------------------------------------------------------------------------

    def _answers(self, labels: list[str], conversation: Conversation) -> tuple[Reply, Conversation]:
        intents = [self._book.intents[label] for label in labels if not label.startswith("control.")]
        lines = tuple(self._phrases.of_intent(intent, self._at_weeks(intent, conversation)) for intent in intents if intent.answer)
        leads_to = next((intent for intent in reversed(intents) if intent.if_yes is not None), None)
        after = Conversation(topic=labels[0], gate_asked=conversation.gate_asked, weeks=conversation.weeks, talking=True)
        if leads_to is not None and leads_to.if_yes is not None:
            after = replace(after, asked_about=leads_to.label, yes_leads_to=leads_to.if_yes, gate_asked=True)
        elif not after.gate_asked and labels[0].startswith(_ABOUT_PAIN):
            lines += (self._phrases.shared("gate"),)
            after = replace(after, asked_about=labels[0], yes_leads_to=Tier.NOW, gate_asked=True)
        reply = Reply(lines, tuple(labels))
        return reply, replace(after, last=reply)

    def _at_weeks(self, intent: Intent, conversation: Conversation) -> Part:
        assert intent.answer is not None
        return intent.answer

    def _choice(self, first: str, second: str, conversation: Conversation) -> tuple[Reply, Conversation]:
        lines = (self._phrases.shared("choice_first", first), self._phrases.shared("choice_second", second))
        reply = Reply(lines, (first, second))
        return reply, replace(conversation, last=reply, choice=(first, second), talking=True, missed=0)

    def _chosen(self, understanding: Understanding, conversation: Conversation) -> tuple[Reply, Conversation]:
        """ "The first", "yes", or the thing itself; anything else is a new turn."""
        without = replace(conversation, choice=())
        first, second = conversation.choice
        words = set(understanding.text.split())
        if understanding.labels[:1] == ("control.yes",) or "first" in words:
            return self._answers([first], without)
        if words & {"second", "other", "last"}:
            return self._answers([second], without)
        for label in understanding.labels:
            if label in conversation.choice:
                return self._answers([label], without)
        return self.respond(understanding, without)

    def _nothing_of_ours(self, understanding: Understanding, conversation: Conversation, weeks: int | None) -> tuple[Reply, Conversation]:
        """In a conversation one short reply, then a shorter one, then silence: chatter in the room is left alone."""
        if weeks is not None and conversation.talking:
            reply = Reply((self._phrases.shared("weeks_heard"),))
            return reply, replace(conversation, urgent=False, missed=0)
        after = replace(conversation, missed=conversation.missed + 1)
        if not conversation.talking or conversation.missed > 1:
            return Reply(), after
        return Reply((self._phrases.shared("not_understood" if conversation.missed == 0 else "not_understood_again"),)), after
