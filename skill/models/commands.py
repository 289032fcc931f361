"""run_assistant.py models [list | fetch [NAME…] [--needed] [--archive FILE] | verify [NAME]]."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from skill.errors import InputError, ModelError
from skill.models.progress import Note, Report, Step
from skill.models.store import ModelStore, State, Status

PLAIN_STEP_PERCENT = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that `run` understands."""
    actions = parser.add_subparsers(dest="models_action", metavar="ACTION")
    actions.add_parser("list", help="show every model, whether it is installed, and its licence (the default)")
    fetch = actions.add_parser("fetch", help="fetch models; those that are whole stay untouched")
    fetch.add_argument("names", nargs="*", metavar="NAME", help="models to fetch")
    fetch.add_argument("--needed", action="store_true", help="also fetch what the assistant needs: the best that can be had")
    fetch.add_argument("--archive", type=Path, metavar="FILE", help="take the one model from this downloaded archive")
    verify = actions.add_parser("verify", help="read every byte of the installed models (or of one) and compare")
    verify.add_argument("name", nargs="?", metavar="NAME")


def run(arguments: argparse.Namespace, store: ModelStore) -> int:
    """Do what was asked; the exit code. Results on standard output, progress on standard error. Raises ModelError, InputError."""
    if arguments.models_action == "fetch":
        return _fetch(store, arguments.names, arguments.needed, arguments.archive)
    if arguments.models_action == "verify":
        return _verify(store, arguments.name)
    return _list(store)


def fetch_needed(store: ModelStore, report: Report) -> tuple[str, ...]:
    """For each part of the program, make the first needed model whole that can be had; their names.

    One that is already whole is enough, even where a better one might be fetched: then no network is asked.
    Raises ModelError when a part is left with none.
    """
    chosen = []
    needed = [status for status in store.statuses() if status.model.needed]
    for part in dict.fromkeys(status.model.serves for status in needed):
        candidates = [status for status in needed if status.model.serves == part]
        chosen.append(_first_to_be_had(store, candidates, report))
    _write_stamp(store, chosen)
    return tuple(chosen)


def _first_to_be_had(store: ModelStore, candidates: list[Status], report: Report) -> str:
    for status in candidates:
        if status.state is State.WHOLE:
            return status.name
    failures = []
    for status, following in zip(candidates, [*candidates[1:], None], strict=True):
        try:
            store.fetch(status.name, report)
        except ModelError as exc:
            failures.append(str(exc))
            if following:
                report(Note(status.name, f"{exc}\n{following.name} takes its place for now."))
        else:
            return status.name
    raise ModelError("\n".join(failures))


def _write_stamp(store: ModelStore, names: list[str]) -> None:
    # script/setup reads it: while it is newer than the manifest and the folders it names are there, nothing needs to be done.
    (store.folder / ".needed").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def _fetch(store: ModelStore, names: list[str], needed: bool, archive: Path | None) -> int:
    if not names and not needed:
        raise InputError("Which model? `models list` shows them; `models fetch --needed` fetches what the assistant needs.")
    if archive is not None and (len(names) != 1 or needed):
        raise InputError("--archive goes with the name of one model.")
    for name in names:
        store.model(name)
    with _reporting() as report:
        ready = list(fetch_needed(store, report)) if needed else []
        for name in names:
            store.fetch(name, report, archive)
            ready.append(name)
    for name in dict.fromkeys(ready):
        print(f"{name} is ready: {store.model(name).purpose}")
    return 0


def _verify(store: ModelStore, name: str | None) -> int:
    names = [name] if name else [status.name for status in store.statuses() if status.state is not State.MISSING]
    if not names:
        raise ModelError("No model is installed. Fetch what the assistant needs with: script/run models fetch --needed")
    worst = 0
    for each in names:
        try:
            store.verify(each)
        except ModelError as exc:
            print(exc)
            worst = exc.exit_code
        else:
            print(f"{each}: every file is as it should be.")
    return worst


def _list(store: ModelStore) -> int:
    from rich.console import Console  # imported late: `--help` stays fast
    from rich.table import Table

    table = Table(title=f"Models in {store.folder}", title_justify="left")
    table.add_column("model", no_wrap=True)
    for heading in ("state", "size", "licence", "for"):
        table.add_column(heading)
    for status in store.statuses():
        state = f"{status.state.value}: {status.why}" if status.why else status.state.value
        table.add_row(status.name, state, f"{status.model.bytes / 1e6:.0f} MB", status.model.licence, status.model.purpose)
    Console().print(table)
    return 0


@contextmanager
def _reporting() -> Iterator[Report]:
    """Progress bars where someone watches a terminal, else plain lines, on standard error."""
    if not sys.stderr.isatty():
        yield _plain_report()
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks = {}

        def report(event: Step | Note) -> None:
            if isinstance(event, Note):
                bars.console.print(event.text, markup=False, highlight=False)
                return
            what = f"{event.model}: {event.doing}"
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=event.total_bytes)
            bars.update(tasks[what], completed=event.done_bytes)

        yield report


def _plain_report() -> Callable[[Step | Note], None]:
    said: dict[str, int] = {}

    def report(event: Step | Note) -> None:
        if isinstance(event, Note):
            print(event.text, file=sys.stderr, flush=True)
            return
        what = f"{event.model}: {event.doing}"
        percent = event.done_bytes * 100 // max(event.total_bytes, 1) // PLAIN_STEP_PERCENT * PLAIN_STEP_PERCENT
        if percent > said.get(what, -1):
            said[what] = percent
            print(f"{what} {percent} % of {event.total_bytes / 1e6:.0f} MB", file=sys.stderr, flush=True)

    return report
