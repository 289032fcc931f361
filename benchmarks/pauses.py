"""Pauses: who searches for a word is not cut off, and who spoke a short command is answered soon.

    .venv/bin/python -m benchmarks.pauses [--json]

Sentences are spoken in two halves with a pause between them, by three synthetic voices, and go through the path of recordings. Then single
words and short sentences are spoken, and the silence is measured that it takes until their words are known.
"""

from __future__ import annotations

import argparse
import functools
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.measuring.machine import machine_table
from benchmarks.measuring.report import Column, Table, show
from benchmarks.understanding.voices import Render, Samples, bare, in_room, open_voices, write_wav
from skill import assembly
from skill.errors import BackCareError
from skill.hearing.listener import Listener
from skill.hearing.resampling import RECOGNISER_RATE_HZ
from skill.messages import Transcript
from skill.settings import load_settings
from skill.stages import Recogniser

ENDED_BY_USER = 130
VOICES = ("hibari", "flite slt, US female", "espeak-ng, US")
LOUD = 0.01
PAUSES_SECONDS = (0.4, 0.7, 1.0, 1.2, 1.5)

# Where people stop to look for a word, and where a sentence is over.
SEARCHING = (
    ("i cannot sleep because of my", "hurting back"),
    ("can i take a", "hot bath tonight"),
    ("my waters have", "broken i think"),
    ("i feel very", "dizzy and sick"),
    ("there is some blood in my", "knickers this morning"),
    ("how do i lift the", "shopping without pain"),
    ("my back hurts when i", "walk up the stairs"),
    ("should i sleep on the", "left side or the right side"),
)
FINISHED = (
    ("my back hurts", "what can i do"),
    ("i fell down the stairs", "i'm thirty weeks"),
    ("good morning", "which shoes are best"),
    ("it hurts at night", "how should i sleep"),
)
COMMANDS = ("stop", "louder", "slower", "say that again", "thank you")
SHORT = ("yes", "no", "help", "i'm bleeding", "my back hurts")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pauses", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    arguments = parser.parse_args()
    try:
        recogniser = assembly.recogniser(load_settings(None, os.environ).settings)
        with tempfile.TemporaryDirectory(prefix="pauses-") as folder:
            tables = [machine_table(), *_measure(recogniser, Path(folder) / "said.wav")]
    except BackCareError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return ENDED_BY_USER
    show(tables, arguments.json)
    return 0


def _measure(recogniser: Recogniser, path: Path) -> Iterator[Table]:
    rows = []
    for name, sentences in (("searching for a word", SEARCHING), ("a sentence is over", FINISHED)):
        for pause in PAUSES_SECONDS:
            heard = [_in_two_halves(recogniser, first, pause, then, path) for first, then in sentences]
            whole = [one for of_sentence in heard for one in of_sentence]
            rows.append((name, pause, 100 * sum(one == 1 for one in whole) / len(whole), float(len(whole))))
    columns = (Column("where she pauses"), Column("for, s", 1), Column("heard as one utterance, %"), Column("recordings", 0))
    yield Table(f"Not cut off ({recogniser.name})", columns, tuple(rows), (f"{len(VOICES)} voices; a quiet room.",))
    answered = []
    for kind, words in _short():
        waits = _waits(recogniser, words, path)
        answered.append((kind, words, median(waits) if waits else None, max(waits, default=None), float(len(waits))))
    columns = (
        Column("kind"),
        Column("said"),
        Column("silence until it is known, s", 2),
        Column("longest, s", 2),
        Column("voices heard", 0),
    )
    notes = ("From the last loud sound to the block of sound with which the words come; the time to compute them is not in it.",)
    yield Table(f"Answered soon ({recogniser.name})", columns, tuple(answered), notes)


def _short() -> Iterator[tuple[str, str]]:
    yield from (("command", words) for words in COMMANDS)
    yield from (("more may follow", words) for words in SHORT)


def _in_two_halves(recogniser: Recogniser, first: str, pause_seconds: float, then: str, path: Path) -> list[int]:
    """How many utterances were heard, voice by voice."""
    pause = np.zeros(round(pause_seconds * RECOGNISER_RATE_HZ), np.float32)
    counts = []
    for voice in VOICES:
        said = np.concatenate([_spoken(first, voice), pause, _spoken(then, voice)])
        counts.append(len(_heard(recogniser, said, path)))
    return counts


def _waits(recogniser: Recogniser, words: str, path: Path) -> list[float]:
    """Seconds of silence until something was heard, of each voice of which something was."""
    waits = []
    for voice in VOICES:
        said = _spoken(words, voice)
        loud = np.flatnonzero(np.abs(in_room(said)) > LOUD)
        waits += [at - float(loud[-1]) / RECOGNISER_RATE_HZ for at in _heard(recogniser, said, path)[:1]]
    return waits


@functools.cache
def _spoken(words: str, voice: str) -> Samples:
    return bare(_voices()[voice](words))


@functools.cache
def _voices() -> Mapping[str, Render]:
    return open_voices()


def _heard(recogniser: Recogniser, said: Samples, path: Path) -> list[float]:
    """When each utterance was known, in seconds of the recording."""
    write_wav(path, np.concatenate([in_room(said), np.zeros(RECOGNISER_RATE_HZ, np.float32)]))
    times, taken = [], 0.0
    with closing(assembly.recording(path)) as microphone:
        listener = Listener(microphone, recogniser)
        for block in microphone.blocks():
            taken += block.seconds
            times += [taken for one in listener.take(block) if isinstance(one, Transcript)]
    recogniser.reset()
    return times


if __name__ == "__main__":
    sys.exit(main())
