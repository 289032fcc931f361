"""run_assistant.py read [LABEL…]: everything it can say, read aloud, written as recordings, or printed as a document to review."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import closing
from html import escape
from pathlib import Path

from rich.console import Console
from rich.progress import track

from skill import assembly
from skill.commands.review_table import SHARED, review_table
from skill.errors import InputError
from skill.messages import Line
from skill.settings import Settings
from skill.understanding.wording import number_words

INDEX = "index.html"
PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Everything it can say</title>
<style>td, th {{ text-align: left; vertical-align: top; padding: 0.3em 1em 0.3em 0 }}</style>
<h1>Everything it can say</h1>
<table>
<tr><th>line</th><th>hear it</th><th>words</th><th>source</th></tr>
{rows}
</table>
</html>
"""
ROW = """<tr>
<td>{key}</td>
<td><audio controls preload="none" src="{file}"></audio><br>{file}</td>
<td>{words}</td>
<td>{source}</td>
</tr>"""
Spoken = tuple[Line, str]  # a line, and where its words come from


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Reads aloud everything that the assistant can say with your settings, so that a reviewer can listen to the whole. "
        f"Besides the intents there are these labels: {', '.join(SHARED)}."
    )
    parser.add_argument("labels", metavar="LABEL", nargs="*", help="only these, like danger.fever; without any: all")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--to", type=Path, metavar="FOLDER", help=f"write a WAV for each line, and {INDEX} to hear them from")
    instead.add_argument("--table", action="store_true", help="print a Markdown document with tiers, sources and review state")


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """0 when all was read. Raises InputError for labels that are not there."""
    book = assembly.intent_book(settings)
    phrases = assembly.phrases(settings, book)
    labels = _known(arguments.labels, [*book.intents, *SHARED])
    if arguments.table:
        print(review_table(book, assembly.script(book), phrases, labels))
        return 0
    spoken = [(line, part.source) for part, line in phrases.spoken() if line.key.partition(" ")[0] in labels]
    if arguments.to is None:
        _aloud(settings, [line for line, _ in spoken])
    else:
        _write(settings, spoken, arguments.to)
    return 0


def _known(wanted: Sequence[str], known: Collection[str]) -> Collection[str]:
    """The labels asked for; all where none is."""
    for label in wanted:
        if label not in known:
            holding = [name for name in known if label.lower() in name]
            near = list(dict.fromkeys([*holding, *difflib.get_close_matches(label, known, cutoff=0.6)]))[:3]
            hint = f"Did you mean {' or '.join(near)}?" if near else "`read --table` shows them all."
            raise InputError(f"There is no label {label!r}. {hint}")
    return wanted or known


def _aloud(settings: Settings, lines: Sequence[Line]) -> None:
    with closing(assembly.voice(settings)) as voice, closing(assembly.speaker(settings)) as speaker:
        for line in lines:
            print(f"{line.key}: {line.text}", flush=True)
            speaker.play(voice.render(Line(_name_to_say(line.key))))
            speaker.play(voice.render(line))


def _name_to_say(key: str) -> str:
    """ "danger.baby_moves_less more 1" → "danger, baby moves less, more one."."""
    label, _, part = key.partition(" ")
    words = [number_words(int(word)) if word.isdigit() else word for word in part.replace(".", ", ").replace("_", " ").split()]
    return f"{label.replace('.', ', ').replace('_', ' ')}, {' '.join(words)}."


def _write(settings: Settings, spoken: Sequence[Spoken], folder: Path) -> None:
    index = folder / INDEX
    try:
        folder.mkdir(parents=True, exist_ok=True)
        index.touch()
    except OSError as exc:
        raise InputError(f"Nothing can be written to the folder {folder} ({exc.strerror}). Name a folder you may write to.") from exc
    files = _file_names([line.key for line, _ in spoken])
    with closing(assembly.voice(settings)) as voice:
        for file, (line, _) in track(list(zip(files, spoken, strict=True)), "Writing recordings", console=Console(stderr=True)):
            assembly.wav_speaker(folder / file).play(voice.render(line))
    rows = [
        ROW.format(key=escape(line.key), file=escape(file), words=escape(line.text), source=escape(source))
        for file, (line, source) in zip(files, spoken, strict=True)
    ]
    try:
        index.write_text(PAGE.format(rows="\n".join(rows)), encoding="utf-8")
    except OSError as exc:
        raise InputError(f"The list {index} cannot be written ({exc.strerror}). Make room on the disk.") from exc
    print(f"{len(files)} lines are in {folder}. Open {index} to hear them.", file=sys.stderr)


def _file_names(keys: Sequence[str]) -> list[str]:
    """One name a line; a key that stands for several lines gets numbers."""
    total, so_far = Counter(keys), Counter[str]()
    names = []
    for key in keys:
        so_far[key] += 1
        number = f"-{so_far[key]}" if total[key] > 1 else ""
        names.append(f"{key.replace(' ', '-')}{number}.wav")
    return names
