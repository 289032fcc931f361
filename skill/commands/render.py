"""run_assistant.py render: renders every fixed answer into the cache, so that at run time nothing has to be."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from skill import assembly
from skill.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Renders every fixed answer once; what has changed is rendered anew, what is no longer used is dropped."


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """0 when all answers are rendered, 1 when the cache cannot keep them (they are then rendered when they are needed)."""
    book = assembly.intent_book(settings)
    lines = assembly.phrases(settings, book).all_lines()
    with Console(stderr=True).status("Learning from the examples …"):
        assembly.interpreter(settings, book)  # fits what understanding needs, and keeps it
    columns = (TextColumn("Rendering answers"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with closing(assembly.voice(settings)) as voice, Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("", total=len(lines))
        prepared = voice.prepare(lines, lambda done, total: progress.update(bar, completed=done, total=total))
    print(
        f"Answers in the {voice.name} voice: {prepared.rendered} rendered, {prepared.kept} kept, {prepared.dropped} dropped.",
        file=sys.stderr,
    )
    if voice.warning:
        print(voice.warning, file=sys.stderr)
        return 1
    return 0
