"""The settings themselves: frozen, one group for each stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from skill.settings import values

APPLICATION = "back-care"
NONE = "none"
PROJECT = Path(__file__).resolve().parent.parent.parent


class _Group(BaseModel):
    # Each group takes its own keys out of all of them; unknown ones are found before, where it is known what was probably meant.
    model_config = ConfigDict(frozen=True, extra="ignore")


class Hearing(_Group):
    """microphone: "auto" or part of a device's name. silence_seconds: how long a silence ends what she says.

    echo: "none", the loudspeaker's sound comes back in the microphone's; "cancelled", the sound server takes it out.
    wake: "open", it answers whatever is surely meant for it; "phrase", it answers what follows `wake_phrase`, which the recogniser
    hears; "word", what follows `wake_word`, which is known by its sound. Danger it always answers.
    """

    microphone: Annotated[str, BeforeValidator(values.text())] = "auto"
    recogniser: Annotated[Literal["auto", "vosk", "whisper"], BeforeValidator(values.one_of("auto", "vosk", "whisper"))] = "auto"
    silence_seconds: Annotated[float, BeforeValidator(values.number(0.3, 3.0))] = 0.8
    echo: Annotated[Literal["none", "cancelled"], BeforeValidator(values.one_of("none", "cancelled"))] = "none"
    wake: Annotated[Literal["open", "phrase", "word"], BeforeValidator(values.one_of("open", "phrase", "word"))] = "open"
    wake_phrase: Annotated[str, BeforeValidator(values.wake_phrase)] = values.DEFAULT_WAKE_PHRASE
    wake_word: Annotated[str, BeforeValidator(values.wake_word)] = "hey jarvis"

    @property
    def called_by(self) -> str | None:
        """The words that it waits for; None where it waits for none."""
        return {"open": None, "phrase": self.wake_phrase, "word": self.wake_word}[self.wake]


class Speaking(_Group):
    """speed: factor on the pace, 1.0 as designed. volume: 0 to 100.

    wake_seconds: near-silence before the first word, while HDMI sound wakes.
    """

    speaker: Annotated[str, BeforeValidator(values.text())] = "auto"
    voice: Annotated[Literal["auto", "natural", "espeak"], BeforeValidator(values.one_of("auto", "natural", "espeak"))] = "auto"
    speed: Annotated[float, BeforeValidator(values.number(0.6, 1.6))] = 1.0
    volume: Annotated[int, BeforeValidator(values.whole_number(0, 100))] = 80
    wake_seconds: Annotated[float, BeforeValidator(values.number(0.0, 5.0))] = 0.35


class Answering(_Group):
    """What it knows about her. None: unknown, and what is said must not need it.

    country: a code of `countries.yaml`. weeks: of pregnancy, as of the day when it was written down.
    """

    country: Annotated[str | None, BeforeValidator(values.or_unknown(values.country_code))] = None
    hospital: Annotated[str | None, BeforeValidator(values.or_unknown(values.text()))] = None
    helper_name: Annotated[str | None, BeforeValidator(values.or_unknown(values.text()))] = None
    helper_number: Annotated[str | None, BeforeValidator(values.or_unknown(values.phone_number))] = None
    weeks: Annotated[int | None, BeforeValidator(values.or_unknown(values.whole_number(1, 43, f", or {values.UNKNOWN}")))] = None


class Panel(_Group):
    """The light and the button of a Raspberry Pi: BCM numbers of the pins. None: there is none."""

    led_pin: Annotated[int | None, BeforeValidator(values.or_unknown(values.whole_number(2, 27, f", or {NONE}"), NONE))] = None
    button_pin: Annotated[int | None, BeforeValidator(values.or_unknown(values.whole_number(2, 27, f", or {NONE}"), NONE))] = None


class Storage(_Group):
    """Folders on the disk, all absolute. intents_folder holds one folder for each language; language: the name of one of them."""

    models_folder: Annotated[Path, BeforeValidator(values.folder)] = PROJECT / "models"
    cache_folder: Annotated[Path, BeforeValidator(values.folder)] = Field(default_factory=lambda: platformdirs.user_cache_path(APPLICATION))
    intents_folder: Annotated[Path, BeforeValidator(values.folder)] = PROJECT / "intents"
    language: Annotated[str, BeforeValidator(values.language)] = "en"

    @property
    def language_folder(self) -> Path:
        return self.intents_folder / self.language

    @property
    def countries_file(self) -> Path:
        return self.language_folder / "shared" / "countries.yaml"


class Machine(_Group):
    """memory: "small" for the smallest set that still hears danger, "full" for everything, "auto" for what fits into this computer."""

    memory: Annotated[Literal["auto", "small", "full"], BeforeValidator(values.one_of("auto", "small", "full"))] = "auto"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. `Settings()` holds the defaults."""

    hearing: Hearing = field(default_factory=Hearing)
    speaking: Speaking = field(default_factory=Speaking)
    answering: Answering = field(default_factory=Answering)
    panel: Panel = field(default_factory=Panel)
    storage: Storage = field(default_factory=Storage)
    machine: Machine = field(default_factory=Machine)

    def value_of(self, key: str) -> object:
        """The value of a key of the file; KeyError for an unknown one."""
        return getattr(getattr(self, GROUP_OF[key]), key)

    def woken_by(self, way: Literal["open", "phrase"]) -> Settings:
        """The same with another `wake`."""
        return replace(self, hearing=self.hearing.model_copy(update={"wake": way}))


GROUPS: Mapping[str, type[_Group]] = {
    "hearing": Hearing,
    "speaking": Speaking,
    "answering": Answering,
    "panel": Panel,
    "storage": Storage,
    "machine": Machine,
}
# Every key of the file and the group it belongs to, in the order of the path.
GROUP_OF: Mapping[str, str] = {key: name for name, group in GROUPS.items() for key in group.model_fields}
