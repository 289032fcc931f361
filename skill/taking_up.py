"""What was edited while it runs comes into force between two turns: the conversation that is open, and its state of listening, go on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from skill import assembly
from skill.answering.phrases import Phrases
from skill.assistant import Assistant, Ear
from skill.attention import Attention
from skill.errors import SettingsError
from skill.messages import Heard
from skill.mouth import Mouth
from skill.reloading import Knowledge, Reloader
from skill.service import Vitals
from skill.settings import Settings, load_settings
from skill.stages import Recogniser


class RenewedEar:
    """An Ear that takes up what is new just before it hands on what was heard: at that moment nobody is in the middle of a turn."""

    def __init__(self, ear: Ear, renew: Callable[[], None]) -> None:
        self._ear = ear
        self._renew = renew

    def heard(self) -> Iterator[Heard]:
        for heard in self._ear.heard():
            self._renew()
            yield heard

    def reset(self) -> None:
        self._ear.reset()


class Edits:
    """Settings and intents that are edited meanwhile, taken up between two turns."""

    def __init__(
        self, known: Knowledge, settings_file: Path | None, vitals: Vitals, assistant: Assistant, mouth: Mouth, tell: Callable[[str], None]
    ) -> None:
        self._known = known
        self._settings_file = settings_file
        self._vitals = vitals
        self._assistant = assistant
        self._mouth = mouth
        self._tell = tell
        self._recogniser: Recogniser | None = None
        self._waking: dict[str, str] = {}
        self._reloader: Reloader | None = None

    def watch(self, recogniser: Recogniser | None = None, wake: str = "open") -> Reloader:
        """Begin. recogniser: None where nothing is heard, but typed. wake: the way in which it was started."""
        self._recogniser = recogniser
        self._waking = {"wake": wake, "wake_word": self._known.settings.hearing.wake_word}
        self._reloader = Reloader(
            self._known,
            self._settings_file,
            lambda: load_settings(self._settings_file, os.environ),
            self._vitals,
            self._tell,
            self._attention,
            self._mouth.is_heard,
        )
        self._reloader.start()
        return self._reloader

    def take_up(self) -> None:
        fresh = self._reloader.take() if self._reloader else None
        if fresh is not None:
            before, self._known = self._known, fresh
            take_up(fresh, before.settings, self._assistant, self._mouth, self._recogniser)

    def _attention(self, settings: Settings, phrases: Phrases) -> Attention | None:
        """A new phrase that can never be heard is refused; the one of the start was already left out."""
        if self._recogniser is None:
            return None
        try:
            as_started = replace(settings, hearing=settings.hearing.model_copy(update=self._waking))
            return assembly.attention(as_started, phrases.script, self._recogniser)
        except SettingsError:
            if settings.hearing.wake_phrase != self._known.settings.hearing.wake_phrase:
                raise
            return assembly.attention(settings.woken_by("open"), phrases.script, self._recogniser)


def take_up(fresh: Knowledge, before: Settings, assistant: Assistant, mouth: Mouth, recogniser: Recogniser | None) -> None:
    """Go on with it, in the conversation that is open. before: the settings until now; what they do not change, she may have by voice."""
    answering, speaking, hearing = fresh.settings.answering, fresh.settings.speaking, fresh.settings.hearing
    assistant.use(fresh.interpreter, fresh.responder, fresh.attention)
    if answering.weeks != before.answering.weeks:
        assistant.set_weeks(answering.weeks)
    if speaking.volume != before.speaking.volume:
        mouth.set_volume(speaking.volume)
    if speaking.speed != before.speaking.speed:
        mouth.set_speed(speaking.speed)
    if recogniser is not None and hearing.silence_seconds != before.hearing.silence_seconds:
        recogniser.end_silence_seconds = hearing.silence_seconds
