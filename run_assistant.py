#!/usr/bin/env python3
"""Back Care, an offline voice companion for back pain in pregnancy. The one way in: arguments → settings → stages → run."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from skill import __version__, assembly
from skill.commands import start
from skill.errors import BackCareError, TooLittleMemory
from skill.memory import use_one_heap
from skill.settings import load_settings, state_file

ENDED_BY_USER = 130
SUMMARIES = {
    "understand": "judge utterances: JSON Lines in, JSON Lines out",
    "hear": "hear recordings through the path of the microphone",
    "say": "answer one typed question",
    "check": "look for mistakes in the intents and in the words they say",
    "read": "read aloud, record or list everything it can say",
    "render": "render all fixed answers ahead",
    "devices": "list microphones and speakers",
    "models": "list, fetch or verify the models",
    "settings": "show the settings in force and where they came from",
    "doctor": "say what works, what does not, and what to do",
    "status": "say whether it runs and hears, how often it answered, and what failed last",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. Every failure is one sentence on standard error."""
    argv = sys.argv[1:] if argv is None else argv
    arguments = _parser(argv).parse_args(argv)
    use_one_heap()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    if isinstance(sys.stdout, io.TextIOWrapper):  # what cannot be written in UTF-8 is written as \udc80, in JSON too
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        return _run(arguments)
    except BackCareError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except MemoryError:
        print(TooLittleMemory(), file=sys.stderr)
        return TooLittleMemory.exit_code
    except BrokenPipeError:  # who read our output has gone: nothing is left to say, also not at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(arguments: argparse.Namespace) -> int:
    name = arguments.command
    if name is None:
        return start.run(load_settings(arguments.settings, os.environ).settings, arguments)
    command = _module(name)
    if name == "doctor":  # wrong settings are one of its findings
        return int(command.run(arguments.settings, os.environ, arguments))
    if name == "status":  # it tells of the assistant that runs, whatever the settings have become
        return int(command.run(state_file(), arguments))
    loaded = load_settings(arguments.settings, os.environ)
    if name == "settings":
        return int(command.run(loaded, arguments))
    if name == "models":
        return int(command.run(arguments, assembly.model_store(loaded.settings.storage)))
    return int(command.run(loaded.settings, arguments))


def _module(command: str) -> Any:
    return importlib.import_module("skill.models.commands" if command == "models" else f"skill.commands.{command}")


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """Knows the names of all commands, and the arguments of those that stand in argv: a start loads nothing of the others."""
    parser = argparse.ArgumentParser(prog="run_assistant.py", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--version", action="version", version=f"Back Care {__version__}")
    parser.add_argument("--settings", type=Path, metavar="FILE", help="use this settings file instead of the user's own")
    start.add_arguments(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands (without one it listens and answers)")
    for name, summary in SUMMARIES.items():
        command = commands.add_parser(name, help=summary)
        if name in argv:
            _module(name).add_arguments(command)
    return parser


def _end(number: int, frame: FrameType | None) -> None:
    """Ctrl-C and SIGTERM end at once, in the middle of a sentence too.

    Not by an exception: raised while a native library is being loaded it crashed the process (8 of 86 interruptions, all in soxr's import),
    and once it was swallowed. The system releases devices, files and locks; the voice's worker ends when its pipe closes.
    """
    with contextlib.suppress(OSError, RuntimeError, ValueError):  # stdout may be closed, or in the middle of a write
        sys.stdout.flush()
    os._exit(ENDED_BY_USER)


if __name__ == "__main__":
    sys.exit(main())
