"""The emergency number of each country for which a source was found: `intents/<language>/shared/countries.yaml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, RootModel, field_validator

from skill.errors import IntentError
from skill.yaml_source import read_yaml, validate

_CODE = re.compile(r"[A-Z]{2}")
_NUMBER = re.compile(r"[0-9]{2,6}")


class _CountryFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    number: str
    name: str
    source: str
    caution: str | None = None

    @field_validator("number")
    @classmethod
    def _digits(cls, number: str) -> str:
        if not _NUMBER.fullmatch(number):
            raise ValueError(f'{number!r} is not an emergency number; write its two to six digits in quotes, like "112"')
        return number

    @field_validator("name", "source", "caution")
    @classmethod
    def _not_blank(cls, text: str | None) -> str | None:
        if text is None or not text.strip():
            raise ValueError("this is empty; write something or take the key away")
        return " ".join(text.split())


class _CountriesFile(RootModel[dict[str, _CountryFile]]):
    model_config = ConfigDict(frozen=True)


@dataclass(frozen=True, slots=True)
class Country:
    """code: ISO 3166, two capital letters (EU: any country of the European Union). number: the digits to dial, as text.

    caution: what is not sure about the number, for people who set the assistant up; None where nothing is known.
    """

    code: str
    number: str
    name: str
    source: str
    caution: str | None = None


def load_countries(path: Path) -> Mapping[str, Country]:
    """Every country of the file, by code. Raises IntentError with every mistake found."""
    source = read_yaml(path)
    found, problems = validate(source, _CountriesFile)
    if isinstance(source.value, dict):
        problems += [
            source.problem((code,), f"{code!r} is not a country's code; write its two capital letters, like IN")
            for code in source.value
            if not _CODE.fullmatch(code)
        ]
    if found is None or problems:
        raise IntentError(problems)
    return MappingProxyType({code: Country(code, **country.model_dump()) for code, country in found.root.items()})
