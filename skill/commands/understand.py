"""run_assistant.py understand [FILE|-]: JSON Lines in, JSON Lines out, in the same order; each line judged alone."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from skill import assembly
from skill.answering.conversation import Conversation
from skill.errors import InputError
from skill.messages import TYPED, Transcript
from skill.settings import Settings

LONGEST_LINE_BYTES = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", default="-", metavar="FILE", help="JSON Lines with `text`, or plain lines; - is standard input")


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """0 when every line was judged. Raises InputError naming file and line of the first that cannot be read; those before it are out."""
    with _opened(arguments.file) as source:
        book = assembly.intent_book(settings)
        interpreter, responder = assembly.interpreter(settings, book), assembly.responder(settings, book)
        for text in _texts(source, "standard input" if arguments.file == "-" else arguments.file):
            understanding = interpreter.interpret(Transcript(text, TYPED))
            reply, _ = responder.respond(understanding, Conversation(weeks=settings.answering.weeks))
            row = {"text": text, "labels": list(understanding.labels), "tier": understanding.tier.word, "reply": reply.text}
            print(json.dumps(row), flush=True)
    return 0


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        if sys.stdin is None:
            raise InputError("standard input is closed; give a file of JSON Lines or plain lines.")
        yield sys.stdin.buffer
        return
    try:
        source = Path(name).open("rb")  # noqa: SIM115  (closed below; only the opening is to be renamed here)
    except OSError as exc:
        raise InputError(
            f"{name} cannot be read ({exc.strerror}); give a file of JSON Lines or plain lines, or - for standard input."
        ) from exc
    with source:
        yield source


def _texts(source: BinaryIO, name: str) -> Iterator[str]:
    """The text of each line that is not blank."""
    number = 0
    while line := _next_line(source, name, number + 1):
        number += 1
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError as exc:
            raise InputError(f"{name}, line {number}: this is not UTF-8 text; save the list with UTF-8 encoding.") from exc
        if text:
            yield _text_of(text, name, number)


def _next_line(source: BinaryIO, name: str, number: int) -> bytes:
    try:
        line = source.readline(LONGEST_LINE_BYTES + 1)
    except OSError as exc:
        raise InputError(f"{name}, line {number}: cannot be read ({exc.strerror}); give a file of JSON Lines or plain lines.") from exc
    if len(line) > LONGEST_LINE_BYTES:
        raise InputError(
            f"{name}, line {number}: the line is longer than {LONGEST_LINE_BYTES:,} bytes; put each utterance on a line of its own."
        )
    return line


def _text_of(line: str, name: str, number: int) -> str:
    if not line.startswith("{"):
        return line
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as exc:  # ValueError: no JSON, or a number with thousands of digits
        raise InputError(f"{name}, line {number}: this begins like JSON and is not ({exc}); mend the line.") from exc
    if not isinstance(row.get("text"), str):
        raise InputError(f'{name}, line {number}: the key "text" is missing or is not text; add it, like {{"text": "my back hurts"}}.')
    return str(row["text"])
