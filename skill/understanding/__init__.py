"""From words to meaning. `open_interpreter` builds what the assistant uses."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from pathlib import Path

from skill.errors import ModelError
from skill.understanding.head import nearest
from skill.understanding.intents import Example, IntentBook
from skill.understanding.interpreter import ExampleInterpreter
from skill.understanding.learned import Learned, training_set
from skill.understanding.other_machines import load_other_machines
from skill.understanding.screen import load_screen
from skill.understanding.wording import normalise


def open_interpreter(book: IntentBook, encoder_folder: Path, cache_folder: Path | None) -> ExampleInterpreter:
    """The interpreter with the sentence encoder where it is there, else with words alone (`has_encoder` tells; the doctor says so)."""
    from skill.understanding.encoder import SentenceEncoder

    screen = load_screen(book.folder / "shared" / "danger_screen.yaml", book.intents)
    try:
        encoder = SentenceEncoder(encoder_folder) if encoder_folder.is_dir() else None
    except ModelError:
        encoder = None
    machines = load_other_machines(book.folder / "shared" / "other_machines.yaml")
    interpreter = ExampleInterpreter(book, screen, Learned(book, encoder, cache_folder), machines)
    _give_back_memory()
    return interpreter


def nearest_examples(
    book: IntentBook, encoder_folder: Path, cache_folder: Path | None, text: str, count: int = 5
) -> list[tuple[float, Example]]:
    """Likeness (cosine) and example, the most like first; empty without the sentence encoder."""
    from skill.understanding.encoder import SentenceEncoder

    try:
        encoder = SentenceEncoder(encoder_folder)
    except ModelError:
        return []
    examples, _ = training_set(book)
    found = nearest(examples, encoder, cache_folder, normalise(text), count)
    return [(likeness, book.examples[row]) for likeness, row in found]


def _give_back_memory() -> None:
    """What fitting and loading left free stays with the process otherwise, some thirty megabytes: much on a Raspberry Pi."""
    with suppress(OSError, AttributeError):  # another C library than glibc has no such call
        ctypes.CDLL("libc.so.6").malloc_trim(0)
