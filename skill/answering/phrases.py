"""Every line that can be spoken, with what the settings fill in: the same texts for answering, for rendering ahead and for reviewing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skill.answering.script import Script
from skill.messages import Line, Pace, Tier
from skill.understanding.intent_mistakes import PLACEHOLDER
from skill.understanding.intents import Intent, IntentBook, Part
from skill.understanding.wording import digit_words

_TIER_LINES = {Tier.TODAY: "today", Tier.NOW: "now", Tier.EMERGENCY: "emergency"}
# Said instead of the line of the same name where the country's emergency number is known.
_WITH_NUMBER = {"emergency": "emergency_with_number"}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the settings tell of where she is; None: unknown. Numbers as digits. wake_phrase: None where none is needed."""

    emergency_number: str | None = None
    hospital: str | None = None
    helper_name: str | None = None
    helper_number: str | None = None
    wake_phrase: str | None = None


class Phrases:
    """Parts → Lines to speak."""

    def __init__(self, book: IntentBook, script: Script, around: Surroundings | None = None) -> None:
        self._book = book
        self.script = script
        self._around = around or Surroundings()

    def shared(self, key: str, topic: str = "") -> Line:
        """A line of shared/lines.yaml or shared/conversation.yaml; the endings of the tiers are spoken slowly, as danger lines are.

        topic: the label that {topic} stands for.
        """
        part = self._part(key)
        pace = Pace.DANGER if key in _TIER_LINES.values() else Pace.ORDINARY
        return Line(self._filled(part.say, topic), pace, part.key)

    def ending(self, tier: Tier) -> Line:
        """What to do, for a tier."""
        return self.shared(_TIER_LINES[tier])

    def of_intent(self, intent: Intent, part: Part) -> Line:
        return Line(self._filled(part.say), Pace.DANGER if intent.is_danger else Pace.ORDINARY, part.key)

    def of_check(self, part: Part) -> Line:
        return Line(self._filled(part.say), Pace.ORDINARY, part.key)

    def where_to_go(self) -> tuple[Line, ...]:
        """Nearest hospital and helper, as far as the settings name them: said after an emergency or "now" line."""
        lines = []
        if self._around.hospital:
            lines.append(self.shared("hospital"))
        if self._around.helper_name:
            lines.append(self.shared("helper"))
        if self._around.helper_number:
            lines.append(self.shared("helper_number"))
        return tuple(lines)

    def ready(self, waits_for_phrase: bool) -> Line:
        """That it listens now, and the words to call it by where it waits for them."""
        return self.shared("ready_for_phrase" if waits_for_phrase else "ready")

    def all_lines(self) -> tuple[Line, ...]:
        """Everything that can be spoken with these settings, each line once."""
        return tuple({(line.text, line.pace): line for _, line in self.spoken()}.values())

    def spoken(self) -> Iterator[tuple[Part, Line]]:
        """Every part with what is said of it with these settings; a part with {topic} once for each topic."""
        for intent in self._book.intents.values():
            yield from ((part, self.of_intent(intent, part)) for part in intent.parts)
        for key in self._book.lines:
            if key not in _WITH_NUMBER.values():
                yield self._part(key), self.shared(key)
        for key, part in self.script.lines.items():
            if "{topic}" in part.say:
                yield from ((part, self.shared(key, label)) for label in self.script.topics)
            elif not PLACEHOLDER.search(part.say):
                yield part, self.shared(key)
        yield from ((part, self.of_check(part)) for part in self.script.parts if part.key.startswith("check "))
        known = {part.key: part for part in self.script.parts}
        filled = (*self.where_to_go(), *((self.ready(True),) if self._around.wake_phrase else ()))
        yield from ((known[line.key], line) for line in filled)

    def _part(self, key: str) -> Part:
        if key in self.script.lines:
            return self.script.lines[key]
        return self._book.lines[_WITH_NUMBER.get(key, key) if self._around.emergency_number else key]

    def _filled(self, text: str, topic: str = "") -> str:
        return PLACEHOLDER.sub(lambda found: self._value(found[1], topic), text)

    def _value(self, name: str, topic: str) -> str:
        match name:
            case "topic":
                return self.script.topics[topic]
            case "number":
                return _digit_by_digit(self._around.emergency_number or "")
            case "helper_number":
                return _digit_by_digit(self._around.helper_number or "")
            case "hospital" | "helper_name" | "wake_phrase":
                return getattr(self._around, name) or ""
            case _:
                return self._filled(self._part(name).say)


def _digit_by_digit(number: str) -> str:
    """ "112" → "one, one, two": so that it can be dialled while it is heard."""
    return ", ".join(digit_words("".join(figure for figure in number if figure.isdigit())).split())
