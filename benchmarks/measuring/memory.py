"""Which part takes how much memory: the assistant put together in a process of its own, part by part."""

from __future__ import annotations

import ctypes
import gc
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measuring.processes import in_own_process, memory_of
from benchmarks.measuring.recognisers import KOREAN
from benchmarks.measuring.report import Cell, Column, Table, reason
from skill import assembly
from skill.messages import AudioBlock, Line, Transcript
from skill.models.store import State
from skill.settings import Settings, load_settings
from skill.understanding import open_interpreter

TIMEOUT_SECONDS = 240.0
QUESTIONS = ("why does my back hurt", "which side should i sleep on", "i have a fever and my back hurts")
NO_ENCODER = Path("no-encoder")  # a folder that is not there: understanding on words alone


@dataclass(frozen=True, slots=True)
class Step:
    """A part, and what the process has (PSS, in megabytes of 10**6 bytes) when it is there."""

    part: str
    megabytes: float


def measure_memory(settings: Settings) -> Iterator[Table]:
    store = assembly.model_store(settings.storage)
    names = [name for name, model in store.manifest.models.items() if model.serves == "recogniser" or name == KOREAN]
    whole = [name for name in names if store.status(name).state is State.WHOLE]
    for model in whole:
        small = model.startswith("vosk")
        title = f"Memory by part: {model}, {'words alone, pyttsx3' if small else 'sentence encoder, natural voice'}"
        try:
            steps = in_own_process(_steps, model, small, timeout_seconds=TIMEOUT_SECONDS)
        except (RuntimeError, TimeoutError) as exc:
            yield Table(title, (Column("part"), Column("why not")), (("not measured", reason(exc)),))
            continue
        yield _table(title, model, steps)


def _table(title: str, model: str, steps: list[Step]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    before = 0.0
    for step in steps:
        rows.append((step.part, step.megabytes - before, step.megabytes))
        before = step.megabytes
    of_model = next((row[1] for row in rows if str(row[0]).startswith("model ")), 0.0)
    assert isinstance(of_model, float)
    rows.append((f"all without the model {model}", None, before - of_model))
    notes = ("PSS in megabytes of 10**6 bytes, of the process and those it started, read when a part was loaded and used once.",)
    return Table(title, (Column("part"), Column("adds, MB", 1), Column("then, MB", 1)), tuple(rows), notes)


def _steps(model: str, small: bool) -> list[Step]:
    """Run in a process of its own. small: what a small Raspberry Pi would run."""
    steps = [_step("Python and this benchmark")]
    settings = load_settings(None, os.environ).settings
    book = assembly.intent_book(settings)
    steps.append(_step("intents"))
    encoder = NO_ENCODER if small else assembly.ENCODER
    interpreter = open_interpreter(book, encoder, settings.storage.cache_folder)
    for question in QUESTIONS:
        interpreter.interpret(Transcript(question, "typed"))
    steps.append(_step("understanding"))
    responder = assembly.responder(settings, book)
    steps.append(_step("answers"))
    name = model.partition("-")[0]
    __import__({"vosk": "vosk", "whisper": "faster_whisper"}[name])
    steps.append(_step(f"library of {name}"))
    from skill.hearing import open_recogniser

    recogniser = open_recogniser(name, assembly.model_store(settings.storage).path(model), settings.hearing.silence_seconds)
    recogniser.accept(AudioBlock(bytes(32_000), 16_000))
    recogniser.finish()
    steps.append(_step(f"model {model} and voice activity"))
    from skill.speaking import open_voice

    voice = open_voice("espeak" if small else "natural")
    voice.render(Line("My back hurts."))
    steps.append(_step("voice, loaded and used (an answer from the cache does not need it)"))
    assert responder is not None
    return steps


def _step(part: str) -> Step:
    gc.collect()
    with suppress(OSError, AttributeError):
        _libc().malloc_trim(0)
    return Step(part, memory_of(os.getpid()).pss)


def _libc() -> Any:
    load: Callable[[str], Any] = ctypes.CDLL
    return load("libc.so.6")
