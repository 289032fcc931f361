"""An hour at home: .venv/bin/python -m benchmarks.home [--minutes 60] [--seed 0] [--real-time] [--json]

Questions and dangers at known times in household noise, other people's talk and a television: through the path of recordings, and so
faster than real time, or with --real-time through the microphone and the speaker of a virtual sound card. It keeps everything it makes in a
temporary folder.
"""

from __future__ import annotations

import argparse
import functools
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.home.hearing import AGAIN, HeardHour, hear_hour, hear_in_real_time
from benchmarks.home.hour import Asked, make_hour, scene_seconds_of
from benchmarks.home.scoring import Score, Verdict, score
from benchmarks.measuring.machine import machine_table
from benchmarks.measuring.processes import in_own_process
from benchmarks.measuring.report import Cell, Column, Table, show
from benchmarks.understanding.voices import NOISES
from skill import assembly
from skill.errors import BackCareError
from skill.messages import Tier, Transcript, Understanding
from skill.settings import load_settings
from skill.stages import Interpreter
from tests.virtual_sound import missing_programs, virtual_sound_card

SOUNDS = NOISES.parent
ENDED_BY_USER = 130
LEAST_MINUTES = 1.0
QUESTIONS_BAR, FALSE_ANSWERS_BAR, GROWTH_BAR = 95.0, 1.0, 5.0


