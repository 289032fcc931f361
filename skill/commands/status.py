"""run_assistant.py status: whether it runs and hears, how often it answered, and what failed last. Counts only, never words."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from skill.state import SIGN_OF_LIFE_SECONDS, State, load_state

# Three signs of life did not come: the loop hangs, or the disk is full.
HANGS_AFTER = timedelta(seconds=3 * SIGN_OF_LIFE_SECONDS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(file: Path, arguments: argparse.Namespace) -> int:
    """0 when it runs and hears, else 1. file: where the assistant notes what it is at."""
    state = load_state(file)
    now = datetime.now(UTC)
    if arguments.json:
        print(json.dumps(_as_json(state, file), ensure_ascii=False, indent=2))
    else:
        print("\n".join(_sentences(state, now)))
    return 0 if state is not None and state.is_hearing and not _hangs(state, now) else 1


def _as_json(state: State | None, file: Path) -> dict[str, object]:
    if state is None:
        return {"running": False, "hearing": False, "speaking": False, "file": str(file)}
    noted = state.model_dump(mode="json", exclude={"born_ticks", "ended"})
    now = {"running": state.is_running, "hearing": state.is_hearing, "speaking": state.is_running and state.speaking}
    return {**noted, **now, "file": str(file)}


def _sentences(state: State | None, now: datetime) -> Iterator[str]:
    if state is None:
        yield "It is not running. It has not listened yet, or what it noted was removed."
        return
    yield _at_what(state)
    if _hangs(state, now):
        yield f"It has given no sign of life since {_time(state.alive_at)}: it hangs, or the disk is full. Start it again."
    if state.is_running:
        yield from (f"Wrong now, {part}: {what}" for part, what in state.why.items())
        if state.smallest_set:
            yield "It runs on its smallest set, to spare memory: it understands by words alone, which misses more."
        if state.waiting:
            yield f"Edited, and in force from the next start on: {', '.join(state.waiting)}."
    counts = f"{_times(state.starts, 'start')}, {_times(state.answers, 'answer')}, {state.danger_replies} of them for a danger sign"
    yield f"Since {_time(state.counted_since)}: {counts}."
    if state.repaired:
        yield (
            "Worked again after a failure: " + ", ".join(f"{part} {_times(count, 'time')}" for part, count in state.repaired.items()) + "."
        )
    if state.last_failure:
        yield f"Last failure: {_time(state.last_failure.at)}, {state.last_failure.part}: {state.last_failure.what}"
    else:
        yield "Nothing has failed."


def _at_what(state: State) -> str:
    if not state.is_running:
        return f"It is not running. It started last on {_time(state.started_at)} and was alive until about {_time(state.alive_at)}."
    here = f"It is running since {_time(state.started_at)} (process {state.process})"
    if state.speaking:
        return f"{here} and speaks now."
    if state.hearing_since is None or not state.is_hearing:
        return f"{here} and does NOT hear. `run_assistant.py doctor` says what to do."
    deaf = " It cannot speak: `run_assistant.py doctor` says what to do." if "speaking" in state.broken else ""
    return f"{here} and hears since {_time(state.hearing_since)}.{deaf}"


def _hangs(state: State, now: datetime) -> bool:
    return state.is_running and now - state.alive_at > HANGS_AFTER


def _time(when: datetime) -> str:
    return when.astimezone().strftime("%Y-%m-%d %H:%M")


def _times(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
