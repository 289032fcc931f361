"""From words to meaning. `open_interpreter` builds what the assistant uses."""

from __future__ import annotations

from pathlib import Path

from skill.errors import ModelError
from skill.understanding.intents import IntentBook
from skill.understanding.interpreter import ExampleInterpreter
from skill.understanding.learned import Learned
from skill.understanding.screen import load_screen


def open_interpreter(book: IntentBook, encoder_folder: Path, cache_folder: Path | None) -> ExampleInterpreter:
    """The interpreter with the sentence encoder where it is there, else with words alone (`has_encoder` tells; the doctor says so)."""
    from skill.understanding.encoder import SentenceEncoder

    screen = load_screen(book.folder / "shared" / "danger_screen.yaml", book.intents)
    try:
        encoder = SentenceEncoder(encoder_folder) if encoder_folder.is_dir() else None
    except ModelError:
        encoder = None
    return ExampleInterpreter(book, screen, Learned(book, encoder, cache_folder))
