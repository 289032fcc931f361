"""run_assistant.py check: reads all intents and shows every mistake with file, line and key."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Iterator
from typing import TypeVar

from skill import assembly
from skill.answering.countries import Country, load_countries
from skill.answering.phrases import Phrases, Surroundings
from skill.answering.script import Script, load_script, unnamed
from skill.answering.word_check import WordCheck
from skill.answering.words import load_words
from skill.errors import IntentError
from skill.messages import Line
from skill.settings import Settings
from skill.speaking.syllables import syllable_counter
from skill.understanding.intent_mistakes import PLACEHOLDER
from skill.understanding.intents import IntentBook, Part, read_intents
from skill.understanding.other_machines import load_other_machines
from skill.understanding.screen import load_screen

Read = TypeVar("Read")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Reads all intents and shows every mistake in them and in the words they say, with file, line and key."


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """0 when all is well. Raises IntentError with every mistake."""
    folder = settings.storage.language_folder
    book, problems = read_intents(folder)
    countries = _collected(problems, lambda: load_countries(settings.storage.countries_file))
    labels = {path.stem: path for path in folder.glob("*.yaml")}  # those too whose file is broken
    script = _collected(problems, lambda: load_script(folder, labels))
    _collected(problems, lambda: load_screen(folder / "shared" / "danger_screen.yaml", labels))
    _collected(problems, lambda: load_other_machines(folder / "shared" / "other_machines.yaml"))
    words = _collected(problems, lambda: load_words(folder))
    problems += unnamed(book, script) if script is not None else []
    if not problems:
        problems += assembly.missing(book)
    if words is not None:
        if script is None or countries is None or problems:
            spoken = _without_placeholders(book, script)
        else:
            spoken = _as_heard(book, script, countries.values())
        problems += WordCheck(words, syllable_counter()).problems(spoken)
    if problems:
        raise IntentError(problems)
    assert script is not None  # else there were problems
    _tell(book, script)
    return 0


def _as_heard(book: IntentBook, script: Script, countries: Collection[Country]) -> Iterator[tuple[Part, Line]]:
    """Everything that can be said: with a country's number (the longest there is), a hospital and a helper, and without."""
    longest = max((country.number for country in countries), key=len)
    for around in (Surroundings(), Surroundings(longest, "Saint Mary", "Mary", "0123456789", "hello back care")):
        yield from Phrases(book, script, around).spoken()


def _without_placeholders(book: IntentBook, script: Script | None) -> Iterator[tuple[Part, Line]]:
    """Where a file is broken, what a placeholder stands for may be what is missing: only what needs none."""
    parts = [*book.lines.values(), *(script.parts if script else ()), *(part for intent in book.intents.values() for part in intent.parts)]
    return ((part, Line(part.say)) for part in parts if not PLACEHOLDER.search(part.say))


def _tell(book: IntentBook, script: Script) -> None:
    parts = sum(len(intent.parts) for intent in book.intents.values())
    signed = sum(bool(intent.reviewed) for intent in book.intents.values())
    print(
        f"{len(book.intents)} intents ({len(book.dangers)} danger signs), {parts} answers, {len(book.examples)} ways to say it: no mistake."
    )
    print(f"Signed off by a clinician: {signed} of {len(book.intents)} intents, {shared_signed(book, script)} of 3 files of shared lines.")


def shared_signed(book: IntentBook, script: Script) -> int:
    """How many of lines.yaml, conversation.yaml and symptom_check.yaml a clinician has signed."""
    return sum(map(bool, (book.lines_reviewed, script.lines_reviewed, script.check_reviewed)))


def _collected(problems: list[str], step: Callable[[], Read]) -> Read | None:
    try:
        return step()
    except IntentError as error:
        problems += error.problems
        return None
