"""Decides what to say. Pure: no clock, no device; the memory of the conversation goes in and comes out.

In every state danger comes first. Then whoever has an open question gets the answer: the symptom check, the choice between two meanings,
the question at the end of an answer. Then what was asked.
"""

from __future__ import annotations

import re
from dataclasses import replace

from skill.answering.conversation import NO_STEP, Conversation
from skill.answering.phrases import Phrases
from skill.answering.script import Script
from skill.answering.weeks import tells_only_weeks, weeks_in
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
# They leave an open question open.
_ASIDES = frozenset(
    {"control.repeat", "control.slower", "control.faster", "control.louder", "control.quieter", "control.help", "control.who"}
)
# What the responder itself relies on; `check` refuses intents that lack one of them.
NEEDED_LABELS = frozenset(
    {*_EFFECTS, *PRIVATE, "none", "control.yes", "control.no", "control.more", "control.repeat", "control.help", "control.check"}
)
NEEDED_LINES = frozenset({"emergency", "emergency_with_number", "now", "today", "disclaimer", "ready", "not_understood", "broken"}) | {
    *("ear_missing", "ear_lost", "ear_back", "recogniser_broken", "missed", "mouth_back")  # said when a part of it fails or works again
}
# Said in a room where nobody talks to it (or heard in its noise), these mean nothing; after an answer they do.
_NOTHING_ALONE = frozenset({"control.yes", "control.no", "control.thanks", "control.more"})
# "The first", "the other one": a longer sentence that holds such a word is about something else ("my other leg hurts too").
_FIRST, _SECOND = frozenset({"first"}), frozenset({"second", "other", "last"})
_MOST_CHOOSING_WORDS = 4
_YES_OR_NO = ("control.yes", "control.no")
_MOST_UNCLEAR_WORDS = 6
_DENIAL = re.compile(r"\b(?:no|not|nah|naw|nope|none|never|nothing|neither|nowhere|without|nae|nuh)\b|n't\b")
# Questions about pain, after which she is asked once whether there is a danger sign too.
_ABOUT_PAIN = ("cause.", "relief.", "info.")


