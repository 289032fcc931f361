"""The program itself, started as a user starts it: how long until it listens, what it takes, what it costs while nobody speaks."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO

from benchmarks.measuring.processes import Memory, cpu_seconds_of, memory_of
from benchmarks.measuring.report import Cell, Column, Table
from benchmarks.measuring.sound import Tap, room_noise
from skill.settings import PROJECT
from tests.virtual_sound import VirtualSoundCard

LISTENS = re.compile(r"(\w+) listens\.")
START_SECONDS = 120.0
IDLE_SECONDS = 15.0
# The speaker's stream lingers for two seconds after the tone; the room's quiet begins behind that.
SETTLE_SECONDS = 3.0
# Between the words "I am listening" and the tone lies about a third of a second.
QUIET_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from the start of the process; None: did not happen. recogniser: which one said that it listens."""

    recogniser: str
    first_sound: float | None
    listens: float
    ear_open: float | None
    memory: Memory


@dataclass(frozen=True, slots=True)
class Idle:
    """CPU seconds for each second of listening."""

    silence: float
    room_noise: float


def measure_starts(card: VirtualSoundCard, folder: Path) -> Iterator[Table]:
    """The first start ever on an empty cache, then the everyday one, and what that costs while nobody speaks."""
    with _running(card) as (process, began, tap):
        first = _start(process, began, tap)
    with _running(card) as (process, began, tap):
        everyday = _start(process, began, tap)
        yield _starts_table(first, everyday)
        time.sleep(SETTLE_SECONDS)
        idle = _idle(process.pid, card, folder / "room.wav")
        memory = memory_of(process.pid)
    yield _idle_table(everyday, memory, idle)


@contextmanager
def _running(card: VirtualSoundCard) -> Iterator[tuple[subprocess.Popen[str], float, Tap]]:
    """The assistant's process, when it began, and an ear on its speaker."""
    with Tap("speaker", card.environment) as tap:
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, str(PROJECT / "run_assistant.py")],
            cwd=PROJECT,
            env=card.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process, began, tap
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _start(process: subprocess.Popen[str], began: float, tap: Tap) -> Start:
    assert process.stderr is not None
    listens_at, recogniser = _wait_for_listening(process.stderr)
    heard = tap.wait_for_loud(listens_at, timeout_seconds=20.0)
    open_at = tap.wait_for_quiet(QUIET_SECONDS, timeout_seconds=20.0) if heard is not None else None
    first_sound = tap.first_loud(began)
    return Start(
        recogniser,
        first_sound - began if first_sound is not None else None,
        listens_at - began,
        open_at - began if open_at is not None else None,
        memory_of(process.pid),
    )


def _wait_for_listening(stderr: IO[str]) -> tuple[float, str]:
    """When it said that it listens, and with what; RuntimeError with what it said instead."""
    lines: SimpleQueue[tuple[float, str] | None] = SimpleQueue()
    threading.Thread(target=_read_lines, args=(stderr, lines), daemon=True).start()
    deadline = time.monotonic() + START_SECONDS
    said: list[str] = []
    while True:
        try:
            line = lines.get(timeout=max(deadline - time.monotonic(), 0.0))
        except Empty:
            raise TimeoutError(f"it does not listen within {START_SECONDS:g} seconds; it said: {' '.join(said)}") from None
        if line is None:
            raise RuntimeError(f"it ended without listening; it said: {' '.join(said)}")
        at, text = line
        said.append(text)
        if found := LISTENS.search(text):
            return at, found[1]


def _read_lines(stderr: IO[str], lines: SimpleQueue[tuple[float, str] | None]) -> None:
    for line in stderr:
        lines.put((time.monotonic(), line.strip()))
    lines.put(None)


def _idle(pid: int, card: VirtualSoundCard, noise: Path) -> Idle:
    room_noise(noise, IDLE_SECONDS + 1.0)
    silence = _cost(pid)
    with subprocess.Popen(["paplay", "--device=room", str(noise)], env=card.environment) as player:
        time.sleep(0.5)
        noisy = _cost(pid)
        player.terminate()
    return Idle(silence, noisy)


def _cost(pid: int) -> float:
    began, before = time.monotonic(), cpu_seconds_of(pid)
    time.sleep(IDLE_SECONDS)
    return (cpu_seconds_of(pid) - before) / (time.monotonic() - began)


def _starts_table(first: Start, everyday: Start) -> Table:
    columns = ("start", "recogniser", "first sound, s", "listens, s", "ear open, s", "RSS, MB", "PSS, MB")
    rows = (_row("the first ever, nothing cached", first), _row("every day", everyday))
    notes = (
        'From the start of the process to: the first sound from the speaker; the line "… listens."; the end of the tone after '
        '"I am listening", when she can speak.',
        "The first start speaks the disclaimer before it listens, and makes what set-up otherwise makes ahead. "
        "Files that the system still had in memory were not read from the disk.",
    )
    return Table("Start-up time to listening", tuple(Column(name, _digits(name)) for name in columns), rows, notes)


def _row(name: str, start: Start) -> tuple[Cell, ...]:
    return name, start.recogniser, start.first_sound, start.listens, start.ear_open, start.memory.rss, start.memory.pss


def _idle_table(start: Start, memory: Memory, idle: Idle) -> Table:
    columns = (Column("room"), Column("CPU seconds a second", 3), Column("RSS, MB", 0), Column("PSS, MB", 0))
    rows = (("silent", idle.silence, memory.rss, memory.pss), ("quiet noise, 50 dB below full scale", idle.room_noise))
    notes = (
        f"The everyday process ({start.recogniser}) while nobody speaks, {IDLE_SECONDS:g} s each; 1 is one whole core. "
        "PSS counts what several processes share in parts; the processes that it started are counted in.",
    )
    return Table("Idle: cost and memory while nobody speaks", columns, rows, notes)


def _digits(column: str) -> int:
    return 0 if column.endswith("MB") else 2
