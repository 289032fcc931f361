"""How well it understands, against the bars: .venv/bin/python -m benchmarks.understanding [--json] [--speech] [--peers] [--chatter]

Judged through the assistant's own interpreter and, for a sample, through its `understand` command. Two sets: utterances that nobody
learned from (where their folder is there), and our own held-out ones in benchmarks/held_out, which no intent may copy.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import platformdirs

from benchmarks.measuring.machine import machine_table
from benchmarks.measuring.report import Table, measured, not_measured, show
from benchmarks.understanding.chatter import measure_chatter
from benchmarks.understanding.command import measure_command
from benchmarks.understanding.costs import measure_costs
from benchmarks.understanding.heard import Ear
from benchmarks.understanding.peers import Judge, measure_peers
from benchmarks.understanding.scoring import Judged, judgement_of
from benchmarks.understanding.speech import measure_speech
from benchmarks.understanding.tables import bars_table, confusions_table
from benchmarks.understanding.utterances import DEVELOPMENT, HELD_OUT, UtteranceSet, read_set, stratified
from benchmarks.understanding.voices import NOISES
from skill import assembly
from skill.errors import BackCareError
from skill.messages import Transcript
from skill.settings import APPLICATION, load_settings
from skill.stages import Interpreter
from skill.understanding import open_interpreter
from skill.understanding.intents import IntentBook
from skill.understanding.wording import normalise

ENDED_BY_USER = 130


def main() -> int:
    arguments = _arguments()
    try:
        began = time.monotonic()
        tables = list(_measure(arguments))
        seconds = time.monotonic() - began
    except BackCareError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return ENDED_BY_USER
    show(tables, arguments.json, seconds)
    return 0


def _arguments() -> argparse.Namespace:
    summary = __doc__.splitlines()[0].partition(":")[0] if __doc__ else None
    parser = argparse.ArgumentParser(prog="python -m benchmarks.understanding", description=summary)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--speech", action="store_true", help="also spoken by five voices, in noise, and heard by the embedded recogniser")
    parser.add_argument("--sample", type=_count, default=100, metavar="N", help="utterances to speak (%(default)s), 25 recordings each")
    parser.add_argument("--peers", action="store_true", help="also hassil, rapidfuzz, padacioso and TF-IDF from the same examples")
    parser.add_argument("--chatter", action="store_true", help="also thousands of requests to other assistants")
    parser.add_argument("--confusions", type=_count, default=60, metavar="N", help="show so many of each set (%(default)s), worst first")
    parser.add_argument("--utterances", type=Path, default=DEVELOPMENT, metavar="FOLDER", help="the other set (%(default)s)")
    parser.add_argument("--noise", type=Path, default=NOISES, metavar="FOLDER", help="noise to mix in (%(default)s)")
    return parser.parse_args()


def _count(given: str) -> int:
    if not given.isdecimal():
        raise argparse.ArgumentTypeError(f"write a whole number, not {given!r}")
    return int(given)


def _measure(arguments: argparse.Namespace) -> Iterator[Table]:
    settings = load_settings(None, os.environ).settings
    book = assembly.intent_book(settings)
    interpreter = assembly.interpreter(settings, book)
    sets = (read_set("development utterances", arguments.utterances), read_set("held-out utterances", HELD_OUT))
    yield machine_table()
    everything: list[Judged] = []
    for one in sets:
        judged = _judged(interpreter, one)
        everything += judged
        yield from _set_tables(one, judged, arguments.confusions)
    yield from _part("Through the command", measure_command(everything))
    texts = [utterance.text for utterance, _ in everything]
    yield from _part("Time and memory", measure_costs(texts, settings.storage.cache_folder))
    if arguments.chatter:
        own = {normalise(example.text) for example in book.examples if example.labels != ("none",)}
        yield from _part("Open-domain chatter", measure_chatter(interpreter, own))
    if arguments.peers:
        yield from _part("Peers", _peers(book, interpreter, sets))
    if arguments.speech:
        sample = stratified((utterance for utterance, _ in everything), arguments.sample)
        ear = Ear(settings.storage, platformdirs.user_cache_path(APPLICATION) / "benchmarks")
        yield from _part("Recognised speech", measure_speech(interpreter, ear, sample, arguments.noise, arguments.confusions))


def _judged(interpreter: Interpreter, one: UtteranceSet) -> list[Judged]:
    return [(utterance, judgement_of(interpreter.interpret(Transcript(utterance.text, "typed")))) for utterance in one.utterances]


def _set_tables(one: UtteranceSet, judged: list[Judged], most_confusions: int) -> Iterator[Table]:
    if one.why_absent:
        yield not_measured(f"The {one.name}", one.why_absent)
        return
    notes = () if assembly.ENCODER.is_dir() else (f"On words alone: there is no sentence encoder in {assembly.ENCODER}.",)
    yield bars_table(f"The {one.name}", judged, notes)
    yield confusions_table(f"The {one.name}: what went wrong, worst first", judged, most_confusions)


def _peers(book: IntentBook, interpreter: Interpreter, sets: Iterable[UtteranceSet]) -> Iterator[Table]:
    ours = {
        "Back Care": _judge(interpreter),
        "Back Care on words alone": _judge(open_interpreter(book, assembly.ENCODER / "none", None)),
    }
    yield from measure_peers(book, ours, {one.name: one.utterances for one in sets if one.utterances})


def _judge(interpreter: Interpreter) -> Judge:
    return lambda text: judgement_of(interpreter.interpret(Transcript(text, "typed")))


def _part(title: str, tables: Iterable[Table]) -> list[Table]:
    print(f"Measuring: {title} …", file=sys.stderr, flush=True)
    return measured(title, tables)


if __name__ == "__main__":
    sys.exit(main())
