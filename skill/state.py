"""What `run_assistant.py status` tells: one small JSON file of counts and times. No word of anyone is in it.

A thread writes it: a slow, full or dying disk must not hold up an answer, let alone end the assistant. What cannot be written is
left out, and tried again at the next change.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

# An SD card wears out by writing: an answer costs two writes, and a quiet day 288.
LEAST_SECONDS = 3.0
SIGN_OF_LIFE_SECONDS = 300.0
LAST_WRITE_SECONDS = 2.0
LONGEST_WHAT = 300
HEARING, RECOGNISER, SPEAKING, ASSISTANT = "hearing", "recogniser", "speaking", "assistant"
FILES, UNDERSTANDING, STORE = "edited files", "understanding", "rendered answers"


class Failure(BaseModel):
    """part: what failed. what: a sentence of ours about devices and files."""

    model_config = ConfigDict(frozen=True)
    part: str
    what: str
    at: datetime


class State(BaseModel):
    """What the file holds. Times are UTC; counts are kept over restarts, from counted_since on.

    born_ticks: when the process began, in the kernel's ticks since boot, for its number alone may belong to another process by now.
    hearing_since: None while nothing can be heard. broken: the parts that do not work now, and
    why: part → a sentence of ours. waiting: the settings that were edited and are in force from the next start on.
    smallest_set: it does without what needs much memory. repaired: part → how often it worked again.
    """

    model_config = ConfigDict(frozen=True)
    process: int
    born_ticks: int
    started_at: datetime
    alive_at: datetime
    counted_since: datetime
    starts: int = 1
    hearing_since: datetime | None = None
    speaking: bool = False
    ended: bool = False
    answers: int = 0
    danger_replies: int = 0
    broken: tuple[str, ...] = ()
    why: dict[str, str] = {}
    waiting: tuple[str, ...] = ()
    smallest_set: bool = False
    repaired: dict[str, int] = {}
    last_failure: Failure | None = None

    @property
    def is_running(self) -> bool:
        return not self.ended and born_ticks(self.process) == self.born_ticks

    @property
    def is_hearing(self) -> bool:
        """The ear is open. While it speaks it is deaf by design, which does not count here."""
        return self.is_running and self.hearing_since is not None and RECOGNISER not in self.broken


class StateFile:
    """Keeps the file up to date. The counts of the file that is there are carried on; a damaged one is begun anew.

    least_seconds: the least time between two writes. clock: seconds since 1970, for people to read; it may jump. steady: seconds that
    never jump, by which is decided. tell: gets a sentence when the file cannot be read or written, once while that lasts.
    """

    def __init__(
        self,
        path: Path,
        least_seconds: float = LEAST_SECONDS,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        tell: Callable[[str], None] = lambda what: None,
    ) -> None:
        self._path = path
        self._least_seconds = least_seconds
        self._clock = clock
        self._steady = steady
        self._tell = tell
        before = load_state(path)
        if before is None and os.path.lexists(path):
            tell(f"What was counted in {path} is damaged or cannot be read: the counts begin anew.")
        self._state = _begun(before, self._now())
        self._written = self._state
        self._written_at = steady()
        self._closing = threading.Event()
        self._changed = threading.Condition()
        self._writer = threading.Thread(target=self._write_changes, name="state file", daemon=True)
        self._writer.start()
        self._set(alive_at=self._now())

    def listening(self) -> None:
        """Sound arrives. Called for every piece of it: costs nothing while nothing changes."""
        state = self._state
        if state.hearing_since is None or HEARING in state.broken:
            self.recovered(HEARING)
            self._set(hearing_since=self._now(), speaking=False)
        elif state.speaking:
            self._set(speaking=False)

    def speaking(self) -> None:
        if not self._state.speaking and SPEAKING not in self._state.broken:  # then it is only tried
            self._set(speaking=True)

    def answered(self, is_danger: bool) -> None:
        state = self._state
        self._set(answers=state.answers + 1, danger_replies=state.danger_replies + is_danger)

    def failed(self, part: str, what: str) -> None:
        """what: why, in a sentence of ours; nothing that anyone said."""
        with self._changed:  # another thread may tell of another part
            state = self._state
            self._set(
                last_failure=Failure(part=part, what=_plain(what), at=self._now()),
                broken=tuple(sorted({*state.broken, part})),
                why={**state.why, part: _plain(what)},
                hearing_since=None if part == HEARING else state.hearing_since,
                speaking=state.speaking and part != SPEAKING,
            )

    def recovered(self, part: str) -> None:
        """part: works. Counts only where it had failed."""
        if part not in self._state.broken:
            return
        with self._changed:
            state = self._state
            repaired = {**state.repaired, part: state.repaired.get(part, 0) + 1}
            why = {each: what for each, what in state.why.items() if each != part}
            self._set(repaired=repaired, broken=tuple(each for each in state.broken if each != part), why=why)

    def runs_on_smallest_set(self) -> None:
        self._set(smallest_set=True)

    def waits_for_start(self, keys: Sequence[str]) -> None:
        """keys: the settings that take effect at the next start only."""
        if tuple(keys) != self._state.waiting:
            self._set(waiting=tuple(keys))

    def alive(self) -> None:
        """The loop turns. Written down every few minutes, so that an answer's time cannot be read from the file's for long."""
        if self._steady() - self._written_at >= SIGN_OF_LIFE_SECONDS:
            self._written_at = self._steady()
            self._set()

    def ended(self) -> None:
        """Write the last state, within LAST_WRITE_SECONDS or not at all. Safe to call twice."""
        self._set(ended=True, speaking=False, hearing_since=None)
        self._closing.set()
        with self._changed:
            self._changed.notify()
        self._writer.join(LAST_WRITE_SECONDS)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(int(self._clock()), UTC)

    def _set(self, **changes: object) -> None:
        with self._changed:
            self._state = self._state.model_copy(update={"alive_at": self._now(), **changes})
            self._changed.notify()

    def _write_changes(self) -> None:
        fails = False
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._state is not self._written or self._closing.is_set())
                if self._state is self._written:
                    return
                state = self._written = self._state
                self._written_at = self._steady()
            try:
                _write(self._path, state.model_dump_json())
                fails = False
            except OSError as exc:
                if not fails:
                    reason = f"It cannot be noted in {self._path} how it is ({exc.strerror}), so `status` tells what is old."
                    self._tell(f"{reason} Make room on the disk, or make the folder writable.")
                fails = True
            self._closing.wait(self._least_seconds)


def load_state(path: Path) -> State | None:
    """What the file says; None where there is none that can be read."""
    if not path.is_file():  # a pipe in its place would never end
        return None
    try:
        return State.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def born_ticks(process: int) -> int | None:
    """When a process began, in ticks since boot; None where there is no such process. proc_pid_stat(5), field 22."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
        fields = stat.rpartition(")")[2].split()  # from the third on; the second, a name, may hold anything
        return None if fields[0] in "ZX" else int(fields[19])
    except (OSError, IndexError, ValueError):
        return None


def _plain(what: str) -> str:
    """Short, and such that JSON can hold it: a device's name may not be UTF-8."""
    return what[:LONGEST_WHAT].encode("utf-8", "replace").decode("utf-8")


def _begun(before: State | None, now: datetime) -> State:
    """The state of this process at its start, with the counts of the one before."""
    process = os.getpid()
    fresh = State(process=process, born_ticks=born_ticks(process) or 0, started_at=now, alive_at=now, counted_since=now)
    if before is None:
        return fresh
    counts = before.model_dump(include={"counted_since", "answers", "danger_replies", "repaired"})
    return fresh.model_copy(update={**counts, "starts": before.starts + 1, "last_failure": before.last_failure})


def _write(path: Path, content: str) -> None:
    """Whole or not at all. Not flushed to the disk: after a power cut the counts may be a little older."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.write_text(content, encoding="utf-8")
    unfinished.replace(path)
