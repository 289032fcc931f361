"""What a process costs, read from /proc, and work done in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

_Result = TypeVar("_Result")
_MEGA = 1_000_000
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Memory:
    """In megabytes of 10**6 bytes. rss: all that is mapped in. pss: the same, with what several processes share divided among them."""

    rss: float
    pss: float


def memory_of(pid: int) -> Memory:
    """Of the process and of those that it started."""
    sizes = [_sizes(Path(f"/proc/{each}/smaps_rollup")) for each in _family(pid)]
    return Memory(sum(size["Rss"] for size in sizes) / _MEGA, sum(size["Pss"] for size in sizes) / _MEGA)


def own_peak_megabytes() -> float:
    """The most this process ever had in memory. Not from getrusage, which begins with what the parent process had."""
    return _sizes(Path("/proc/self/status"))["VmHWM"] / _MEGA


def cpu_seconds_of(pid: int) -> float:
    """Of the process and of those that it started, since they began."""
    return sum(_cpu_seconds(each) for each in _family(pid))


def in_own_process(work: Callable[..., _Result], *arguments: object, timeout_seconds: float) -> _Result:
    """What `work` gives, done in a fresh process: nothing is warm, and what hangs or crashes there harms nobody here.

    Raises RuntimeError with the reason where it fails, TimeoutError where it takes too long.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(sender, work, arguments))
    process.start()
    sender.close()
    try:
        if not receiver.poll(timeout_seconds):
            raise TimeoutError(f"no result within {timeout_seconds:g} seconds")
        result, failure = receiver.recv()
    except EOFError:
        process.join()
        raise RuntimeError(f"its process ended with code {process.exitcode}") from None
    finally:
        process.kill()
        process.join()
    if failure:
        raise RuntimeError(failure)
    return result  # type: ignore[no-any-return]


def _work(sender: Connection, work: Callable[..., Any], arguments: tuple[object, ...]) -> None:
    os.dup2(2, 1)  # libraries that print must not spoil our own output
    try:
        sender.send((work(*arguments), ""))
    except Exception as exc:  # whatever it was, the parent process has to learn why
        sender.send((None, " ".join(str(exc).split()) or type(exc).__name__))


def _family(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from _family(int(child))


def _sizes(path: Path) -> dict[str, float]:
    """Name → bytes, of lines like "Rss:  1780 kB"."""
    rows = (line.split() for line in path.read_text().splitlines())
    return {row[0].rstrip(":"): float(row[1]) * 1024 for row in rows if len(row) == 3 and row[2] == "kB"}


def _cpu_seconds(pid: int) -> float:
    # The name of the program, in brackets, may hold spaces. User and system time are fields 14 and 15.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND
