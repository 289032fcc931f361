"""The whole loop in figures, on this machine and in one run: .venv/bin/python -m benchmarks.loop [--json] [--out FILE.md]

It plays and listens on a virtual sound card of its own and keeps everything it makes in a temporary folder: the user's devices,
settings and rendered answers are left alone. Variables such as BACK_CARE_VOICE choose what is measured.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks.measuring.answering import QUESTIONS, measure_answers
from benchmarks.measuring.machine import machine_table
from benchmarks.measuring.memory import measure_memory
from benchmarks.measuring.recognisers import KOREAN, measure_recognisers
from benchmarks.measuring.report import Table, as_markdown, measured, not_measured, reason, show
from benchmarks.measuring.sound import spoken_questions
from benchmarks.measuring.starting import measure_starts
from benchmarks.measuring.understanding import measure_understanding
from benchmarks.measuring.voices import measure_saying, measure_voices, some_lines
from skill import assembly
from skill.errors import BackCareError
from skill.models.store import State
from skill.settings import Settings, load_settings
from skill.understanding.intents import IntentBook
from tests.virtual_sound import VirtualSoundCard, missing_programs, virtual_sound_card

ENDED_BY_USER = 130
TERMINAL_COLUMNS = 150  # for output that goes to a file


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loop", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--out", type=Path, metavar="FILE.md", help="write the tables as Markdown too")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends what it started, as Ctrl-C does
    try:
        if arguments.out is not None:
            arguments.out.touch()  # better known now than after all the measuring
        began = time.monotonic()
        tables = _measure_all()
        seconds = time.monotonic() - began
        if arguments.out is not None:
            arguments.out.write_text(_markdown(tables, seconds), encoding="utf-8")
    except BackCareError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"{error.filename} cannot be written ({error.strerror}): name a file in a folder you may write to.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return ENDED_BY_USER
    show(tables, arguments.json, seconds, TERMINAL_COLUMNS)
    return 0


def _measure_all() -> list[Table]:
    with tempfile.TemporaryDirectory(prefix="loop-") as name, ExitStack() as stack:
        folder = Path(name)
        _use_own_places(folder)
        settings = load_settings(None, os.environ).settings
        book = assembly.intent_book(settings)
        tables = [machine_table()]
        card, why = _sound_card(stack)
        if card is not None:
            os.environ.update(card.environment)  # before PortAudio first looks for devices
            tables += _part("Start-up time to listening", measure_starts(card, folder))
        else:
            tables.append(not_measured("Start-up time, idle cost, time to the answer", why))
        tables += _part("Memory by part", measure_memory(settings))
        tables += _part("Recognisers and answers", _spoken(settings, book, card, folder))
        tables += _part("Time to understand a sentence", measure_understanding(book, settings.storage.cache_folder))
        tables += _part("Time to render an answer", measure_voices(some_lines(book), folder / "voices"))
        if card is not None:
            tables += _part("pyttsx3 saying it by itself", measure_saying(card))
        return tables


def _use_own_places(folder: Path) -> None:
    """The cache begins empty, and no settings of the user change what is measured."""
    os.environ.pop("BACK_CARE_CACHE_FOLDER", None)
    os.environ |= {"XDG_CACHE_HOME": str(folder / "cache"), "XDG_CONFIG_HOME": str(folder / "config")}


def _sound_card(stack: ExitStack) -> tuple[VirtualSoundCard | None, str]:
    """The virtual sound card, or the reason why there is none."""
    if missing := missing_programs():
        return None, f"no virtual sound card without {', '.join(missing)}: install pulseaudio and pulseaudio-utils"
    try:
        return stack.enter_context(virtual_sound_card()), ""
    except (OSError, TimeoutError, subprocess.SubprocessError) as exc:
        return None, f"the virtual sound card did not start: {reason(exc)}"


def _spoken(settings: Settings, book: IntentBook, card: VirtualSoundCard | None, folder: Path) -> Iterator[Table]:
    """What needs spoken questions: each recogniser by itself, then each one of ours in the whole loop."""
    recordings = spoken_questions(QUESTIONS, folder)
    yield from measured("Recognisers against real time", measure_recognisers(settings.storage, recordings.values()))
    if card is None:
        return
    store = assembly.model_store(settings.storage)
    known = assembly.recogniser_models(settings.hearing.recogniser, store.manifest).values()
    models = [model for model in (*known, KOREAN) if store.status(model).state is State.WHOLE]
    if not models:
        yield not_measured("From her last word to the answer", f"none of {', '.join(known)} is installed whole")
    interpreter = assembly.interpreter(settings, book)
    for model in models:
        answers = measure_answers(settings, model, book, interpreter, recordings, card)
        yield from measured(f"From her last word to the answer, with {model}", answers)


def _part(title: str, tables: Iterable[Table]) -> list[Table]:
    print(f"Measuring: {title} …", file=sys.stderr, flush=True)
    return measured(title, tables)


def _markdown(tables: list[Table], seconds: float) -> str:
    return f"# The loop in figures\n\n`python -m benchmarks.loop` on {_today()}; it took {seconds:.0f} s.\n\n{as_markdown(tables)}"


def _today() -> str:
    return time.strftime("%Y-%m-%d")


if __name__ == "__main__":
    sys.exit(main())
