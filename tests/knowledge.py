"""The real intents, whole and cut short, and the interpreter on them, for tests of several parts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from skill.understanding import open_interpreter
from skill.understanding.intents import IntentBook, load_intents
from skill.understanding.interpreter import ExampleInterpreter

ROOT = Path(__file__).resolve().parent.parent
ENGLISH = ROOT / "intents" / "en"
ENCODER = ROOT / "models" / "encoder"
FEW_EXAMPLES = 5

needs_encoder = pytest.mark.skipif(
    not (ENCODER / "encoder.onnx").is_file(), reason="models/encoder is not here: words alone decide, which is weaker"
)


def short_intents(folder: Path) -> Path:
    """A copy of the real intents in folder/en, each with a few short examples only, so that a program that reads it starts fast."""
    target = folder / "en"
    shutil.copytree(ENGLISH / "shared", target / "shared")
    for path in sorted(ENGLISH.glob("*.yaml")):
        head, key, examples = path.read_text(encoding="utf-8").partition("people_say:\n")
        lines = [line for line in examples.splitlines(keepends=True) if line.startswith("  - ")]
        few = [line for line in lines if len(line.split()) <= 4] if path.name.startswith("control.") else lines[:FEW_EXAMPLES]
        (target / path.name).write_text(head + key + "".join(few), encoding="utf-8")
    return target


@pytest.fixture(scope="session")
def cache_folder(pytestconfig: pytest.Config) -> Path:
    """Kept from run to run: with the encoder, the vectors of all examples take half a minute to make."""
    assert pytestconfig.cache is not None
    return pytestconfig.cache.mkdir("back-care-understanding")


@pytest.fixture(scope="session")
def book() -> IntentBook:
    return load_intents(ENGLISH)


@pytest.fixture(scope="session")
def interpreter(book: IntentBook, cache_folder: Path) -> ExampleInterpreter:
    return open_interpreter(book, ENCODER, cache_folder)