def main() -> int:
    arguments = _arguments()
    try:
        with tempfile.TemporaryDirectory(prefix="home-") as folder:
            tables = [machine_table(), *_measure(arguments, Path(folder))]
    except (BackCareError, RuntimeError, TimeoutError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return ENDED_BY_USER
    show(tables, arguments.json)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.home", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--minutes", type=_minutes, default=60.0, metavar="N", help="of sound (60)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another one gives another hour (0)")
    parser.add_argument(
        "--sounds", type=Path, default=SOUNDS, metavar="FOLDER", help="recordings in noise/ and people/; without them: made noise"
    )
    parser.add_argument("--real-time", action="store_true", help="on a virtual sound card, with its own voice (needs PulseAudio)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    return parser.parse_args()


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not LEAST_MINUTES <= minutes <= 600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of minutes from {LEAST_MINUTES:g} to 600")
    return minutes


def _measure(arguments: argparse.Namespace, folder: Path) -> Iterator[Table]:
    recording, minutes = folder / "home.wav", arguments.minutes
    print(f"Speaking {minutes:g} minutes at home …", file=sys.stderr, flush=True)
    asked = make_hour(recording, minutes, arguments.sounds, arguments.seed)
    print("Hearing them …", file=sys.stderr, flush=True)
    if arguments.real_time:
        heard = _in_real_time(recording, minutes)
    else:
        heard = in_own_process(hear_hour, recording, timeout_seconds=300 + minutes * 60)
    found = score(asked, heard.answers, scene_seconds_of(minutes), _interpret)
    yield bars_table(found, heard)
    yield misses_table(found.verdicts)
    yield false_table(found)
    yield scenes_table(asked, found, heard)


def _in_real_time(recording: Path, minutes: float) -> HeardHour:
    if missing := missing_programs():
        raise RuntimeError(f"No virtual sound card without {', '.join(missing)}: install pulseaudio and pulseaudio-utils.")
    with virtual_sound_card() as card:
        return in_own_process(hear_in_real_time, recording, card.environment, timeout_seconds=300 + minutes * 60)


def _interpret(transcript: Transcript) -> Understanding:
    return _interpreter().interpret(transcript)


@functools.cache
def _interpreter() -> Interpreter:
    """Takes some seconds to build, and is not wanted where nothing went wrong."""
    settings = load_settings(None, os.environ).settings
    return assembly.interpreter(settings, assembly.intent_book(settings))


def bars_table(found: Score, heard: HeardHour) -> Table:
    hours = heard.sound_seconds / 3600
    questions, dangers = found.questions, found.dangers
    false_answers = [one for one in found.false_answers if one.answer.tier is Tier.NONE]
    growth = 100 * (heard.megabytes_end / heard.megabytes_warm - 1)
    right = sum(not one.why for one in questions)
    told = sum(one.tier > Tier.NONE for one in dangers)
    serious = sum(not one.why for one in dangers)
    asked = 100 * right / len(questions) if questions else 100.0
    rows: tuple[tuple[Cell, ...], ...] = (
        (
            "questions answered rightly, %",
            asked,
            f"at least {QUESTIONS_BAR:g}",
            _met(asked >= QUESTIONS_BAR),
            f"{right} of {len(questions)}",
        ),
        ("dangers told", float(told), f"all {len(dangers)}", _met(told == len(dangers)), f"{serious} of them as serious as they are"),
        (
            "false answers an hour",
            len(false_answers) / hours,
            f"at most {FALSE_ANSWERS_BAR:g}",
            _met(round(len(false_answers) / hours, 1) <= FALSE_ANSWERS_BAR),
            f"{len(false_answers)} in {heard.sound_seconds / 60:.1f} minutes",
        ),
        ("false dangers an hour", len(found.false_dangers) / hours, "none", _met(not found.false_dangers), f"{len(found.false_dangers)}"),
        (
            "memory at the end against that after five minutes, %",
            growth,
            f"within {GROWTH_BAR:g}",
            _met(abs(growth) <= GROWTH_BAR),
            f"{heard.megabytes_warm:.0f} MB → {heard.megabytes_end:.0f} MB (RSS)",
        ),
        (
            "work for a second of sound, s of CPU",
            heard.cpu_seconds / heard.sound_seconds,
            "",
            "",
            f"{heard.work_seconds:.0f} s on the clock",
        ),
    )
    notes = (
        "Questions and dangers: held-out sentences in three synthetic voices, 26 dB below full scale. Others in the room are 10 dB quieter,"
        " a television 18 dB, household noise 20 dB. A television goes on while she speaks, people let her finish.",
        "While it speaks a line it is deaf: that sound is skipped. Between two lines it listens for a moment."
        " After an answer the conversation is open, and the talk goes on.",
    )
    return Table("At home", (Column("what"), Column("here"), Column("bar"), Column("met"), Column("counted")), rows, notes)


def misses_table(verdicts: tuple[Verdict, ...]) -> Table:
    columns = tuple(map(Column, ("at, s", "around", "voice", "said", "meant", "heard", "answered as", "to blame")))
    rows = tuple(
        (
            f"{one.asked.start_seconds:.0f}",
            one.asked.around,
            one.asked.voice,
            one.asked.utterance.text,
            f"{', '.join(one.asked.utterance.labels)} ({one.asked.utterance.tier.word})",
            one.heard or "(nothing)",
            f"{', '.join(one.labels) or 'silence'} ({one.tier.word})",
            one.why,
        )
        for one in verdicts
        if one.why
    )
    return Table("Questions and dangers that were not answered as they should be", columns, rows or (("none",),))


def false_table(found: Score) -> Table:
    columns = tuple(map(Column, ("at, s", "around", "level, dB", "heard", "taken for", "answered")))
    rows = tuple(
        (
            f"{one.answer.end_seconds:.0f}",
            one.around,
            "" if one.answer.level_db is None else f"{one.answer.level_db:.0f}",
            one.answer.heard,
            f"{', '.join(one.answer.labels) or 'nothing of ours'} ({one.answer.tier.word})",
            one.answer.reply[:80],
        )
        for one in found.false_answers
    )
    return Table("Answers that nobody had asked for", columns, rows or (("none",),))


def scenes_table(asked: list[Asked], found: Score, heard: HeardHour) -> Table:
    rows = []
    for around in dict.fromkeys(one.around for one in asked):
        here = [one for one in found.verdicts if one.asked.around == around]
        false = sum(one.around == around for one in found.false_answers)
        rows.append((around, float(len(here)), float(sum(not one.why for one in here)), float(false)))
    words = [one for one in heard.answers if one.heard != AGAIN]
    notes = (
        f"Heard as words: {len(words)} utterances, of which {sum(not one.reply for one in words)} were left alone. "
        f"Thrown away as no speech: {len(heard.nothing)}.",
    )
    columns = (Column("around"), Column("asked or told", 0), Column("right", 0), Column("false answers", 0))
    return Table("Scene by scene", columns, tuple(rows), notes)


def _met(is_met: bool) -> str:
    return "yes" if is_met else "NO"


if __name__ == "__main__":
    sys.exit(main())
