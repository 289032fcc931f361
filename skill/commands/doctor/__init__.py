"""run_assistant.py doctor: walks all parts on the path and says in plain words what works, what does not, and what to do.

It makes its own way from the settings' files on, so that wrong settings are one of its findings and not its end.
No part's failure stops the walk.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from skill.commands.doctor import hearing, other_parts
from skill.commands.doctor.finding import Finding, State
from skill.errors import BackCareError, SettingsError
from skill.messages import Speech
from skill.settings import Settings, load_settings
from skill.stages import Recogniser


def add_arguments(parser: argparse.ArgumentParser) -> None:
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--json", action="store_true", help="print one JSON list")
    way.add_argument("--hear", action="store_true", help="find a good place: it asks you to speak from here and from the door")


def run(settings_file: Path | None, environment: Mapping[str, str], arguments: argparse.Namespace) -> int:
    """0 when all that is needed works, else 1. settings_file: of --settings; None where the user's own is meant."""
    if arguments.hear:
        from skill.commands import placing

        return placing.run(load_settings(settings_file, environment).settings)
    findings = []
    for finding in examine(settings_file, environment):
        findings.append(finding)
        if not arguments.json:
            _print(finding)
    broken = list(dict.fromkeys(finding.part for finding in findings if finding.state is State.BROKEN))
    if arguments.json:
        print(json.dumps([asdict(finding) | {"state": finding.state.value} for finding in findings], ensure_ascii=False, indent=2))
    else:
        print(f"\nThis does not work yet: {', '.join(broken)}." if broken else "\nAll that is needed works.")
    return 1 if broken else 0


def examine(settings_file: Path | None, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Each finding as it is made. Takes some seconds: it listens, loads the models and speaks a sentence."""
    settings = Settings()
    try:
        loaded = load_settings(settings_file, environment)
        settings = loaded.settings
        yield from other_parts.settings_in_force(loaded)
    except SettingsError as error:
        do = "Correct each of these. All that follows was looked at with the defaults."
        yield Finding("settings", State.BROKEN, str(error), do)
    do = "`run_assistant.py devices` lists what there is. Until one works, questions can be typed."
    yield from _guarded("microphone", do, lambda: hearing.microphone(settings.hearing))
    listening: list[Recogniser] = []
    do = "Fetch what is missing: script/run models fetch --needed"
    yield from _guarded("recogniser", do, lambda: hearing.recogniser_that_listens(settings.hearing, settings.storage, listening))
    do = "`run_assistant.py check` lists every mistake with its line."
    yield from _guarded("intents", do, lambda: other_parts.intents(settings.storage))
    yield from _guarded("understanding", do, lambda: other_parts.understanding(settings))
    spoken: list[Speech] = []
    yield from _guarded(
        "voice", "Run script/setup: it installs what the voices need.", lambda: other_parts.voice_that_speaks(settings.speaking, spoken)
    )
    do = "`run_assistant.py devices` lists what there is. Until one works, answers can only be read."
    yield from _guarded("speaker", do, lambda: other_parts.speaker_that_sounds(settings.speaking, spoken))
    yield from hearing.stopping(settings, listening)
    do = "The numbers are BCM numbers; `pinout` shows them. While Back Care runs it keeps its pins for itself."
    yield from _guarded("panel", do, lambda: other_parts.panel(settings.panel))
    yield from other_parts.disk(settings.storage)


def _guarded(part: str, do: str, step: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from step()
    except BackCareError as error:
        yield Finding(part, State.BROKEN, str(error), do)


def _print(finding: Finding) -> None:
    # Text and not str: rich would read square brackets in a device's name as markup.
    row = Table.grid(padding=(0, 2))
    row.add_column(width=len(State.WARNING.value))
    row.add_column(width=len("understanding"))
    row.add_column(overflow="fold")
    row.add_row(finding.state.value, finding.part, Text(finding.says))
    if finding.do:
        row.add_row("", "", Text(f"To do: {finding.do}"))
    Console().print(row)
