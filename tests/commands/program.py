"""The real program in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Python reads this before anything else: whoever opens a connection to another machine fails loudly, and the mark shows that we watched.
NO_NETWORK = """
import os, sys
def watch(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.sendto") or (
        event == "socket.connect" and not isinstance(arguments[1], (str, bytes))
    ):
        os.write(2, b"NETWORK " + event.encode() + b"\\n")
        os._exit(99)
sys.addaudithook(watch)
open(os.path.join(os.path.dirname(__file__), "watched"), "w").close()
"""


@dataclass(frozen=True)
class Program:
    """Runs run_assistant.py with settings, cache and variables of its own."""

    environment: Mapping[str, str]

    def start(self, *words: str | Path, **more: object) -> subprocess.Popen[bytes]:
        arguments = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
        return subprocess.Popen([sys.executable, ROOT / "run_assistant.py", *words], env=self.environment, **arguments)  # type: ignore[call-overload,no-any-return]

    def run(self, *words: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        with self.start(*words) as process:
            out, err = process.communicate(stdin, timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def program(home: Path, **variables: str | Path) -> Program:
    """A program whose settings and cache are in `home`, and which ends with 99 when it opens a connection."""
    watcher = home / "watcher"
    watcher.mkdir(parents=True, exist_ok=True)
    (watcher / "sitecustomize.py").write_text(NO_NETWORK)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("BACK_CARE_")}
    own = {"XDG_CONFIG_HOME": home / "config", "XDG_STATE_HOME": home / "state", "BACK_CARE_CACHE_FOLDER": home / "cache"}
    own |= {"PYTHONPATH": watcher, **variables}
    return Program({**plain, **{name: str(value) for name, value in own.items()}})


def one_sentence(done: subprocess.CompletedProcess[bytes]) -> str:
    """What was said of a failure; fails where it is a traceback or more than a line."""
    said = done.stderr.decode()
    assert "Traceback" not in said, said
    lines = [line for line in said.splitlines() if line.strip()]
    assert len(lines) == 1, said
    return lines[0]
