"""The running program, typed to: what it says and what it tells come line by line."""

from __future__ import annotations

import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.commands.program import Program

PATIENCE_SECONDS = 120.0  # for a machine that is busy with other things


class Talk:
    """Waiting for a line cannot hang; what came is kept in `came`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.came: list[str] = []
        self._lines: queue.Queue[str] = queue.Queue()
        for stream in filter(None, (process.stdout, process.stderr)):
            threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream: object) -> None:
        for line in stream:  # type: ignore[attr-defined]
            self._lines.put(line.decode())

    def wait_for(self, words: str) -> str:
        """The next line with these words."""
        until = time.monotonic() + PATIENCE_SECONDS
        while (left := until - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=left)
            except queue.Empty:
                break
            self.came.append(line)
            if words in line:
                return line
        raise AssertionError(f"{words!r} did not come; what came: {self.came}")

    def pass_over(self) -> None:
        """What came until now is not waited for any more."""
        while not self._lines.empty():
            self.came.append(self._lines.get())

    def ask(self, words: str) -> str:
        """The answer to a typed question."""
        assert self.process.stdin
        self.process.stdin.write(f"{words}\n".encode())
        self.process.stdin.flush()
        return self.wait_for("Back Care: ").removeprefix("Back Care: ").strip()


def until(happens: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happens():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


@contextmanager
def talk(program: Program, *words: str | Path, stderr: int | IO[bytes] = subprocess.PIPE) -> Iterator[Talk]:
    """Until it takes questions; without --typed it looks for a microphone first. stderr: where its log goes, if not to `came`."""
    with program.start(*words, stderr=stderr) as process:
        try:
            talking = Talk(process)
            if stderr == subprocess.PIPE:
                talking.wait_for("Type a question")
            yield talking
        finally:
            process.kill()
    assert not any("Traceback" in line for line in talking.came), talking.came


def mute(folder: Path) -> dict[str, str | Path]:
    """Variables with which a program finds neither microphone nor speaker."""
    (folder / "asound.conf").write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
    return {"ALSA_CONFIG_PATH": folder / "asound.conf", "PULSE_SERVER": f"unix:{folder}/nowhere", "BACK_CARE_VOICE": "espeak"}
