"""From words to meaning. `open_interpreter` builds what the assistant uses."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from skill.errors import ModelError
from skill.memory import give_back_memory
from skill.understanding.encoder import SentenceEncoder
from skill.understanding.head import nearest
from skill.understanding.intents import Example, IntentBook
from skill.understanding.interpreter import ExampleInterpreter
from skill.understanding.learned import Learned, training_set
from skill.understanding.other_machines import load_other_machines
from skill.understanding.screen import load_screen
from skill.understanding.wording import normalise


def open_interpreter(
    book: IntentBook, encoder_folder: Path | None, cache_folder: Path | None, tell: Callable[[str], None] = lambda problem: None
) -> ExampleInterpreter:
    """The interpreter with the sentence encoder where it works, else with words alone; None: with words alone, to spare memory.

    tell: gets a sentence for each thing that is damaged, at once or later; it understands all the same, but less, or begins later.
    """
    with ThreadPoolExecutor(1, "encoder") as loader:
        loading = loader.submit(SentenceEncoder, encoder_folder) if encoder_folder else None  # meanwhile the rules are read
        screen = load_screen(book.folder / "shared" / "danger_screen.yaml", book.intents)
        machines = load_other_machines(book.folder / "shared" / "other_machines.yaml")
        interpreter = ExampleInterpreter(book, screen, _learned(book, loading, cache_folder, tell), machines)
    give_back_memory()  # what fitting and loading left free
    return interpreter


def _learned(book: IntentBook, encoder: Future[SentenceEncoder] | None, cache_folder: Path | None, tell: Callable[[str], None]) -> Learned:
    if encoder is not None:
        try:
            return Learned(book, encoder.result(), cache_folder, tell)
        except ModelError as error:
            tell(f"It understands by words alone, which misses much: {error}.")
    return Learned(book, None, cache_folder, tell)


def nearest_examples(
    book: IntentBook, encoder_folder: Path, cache_folder: Path | None, text: str, count: int = 5
) -> list[tuple[float, Example]]:
    """Likeness (cosine) and example, the most like first; empty without the sentence encoder."""
    try:
        encoder = SentenceEncoder(encoder_folder)
    except ModelError:
        return []
    examples, _ = training_set(book)
    found = nearest(examples, encoder, cache_folder, normalise(text), count)
    return [(likeness, book.examples[row]) for likeness, row in found]
