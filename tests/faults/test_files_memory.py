"""Little memory: what `memory: auto` takes for little, and that the smallest set hears a danger sign where everything does not fit."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from skill import assembly
from skill.errors import TooLittleMemory
from skill.little_memory import Memory, is_small, memory_at_start, memory_in
from skill.settings import Machine, Settings
from tests.commands.program import ROOT, program
from tests.knowledge import cache_folder, needs_encoder

__all__ = ["cache_folder"]

# The form is that of /proc/meminfo; the figures are chosen for computers of these sizes, not read from one.
SYSTEM_MB = 120  # left for a system without a desktop
LIMIT_MB = 155
ZERO_2_W = "MemTotal:         438636 kB\nMemFree:          152872 kB\nMemAvailable:     278244 kB\nHugepagesize:       2048 kB\n"
PI_3 = "MemTotal:         949444 kB\nMemFree:          480120 kB\nMemAvailable:     697532 kB\n"
BUSY_PI_3 = PI_3.replace("697532", "350000")
PI_5 = "MemTotal:        8256608 kB\nMemFree:         6480120 kB\nMemAvailable:    7324000 kB\n"


@pytest.mark.parametrize(("meminfo", "is_little"), [(ZERO_2_W, True), (PI_3, False), (BUSY_PI_3, True), (PI_5, False)])
def test_what_counts_as_little(meminfo: str, is_little: bool) -> None:
    memory = memory_in(meminfo)
    assert memory is not None
    assert memory.is_little is is_little


@pytest.mark.parametrize("meminfo", ["", "MemTotal: lots\n", "MemTotal: 949444 kB\n"])
def test_what_cannot_be_read_tells_nothing(meminfo: str) -> None:
    assert memory_in(meminfo) is None


def test_the_setting_wins_over_what_was_found() -> None:
    found = memory_at_start()
    assert isinstance(found, Memory)
    assert found.available <= found.total
    assert is_small("auto") is found.is_little
    assert is_small("small")
    assert not is_small("full")


def test_the_smallest_set_speaks_with_the_voice_that_needs_least() -> None:
    with_all, with_least = (assembly.voice(Settings(machine=Machine(memory=memory))) for memory in ("full", "small"))  # type: ignore[arg-type]
    assert with_least.name == "espeak"
    for voice in (with_all, with_least):
        voice.close()


@needs_encoder
def test_under_a_limit_that_everything_breaks_the_smallest_set_finds_danger(tmp_path: Path, cache_folder: Path) -> None:
    """The limit is the kernel's, on the memory that the process may have for itself. All real intents are learned, by a start before."""
    with program(tmp_path, BACK_CARE_CACHE_FOLDER=cache_folder, BACK_CARE_MEMORY="small").start("say", "Hello.") as process:
        process.communicate(timeout=120)

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (LIMIT_MB * 1_000_000,) * 2)

    ended = {}
    for memory in ("small", "full"):
        running = program(tmp_path, BACK_CARE_CACHE_FOLDER=cache_folder, BACK_CARE_MEMORY=memory, OPENBLAS_NUM_THREADS="1")
        with running.start("say", "I am bleeding.", preexec_fn=limited) as process:
            out, err = process.communicate(timeout=120)
        ended[memory] = (process.returncode, out.decode(), err.decode())
    assert ended["small"][0] == 0, ended
    assert ended["small"][1].startswith("Go to a hospital")
    code, out, err = ended["full"]
    assert (code, out) == (1, "")
    assert err.strip() == str(TooLittleMemory())


# What a process had at most counts what the one that started it had: between pytest, which grows large, and the program stands a small one.
MEASURED = """
import resource, subprocess, sys
ended = subprocess.run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(ended.returncode)
"""


def test_the_smallest_set_hears_danger_in_the_memory_of_a_small_computer(
    tmp_path: Path, whisper_model: Path, spoken: Callable[[str], Path]
) -> None:
    """Ear and all, on all the real intents: the most it ever had, against what the smallest Raspberry Pi has to give."""
    running = program(tmp_path, BACK_CARE_MEMORY="small", BACK_CARE_RECOGNISER="whisper")
    hear = [sys.executable, "-c", MEASURED, sys.executable, ROOT / "run_assistant.py", "hear", "--json", spoken("I am bleeding.")]
    ended = subprocess.run(hear, env=running.environment, capture_output=True, timeout=120)
    assert ended.returncode == 0, ended.stderr.decode()
    assert json.loads(ended.stdout)["labels"][0] == "danger.bleeding"
    most_kb = int(ended.stderr.split()[-1])
    zero = memory_in(ZERO_2_W)
    assert zero is not None
    assert most_kb * 1024 / 1_000_000 < zero.total - SYSTEM_MB
