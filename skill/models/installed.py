"""What lies in the folder of an installed model, and whether it is what was put there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from skill.models.manifest import File, Model

MARKER = ".installed.json"


class Installed(BaseModel):
    """What was put there: the sum of the archive it came from, and every file by its path."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    archive_sha256: str
    files: dict[str, File]


def write_marker(folder: Path, installed: Installed) -> None:
    """Note down what was put into a folder."""
    with (folder / MARKER).open("x", encoding="utf-8") as file:
        file.write(installed.model_dump_json(indent=1))
        file.flush()
        os.fsync(file.fileno())


def quick_fault(folder: Path, model: Model) -> str:
    """What is wrong first with a model in this folder, judged by the sizes of its files; empty for nothing."""
    return _first_fault(folder, model, lambda path, file: path.stat().st_size == file.bytes)


def thorough_fault(folder: Path, model: Model) -> str:
    """The same, judged by every byte."""
    return quick_fault(folder, model) or _first_fault(folder, model, lambda path, file: sha256_of(path) == file.sha256)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _first_fault(folder: Path, model: Model, is_right: Callable[[Path, File], bool]) -> str:
    try:
        installed = Installed.model_validate_json((folder / MARKER).read_bytes())
    except (OSError, ValidationError):
        return f"{MARKER} is missing or unreadable, so nobody knows whether it is whole"
    if installed.archive_sha256 not in {source.sha256 for source in model.sources}:
        return "it is another version than the manifest names"
    for path, file in (model.files or installed.files).items():
        try:
            if not is_right(folder / path, file):
                return f"{path} is not as it was when it was fetched"
        except OSError as exc:
            return f"{path} cannot be read: {exc.strerror}"
    return ""
