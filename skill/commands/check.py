"""run_assistant.py check: reads all intents and shows every mistake with file, line and key."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TypeVar

from skill import assembly
from skill.answering.countries import load_countries
from skill.errors import IntentError
from skill.settings import Settings
from skill.understanding.intents import load_intents
from skill.understanding.screen import load_screen

Read = TypeVar("Read")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Reads all intents and shows every mistake with file, line and key."


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """0 when all is well. Raises IntentError with every mistake."""
    folder = settings.storage.language_folder
    problems: list[str] = []
    book = _collected(problems, lambda: load_intents(folder))
    _collected(problems, lambda: load_countries(settings.storage.countries_file))
    if book is not None:
        problems += assembly.missing(book)
        _collected(problems, lambda: load_screen(folder / "shared" / "danger_screen.yaml", book.intents))
    if problems or book is None:
        raise IntentError(problems)
    unsigned = sum(not intent.reviewed for intent in book.intents.values())
    parts = sum(len(intent.parts) for intent in book.intents.values())
    print(
        f"{len(book.intents)} intents ({len(book.dangers)} danger signs), {parts} answers, {len(book.examples)} ways to say it: no mistake."
    )
    print(f"Not yet signed off by a clinician: {unsigned} of {len(book.intents)} intents.", file=sys.stderr)
    return 0


def _collected(problems: list[str], step: Callable[[], Read]) -> Read | None:
    try:
        return step()
    except IntentError as error:
        problems += error.problems
        return None
