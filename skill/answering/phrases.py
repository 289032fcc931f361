"""Every line that can be spoken, with what the settings fill in: the same texts for answering, for rendering ahead and for reviewing."""

from __future__ import annotations

from skill.messages import Line, Pace, Tier
from skill.understanding.intents import PLACEHOLDER, Intent, IntentBook, Part
from skill.understanding.wording import digit_words

_TIER_LINES = {Tier.TODAY: "today", Tier.NOW: "now", Tier.EMERGENCY: "emergency"}
# Said instead of the line of the same name where the country's emergency number is known.
_WITH_NUMBER = {"emergency": "emergency_with_number"}


class Phrases:
    """Parts of the IntentBook → Lines to speak. emergency_number: the digits to dial, None where the country is unknown."""

    def __init__(self, book: IntentBook, emergency_number: str | None = None) -> None:
        self._book = book
        self._number = emergency_number

    def shared(self, key: str) -> Line:
        """A line of shared/lines.yaml; the endings of the tiers are spoken slowly, as danger lines are."""
        part = self._part(key)
        pace = Pace.DANGER if key in _TIER_LINES.values() else Pace.ORDINARY
        return Line(self._filled(part.say), pace, part.key)

    def ending(self, tier: Tier) -> Line:
        """What to do, for a tier; its key is the tier's word."""
        return self.shared(_TIER_LINES[tier])

    def of_intent(self, intent: Intent, part: Part) -> Line:
        return Line(self._filled(part.say), Pace.DANGER if intent.is_danger else Pace.ORDINARY, part.key)

    def all_lines(self) -> tuple[Line, ...]:
        """Everything that can be spoken with these settings, each line once."""
        of_intents = [self.of_intent(intent, part) for intent in self._book.intents.values() for part in intent.parts]
        shared = [self.shared(key) for key in self._book.lines if key not in _WITH_NUMBER.values()]
        return tuple({(line.text, line.pace): line for line in [*of_intents, *shared]}.values())

    def _part(self, key: str) -> Part:
        return self._book.lines[_WITH_NUMBER.get(key, key) if self._number else key]

    def _filled(self, text: str) -> str:
        return PLACEHOLDER.sub(lambda found: self._value(found[1]), text)

    def _value(self, name: str) -> str:
        if name == "number":
            return ", ".join(digit_words(self._number or "").split())
        return self._filled(self._part(name).say)
