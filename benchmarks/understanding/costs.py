"""What understanding costs: time a sentence and memory, on one core, with the sentence encoder and on words alone."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles

from benchmarks.measuring.report import Cell, Column, Table, reason
from skill.assembly import ENCODER
from skill.settings import PROJECT

TIMEOUT_SECONDS = 300
MOST_SENTENCES = 400
WITH_ENCODER_MS, WORDS_ALONE_MS, MEMORY_MEGABYTES = 15.0, 1.0, 150.0
_COLUMNS = (
    Column("what looks at a sentence"),
    Column("median, ms", 1),
    Column("95 % within, ms", 1),
    Column("bar, ms", 0),
    Column("time met"),
    Column("processor time, median, ms", 1),
    Column("memory grew by, MB", 0),
    Column("of it libraries, MB", 0),
    Column("at its peak, MB", 0),
    Column("bar, MB", 0),
    Column("memory met"),
    Column("ready after, s"),
)


def measure_costs(texts: Sequence[str], cache_folder: Path) -> Iterator[Table]:
    """texts: to be understood. cache_folder: where what was fitted from the examples is kept."""
    chosen = texts[:: max(1, len(texts) // MOST_SENTENCES)][:MOST_SENTENCES]
    rows: list[tuple[Cell, ...]] = []
    with tempfile.TemporaryDirectory(prefix="understanding-") as empty:
        if ENCODER.is_dir():
            rows.append(_row("encoder, words, screen; the first start ever", chosen, ENCODER, empty, WITH_ENCODER_MS))
            rows.append(_row("encoder, words, screen; every day", chosen, ENCODER, str(cache_folder), WITH_ENCODER_MS))
        else:
            rows.append(("encoder, words, screen", *[None] * 10, f"not measured: there is no folder {ENCODER}"))
        rows.append(_row("words and screen alone", chosen, Path(empty) / "none", "", WORDS_ALONE_MS))
    notes = (
        f"{len(chosen)} utterances one at a time, in a process held to one core. Met, for time: 95 % within the bar.",
        "Memory: resident, above that of a bare Python; the libraries, the intents and all that is fitted are counted in. "
        "Processor time leaves out what other programs took in between. Ready after: from the bare Python to the first answer possible.",
    )
    yield Table("Time and memory of understanding", _COLUMNS, tuple(rows), notes)


def _row(name: str, texts: Sequence[str], encoder: Path, cache: str, bar_ms: float) -> tuple[Cell, ...]:
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.understanding.one_core", str(encoder), cache],
        cwd=PROJECT,
        input="\n".join(text.replace("\n", " ") for text in texts),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    if process.returncode:
        why = (process.stderr.splitlines() or [f"its process ended with code {process.returncode}"])[-1]
        return name, *[None] * 10, f"not measured: {reason(RuntimeError(why))}"
    figures = json.loads(process.stdout)
    within = quantiles(figures["wall_ms"], n=20)[-1]
    growth = figures["growth_megabytes"]
    return (
        name,
        median(figures["wall_ms"]),
        within,
        bar_ms,
        "yes" if within <= bar_ms else "NO",
        median(figures["cpu_ms"]),
        growth,
        figures["libraries_megabytes"],
        figures["peak_growth_megabytes"],
        MEMORY_MEGABYTES,
        "yes" if growth <= MEMORY_MEGABYTES else "NO",
        figures["ready_seconds"],
    )
