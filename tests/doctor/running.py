"""Runs one command in a process of its own: PortAudio looks for devices once in a process, and each test wants other ones."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
PROGRAM = """
import argparse, os, sys
from pathlib import Path
from skill.commands import devices, doctor
from skill.settings import load_settings

name, words = sys.argv[1], sys.argv[2:]
parser = argparse.ArgumentParser()
parser.add_argument("--settings", type=Path)
(devices if name == "devices" else doctor).add_arguments(parser)
arguments = parser.parse_args(words)
if name == "devices":
    sys.exit(devices.run(load_settings(arguments.settings, os.environ).settings, arguments))
sys.exit(doctor.run(arguments.settings, os.environ, arguments))
"""


CACHE = tempfile.TemporaryDirectory(prefix="doctor-cache-")  # one for all: what is computed from the intents is computed once


def start(home: Path, environment: Mapping[str, str], *words: str) -> subprocess.Popen[str]:
    """The command `words` with no settings, no cache and no variables of ours but those given."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("BACK_CARE_")}
    own = {"XDG_CONFIG_HOME": str(home / "config"), "XDG_CACHE_HOME": CACHE.name, "COLUMNS": "200"}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words],
        cwd=PROJECT,
        env={**plain, **own, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(home: Path, environment: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """As `start`, to its end."""
    with start(home, environment, *words) as process:
        out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)
