"""How long it takes to understand a sentence, with the sentence encoder and on words alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

from benchmarks.measuring.report import Cell, Column, Table, reason
from skill import assembly
from skill.errors import ModelError
from skill.messages import Transcript
from skill.stages import Interpreter
from skill.understanding import open_interpreter
from skill.understanding.encoder import SentenceEncoder
from skill.understanding.intents import IntentBook

SENTENCES = 200
WARM_UP = 20
_COLUMNS = (
    Column("what looks at a sentence"),
    Column("ready after, s"),
    Column("median, ms", 1),
    Column("95 % within, ms", 1),
    Column("slowest, ms", 1),
    Column("remark"),
)


def measure_understanding(book: IntentBook, cache_folder: Path) -> Iterator[Table]:
    """cache_folder: where what is fitted from the examples is kept, and may lie already."""
    rows = (_with_encoder(book, cache_folder), _row("words alone", book, Path("no encoder"), None))
    notes = (
        f"{SENTENCES} sentences ('so' and an example of the intents each), after {WARM_UP} to warm up; one at a time, as spoken. "
        "Ready after: from the intents already read to the first answer possible.",
    )
    yield Table("Time to understand a sentence", _COLUMNS, rows, notes)


def encoder_problem() -> str:
    """Why sentences are understood without the encoder; empty where it is there."""
    if not (assembly.ENCODER / "encoder.onnx").is_file():
        return "there is no sentence encoder in models/encoder"
    try:
        SentenceEncoder(assembly.ENCODER)
    except (ModelError, ImportError) as exc:
        return reason(exc)
    return ""


def _with_encoder(book: IntentBook, cache_folder: Path) -> tuple[Cell, ...]:
    name = "encoder, words and danger screen"
    if problem := encoder_problem():
        return name, None, None, None, None, f"not measured: {problem}"
    kept = (cache_folder / "understanding.npz").is_file()
    remark = "what it learned from the examples was kept" if kept else "learned from the examples anew"
    return (*_row(name, book, assembly.ENCODER, cache_folder), remark)


def _row(name: str, book: IntentBook, encoder_folder: Path, cache_folder: Path | None) -> tuple[Cell, ...]:
    began = time.monotonic()
    interpreter = open_interpreter(book, encoder_folder, cache_folder)
    ready = time.monotonic() - began
    # "so": a sentence that stands in the YAML word for word is only looked up.
    milliseconds = _times(interpreter, [f"so {example.text}" for example in book.examples])
    return name, ready, median(milliseconds), quantiles(milliseconds, n=20)[-1], max(milliseconds)


def _times(interpreter: Interpreter, texts: list[str]) -> list[float]:
    chosen = texts[:: max(1, len(texts) // SENTENCES)][:SENTENCES]
    for text in chosen[:WARM_UP]:
        interpreter.interpret(Transcript(text, "typed"))
    times = []
    for text in chosen:
        began = time.perf_counter()
        interpreter.interpret(Transcript(text, "typed"))
        times.append((time.perf_counter() - began) * 1000)
    return times