class PlainResponder:
    """The Responder (skill.stages)."""

    def __init__(self, book: IntentBook, script: Script, phrases: Phrases) -> None:
        self._book = book
        self._script = script
        self._phrases = phrases
        self._not_sure_words = script.check.not_sure

    def respond(self, understanding: Understanding, conversation: Conversation) -> tuple[Reply, Conversation]:
        conversation = self._of_now(conversation)
        weeks = weeks_in(understanding.text)
        if weeks is not None:
            conversation = replace(conversation, weeks=weeks)
            if tells_only_weeks(understanding.text):
                understanding = replace(understanding, matches=())
        if _only_denies(understanding):
            understanding = replace(understanding, matches=tuple(match for match in understanding.matches if match.label == "control.no"))
        if (conversation.step != NO_STEP or conversation.yes_leads_to is not Tier.NONE) and understanding.text in self._not_sure_words:
            # "I can't tell" answers the question, and tells of no sign.
            understanding = replace(understanding, matches=tuple(match for match in understanding.matches if match.label in _YES_OR_NO))
        dangers = [match for match in understanding.matches if match.is_danger]
        if dangers:
            return self._danger(dangers, understanding, conversation)
        if conversation.step != NO_STEP:
            return self._check_answer(understanding, conversation)
        if conversation.choice:
            return self._chosen(understanding, conversation)
        if conversation.yes_leads_to is not Tier.NONE and self._is_unclear(understanding):
            return self._not_sure(conversation)
        if not understanding.is_ours:
            return self._nothing_of_ours(understanding, conversation, weeks)
        return self._ordinary(understanding, conversation)

    def silence(self, conversation: Conversation) -> tuple[Reply, Conversation]:
        """She said nothing for some seconds: a danger line is said once more."""
        if not conversation.urgent or conversation.last is None:
            return Reply(), conversation
        return replace(conversation.last, effects=()), replace(conversation, urgent=False)

    def stopped(self, conversation: Conversation) -> Conversation:
        """Silence is what she asked for. But what to do in danger is said once more after a silence, in few words."""
        last = conversation.last
        if not conversation.urgent or last is None:
            return replace(conversation, talking=False, missed=0)
        return replace(conversation, last=replace(last, lines=(self._phrases.ending(last.tier),), effects=()))

    def _of_now(self, conversation: Conversation) -> Conversation:
        """The intents may have been edited since the last turn: what is open about one that is gone is closed; all else goes on."""
        labels = {conversation.topic, conversation.asked_about, *conversation.choice} - {""}
        if labels <= self._book.intents.keys() and conversation.step < len(self._script.check.questions):
            return conversation
        return Conversation(last=conversation.last, urgent=conversation.urgent, weeks=conversation.weeks, talking=conversation.talking)

    def _ordinary(self, understanding: Understanding, conversation: Conversation) -> tuple[Reply, Conversation]:
        first, *others = understanding.matches
        if first.label.startswith("control."):
            return self._control(first.label, conversation)
        unsure = [match.label for match in (first, *others[:1]) if match.certainty is Certainty.UNSURE]
        if len(unsure) == 2 and all(label in self._script.topics for label in unsure):
            return self._choice(first.label, others[0].label, conversation)
        return self._answers([match.label for match in understanding.matches], conversation)

    # --- danger ---------------------------------------------------------------------------------------------------------

    def _danger(self, dangers: list[Match], understanding: Understanding, conversation: Conversation) -> tuple[Reply, Conversation]:
        match = dangers[0]
        intent = self._book.intents[match.label]
        line = self._danger_line(intent, match, conversation.weeks)
        lines: tuple[Line, ...] = (line,)
        if match.label in PRIVATE:
            # Beside a sign of her body ("he hit me and I am bleeding") where to go comes first, all of it discreetly.
            other = max((danger.tier for danger in dangers if danger.label not in PRIVATE), default=Tier.NONE)
            lines = (self._phrases.ending(other), line) if other >= Tier.NOW else lines
            return Reply(lines, understanding.labels, match.tier, discreet=True), Conversation(weeks=conversation.weeks, talking=True)
        if match.tier >= Tier.NOW:
            lines += self._phrases.where_to_go()
        else:
            lines += self._asked_too(understanding, conversation.weeks)
        reply = Reply(lines, understanding.labels, match.tier)
        return reply, self._after_danger(reply, intent, line, conversation)

    def _after_danger(self, reply: Reply, intent: Intent, line: Line, conversation: Conversation) -> Conversation:
        return Conversation(
            last=reply,
            topic=intent.label,
            asked_about=intent.label,
            yes_leads_to=_opened(intent, line),
            action=reply.tier,
            urgent=True,
            gate_asked=True,  # she knows by now when to go
            weeks=conversation.weeks,
            talking=True,
        )

    def _danger_line(self, intent: Intent, match: Match, weeks: int | None) -> Line:
        if match.certainty is Certainty.UNSURE and intent.unsure is not None:
            return self._phrases.of_intent(intent, intent.unsure)
        return self._line_at(intent, match.tier, weeks)

    def _line_at(self, intent: Intent, tier: Tier, weeks: int | None) -> Line:
        part: Part | None = intent.answer_in_week(weeks) if tier == intent.tier else intent.at_tier.get(tier)
        return self._phrases.of_intent(intent, part) if part is not None else self._phrases.ending(tier)

    def _asked_too(self, understanding: Understanding, weeks: int | None) -> tuple[Line, ...]:
        """The question beside a danger sign that leaves time for it: "You also asked about shoes. …"."""
        for match in understanding.matches:
            intent = self._book.intents[match.label]
            part = intent.answer_in_week(weeks)
            if not match.is_danger and match.label in self._script.topics and part is not None:
                return self._phrases.shared("also_asked", match.label), self._phrases.of_intent(intent, part)
        return ()

    # --- the symptom check -----------------------------------------------------------------------------------------------

    def _begin_check(self, conversation: Conversation) -> tuple[Reply, Conversation]:
        walk = self._script.check
        lines = (self._phrases.of_check(walk.begin), self._phrases.of_check(walk.questions[0].part))
        reply = Reply(lines, ("control.check",))
        return reply, Conversation(last=reply, step=0, gate_asked=True, weeks=conversation.weeks, talking=True)

    def _check_answer(self, understanding: Understanding, conversation: Conversation) -> tuple[Reply, Conversation]:
        """What she said is taken as the answer to the open question; leaving in the middle is safe."""
        walk = self._script.check
        step = walk.questions[conversation.step]
        question = self._phrases.of_check(step.part)
        sure = understanding.is_ours and understanding.matches[0].certainty is Certainty.SURE and not self._is_unclear(understanding)
        label = understanding.labels[0] if sure else "none"
        if label == "control.yes":
            return self._check_found(step.label, conversation)
        if (label == "control.no" and self._says_no(understanding)) or step.label in understanding.denied:
            return self._next_question(conversation)
        if label == "control.check":
            return self._begin_check(conversation)
        if label in ("control.stop", "control.goodbye"):
            return self._leave_check(label, conversation)
        if label.startswith("control.") and label not in ("control.yes", "control.no"):
            return self._aside_in_check(label, question, conversation)
        if conversation.unclear:
            return self._check_found(step.label, conversation, careful=True)
        reply = Reply((self._phrases.of_check(walk.again), question), ("control.check",))
        return reply, replace(conversation, last=reply, unclear=True)

    def _leave_check(self, label: str, conversation: Conversation) -> tuple[Reply, Conversation]:
        left = (self._phrases.of_check(self._script.check.left),)
        if label == "control.goodbye":
            return Reply(left, (label,), effects=_EFFECTS[label]), Conversation()
        reply = Reply(left, (label,))  # she stopped the questions, not the voice
        return reply, Conversation(last=reply, weeks=conversation.weeks, talking=True, gate_asked=True)

    def _aside_in_check(self, label: str, question: Line, conversation: Conversation) -> tuple[Reply, Conversation]:
        """ "Slower", "help", "say that again": done, and then the question once more, for it is still open."""
        said = () if label in ("control.repeat", "control.more", "control.greet") else self._said_of(label)
        return Reply((*said, question), (label,), effects=_EFFECTS.get(label, ())), conversation

    def _next_question(self, conversation: Conversation) -> tuple[Reply, Conversation]:
        walk, step = self._script.check, conversation.step + 1
        if step == len(walk.questions):
            reply = Reply((self._phrases.of_check(walk.end),), ("control.check",))
            return reply, Conversation(last=reply, weeks=conversation.weeks, talking=True, gate_asked=True)
        reply = Reply((self._phrases.of_check(walk.questions[step].part),), ("control.check",))
        return reply, replace(conversation, last=reply, step=step, unclear=False, missed=0)

    def _check_found(self, label: str, conversation: Conversation, careful: bool = False) -> tuple[Reply, Conversation]:
        intent = self._book.intents[label]
        certainty = Certainty.UNSURE if careful else Certainty.SURE
        line = self._danger_line(intent, Match(label, intent.tier, certainty, 1.0), conversation.weeks)
        lines = (self._phrases.of_check(self._script.check.careful), line) if careful else (line,)
        if label in PRIVATE:
            return Reply(lines, (label,), intent.tier, discreet=True), Conversation(weeks=conversation.weeks, talking=True)
        reply = Reply((*lines, *self._where_to_go(intent.tier)), (label,), intent.tier)
        return reply, self._after_danger(reply, intent, line, conversation)

    # --- control ---------------------------------------------------------------------------------------------------------

    def _control(self, label: str, conversation: Conversation) -> tuple[Reply, Conversation]:
        is_open = conversation.yes_leads_to is not Tier.NONE
        if label == "control.check":
            return self._begin_check(conversation)
        if label == "control.yes" and is_open:
            return self._yes(conversation)
        if label == "control.no" and is_open:
            return self._no(conversation)
        if label == "control.yes" and conversation.offered:
            return self._more(conversation)
        conversation = replace(conversation, offered=conversation.offered and label in _ASIDES)
        if label == "control.repeat" and conversation.last is not None:
            return replace(conversation.last, effects=()), replace(conversation, urgent=False, missed=0)
        if label == "control.more" and conversation.topic:
            return self._more(conversation)
        if label in _NOTHING_ALONE and not conversation.talking:
            return Reply(labels=(label,)), conversation
        reply = Reply(self._said_of(label), (label,), Tier.NONE, _EFFECTS.get(label, ()))
        if label == "control.goodbye":
            return reply, Conversation()
        # Slower, help and their like are asides: what was said before stays the thing to repeat, and an open question stays open.
        last = conversation.last if conversation.last is not None else (reply if reply.lines else None)
        talking = label != "control.stop"  # after "stop" the talk in the room is none of its business
        return reply, replace(conversation, last=last, urgent=False, talking=talking, missed=0)

    def _said_of(self, label: str) -> tuple[Line, ...]:
        intent = self._book.intents[label]
        return (self._phrases.of_intent(intent, intent.answer),) if intent.answer is not None else ()

    def _yes(self, conversation: Conversation) -> tuple[Reply, Conversation]:
        intent = self._book.intents[conversation.asked_about]
        tier = conversation.yes_leads_to
        line = self._line_at(intent, tier, conversation.weeks) if intent.is_danger else self._phrases.ending(tier)
        reply = Reply((line, *self._where_to_go(tier)), (intent.label,), tier)
        return reply, self._after_danger(reply, intent, line, conversation)

    def _no(self, conversation: Conversation) -> tuple[Reply, Conversation]:
        """The question is closed; what the sign itself asked her to do still stands, and is said again."""
        closed = replace(conversation, yes_leads_to=Tier.NONE, urgent=False, missed=0, talking=True)
        tier = conversation.action
        if tier is Tier.NONE:
            return Reply(self._said_of("control.no"), ("control.no",)), closed
        reply = Reply((self._phrases.ending(tier), *self._where_to_go(tier)), (conversation.asked_about,), tier)
        return reply, replace(closed, last=reply)

    def _says_no(self, understanding: Understanding) -> bool:
        """Known as a no word for word, or with a word of denial in it: "only a little" must never pass for a no."""
        known = any(example.plain == understanding.text for example in self._book.intents["control.no"].examples)
        return known or _DENIAL.search(understanding.text) is not None

    def _is_unclear(self, understanding: Understanding) -> bool:
        """ "Not sure", "not much": neither yes nor no, though it sounds like a no; and a bare "okay", which only says that she heard."""
        walk, text = self._script.check, understanding.text
        like_no = understanding.labels[:1] == ("control.no",) or (not understanding.is_ours and len(text.split()) <= _MOST_UNCLEAR_WORDS)
        if understanding.labels[:1] == ("control.yes",):  # "i'm not sure" is no yes; "a little bit" is
            like_no = any(_DENIAL.search(words) and f" {words} " in f" {text} " for words in walk.unclear)
        return text in walk.heard or (like_no and any(f" {words} " in f" {text} " for words in walk.unclear))

    def _not_sure(self, conversation: Conversation) -> tuple[Reply, Conversation]:
        """The open question stays open; whoever is not sure goes and gets checked."""
        tier = conversation.action
        action = () if tier is Tier.NONE else (self._phrases.ending(tier), *self._where_to_go(tier))
        reply = Reply((self._phrases.of_check(self._script.check.careful), *action), (conversation.asked_about,), tier)
        return reply, replace(conversation, last=reply, urgent=False, missed=0, talking=True)

    def _where_to_go(self, tier: Tier) -> tuple[Line, ...]:
        return self._phrases.where_to_go() if tier >= Tier.NOW else ()

    def _more(self, conversation: Conversation) -> tuple[Reply, Conversation]:
        intent = self._book.intents[conversation.topic]
        if conversation.told < len(intent.more):
            told = conversation.told + 1
            offer = self._offer(intent, told)
            reply = Reply((self._phrases.of_intent(intent, intent.more[told - 1]), *offer), ("control.more", intent.label))
            return reply, replace(conversation, last=reply, told=told, offered=bool(offer), urgent=False, missed=0)
        return Reply(self._said_of("control.more"), ("control.more",)), replace(conversation, offered=False, urgent=False, missed=0)

    def _offer(self, intent: Intent, told: int) -> tuple[Line, ...]:
        """ "Do you want to hear more?", where there is more. Never after a danger sign: she is to go, not to listen."""
        return (self._phrases.shared("offer_more"),) if told < len(intent.more) and not intent.is_danger else ()

    # --- questions and the rest -------------------------------------------------------------------------------------------

    def _answers(self, labels: list[str], conversation: Conversation) -> tuple[Reply, Conversation]:
        intents = [intent for intent in map(self._book.intents.__getitem__, labels) if intent.answer is not None]
        parts = [part for intent in intents if (part := intent.answer_in_week(conversation.weeks)) is not None]
        lines = tuple(self._phrases.of_intent(intent, part) for intent, part in zip(intents, parts, strict=True))
        open_ones = [(intent.label, _opened(intent, line)) for intent, line in zip(intents, lines, strict=True)]
        asked_about, leads_to = next((pair for pair in reversed(open_ones) if pair[1] is not Tier.NONE), ("", Tier.NONE))
        after = Conversation(topic=labels[0], gate_asked=conversation.gate_asked, weeks=conversation.weeks, talking=True)
        if leads_to is not Tier.NONE:
            after = replace(after, asked_about=asked_about, yes_leads_to=leads_to, gate_asked=True)
        elif not after.gate_asked and labels[0].startswith(_ABOUT_PAIN) and not any(_sends_to_care(line) for line in lines):
            lines += (self._phrases.shared("gate"),)
            after = replace(after, asked_about=labels[0], yes_leads_to=Tier.NOW, gate_asked=True)
        elif len(intents) == 1 and (offer := self._offer(intents[0], 0)):
            lines += offer
            after = replace(after, offered=True)
        reply = Reply(lines, tuple(labels))
        return reply, replace(after, last=reply)

    def _choice(self, first: str, second: str, conversation: Conversation) -> tuple[Reply, Conversation]:
        lines = (self._phrases.shared("choice_first", first), self._phrases.shared("choice_second", second))
        reply = Reply(lines, (first, second))
        # Two questions open at once would make one "yes" mean two things: an earlier one is closed.
        asked = replace(conversation, last=reply, choice=(first, second), yes_leads_to=Tier.NONE, urgent=False, talking=True, missed=0)
        return reply, asked

    def _chosen(self, understanding: Understanding, conversation: Conversation) -> tuple[Reply, Conversation]:
        """ "The first", "yes", or the thing itself; anything else is a new turn."""
        without = replace(conversation, choice=())
        first, second = conversation.choice
        words = understanding.text.split()
        said = set(words) if len(words) <= _MOST_CHOOSING_WORDS else set()
        if said & _FIRST or understanding.labels[:1] == ("control.yes",):
            return self._answers([first], without)
        if said & _SECOND:
            return self._answers([second], without)
        if understanding.labels and understanding.labels[0] in _ASIDES:
            return self._control(understanding.labels[0], conversation)
        for label in understanding.labels:
            if label in conversation.choice:
                return self._answers([label], without)
        return self.respond(understanding, without)

    def _nothing_of_ours(self, understanding: Understanding, conversation: Conversation, weeks: int | None) -> tuple[Reply, Conversation]:
        """In a conversation one short reply, then a shorter one, then silence: chatter in the room is left alone."""
        if weeks is not None and (conversation.talking or tells_only_weeks(understanding.text)):
            reply = Reply((self._phrases.shared("weeks_heard"),))
            return reply, replace(conversation, urgent=False, talking=True, missed=0)
        if understanding.denied and conversation.talking:
            return self._control("control.no", conversation)
        after = replace(conversation, missed=conversation.missed + 1)
        if not conversation.talking or conversation.missed > 1:
            return Reply(), after
        return Reply((self._phrases.shared("not_understood" if conversation.missed == 0 else "not_understood_again"),)), after


def _opened(intent: Intent, line: Line) -> Tier:
    """The tier that a "yes" leads to, after this line: only a line that asks opens a question."""
    return intent.if_yes if intent.if_yes is not None and "?" in line.text else Tier.NONE


def _only_denies(understanding: Understanding) -> bool:
    """ "I'm not bleeding": whichever control word the rest of it resembles, she did not say that."""
    return bool(understanding.denied) and all(label.startswith("control.") and label != "control.yes" for label in understanding.labels)


def _sends_to_care(line: Line) -> bool:
    """The answer says itself when to go for care; asking about the same signs again would only tire her."""
    return "hospital" in line.text or "get checked" in line.text
