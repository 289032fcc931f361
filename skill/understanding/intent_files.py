"""What a file of an intent may hold, for pydantic."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from skill.messages import Tier
from skill.understanding.signatures import who_and_when

MOST_WEEKS = 43
TIER_WORDS = {tier.word: tier for tier in Tier}
DANGER_TIERS = ("today", "now", "emergency")
_LABEL = re.compile(r"none|(danger|cause|info|relief|care|control)\.[a-z_]+")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Reviewed = Annotated[str, BeforeValidator(who_and_when)]


class PartFile(_Strict):
    say: str = Field(min_length=1)
    source: str = Field(min_length=1)

    @field_validator("say", "source")
    @classmethod
    def _not_blank(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("this is empty; write something or take it away")
        return " ".join(text.split())


class ExampleFile(_Strict):
    say: str = Field(min_length=1)
    also: list[str] = []
    tier: str | None = None


# Told apart by shape, so that a mistake in one is not also told as a mistake in the other.
_EitherExample = Annotated[
    Annotated[str, Tag("text")] | Annotated[ExampleFile, Tag("mapping")],
    Discriminator(lambda given: "mapping" if isinstance(given, dict | ExampleFile) else "text"),
]


class WeeksPartFile(PartFile):
    from_week: int = Field(default=1, ge=1, le=MOST_WEEKS)
    until_week: int = Field(default=MOST_WEEKS, ge=1, le=MOST_WEEKS)

    @model_validator(mode="after")
    def _some_week(self) -> WeeksPartFile:
        if self.from_week > self.until_week:
            raise ValueError("from_week lies behind until_week, so this is never said; exchange them")
        return self


class IntentFile(_Strict):
    label: str
    means: str = Field(min_length=1)
    tier: str
    reviewed: Reviewed
    answer: PartFile | None = None
    unsure: PartFile | None = None
    if_yes: str | None = None
    at_tier: dict[str, PartFile] = {}
    at_weeks: list[WeeksPartFile] = []
    more: list[PartFile] = []
    silent: str | None = None
    people_say: list[_EitherExample] = Field(min_length=1)

    @field_validator("label")
    @classmethod
    def _known_shape(cls, label: str) -> str:
        if not _LABEL.fullmatch(label):
            raise ValueError(f"{label!r} is not a label; write a family and a name, like danger.fever or relief.shoes")
        return label

    @field_validator("tier")
    @classmethod
    def _known_tier(cls, tier: str) -> str:
        if tier not in TIER_WORDS:
            raise ValueError(f"{tier!r} is not a tier; the tiers are {', '.join(TIER_WORDS)}")
        return tier

    @field_validator("at_tier")
    @classmethod
    def _danger_tiers(cls, at_tier: dict[str, PartFile]) -> dict[str, PartFile]:
        for tier in at_tier:
            if tier not in DANGER_TIERS:
                raise ValueError(f"{tier!r} has no answer of its own here; write {', '.join(DANGER_TIERS)}")
        return at_tier

    @field_validator("if_yes")
    @classmethod
    def _danger_tier(cls, tier: str | None) -> str | None:
        if tier is not None and tier not in DANGER_TIERS:
            raise ValueError(f"{tier!r} is not what a yes can lead to; write {', '.join(DANGER_TIERS)}")
        return tier
