"""A clock that jumps: a Raspberry Pi has no battery, so its clock stands still without power, and jumps when it hears the time."""

from __future__ import annotations

import ast
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.commands.program import program
from tests.faults.talking import mute, talk
from tests.knowledge import short_intents

SKILL = Path(__file__).resolve().parents[2] / "skill"
# The system's clock, plus as many seconds as a file says. Only the clock of the wall: what counts steadily is the kernel's own.
SHIM = r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>
int clock_gettime(clockid_t id, struct timespec *at) {
    int failed = syscall(SYS_clock_gettime, id, at);
    if (!failed && id == CLOCK_REALTIME) {
        FILE *file = fopen(getenv("CLOCK_JUMP"), "r");
        long seconds = 0;
        if (file) { if (fscanf(file, "%ld", &seconds) != 1) seconds = 0; fclose(file); }
        at->tv_sec += seconds;
    }
    return failed;
}
"""
DAY = 86_400
# Where the time of day may be asked for: to be shown to people, never to decide.
MAY_ASK = {"state.py", "status.py"}
ASKS = {"time", "now", "utcnow", "today", "localtime", "gmtime", "ctime", "time_ns"}


def test_a_conversation_goes_on_while_the_clock_jumps_both_ways(tmp_path: Path) -> None:
    compiler = shutil.which("cc") or pytest.skip("there is no C compiler here to build the clock that jumps")
    source, library, jump = tmp_path / "jump.c", tmp_path / "jump.so", tmp_path / "jump"
    source.write_text(SHIM)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    jump.write_text("0")
    intents = short_intents(tmp_path / "intents")
    home = tmp_path / "home"
    (home / "cache").mkdir(parents=True)
    (home / "cache" / "welcomed").touch()
    variables = {**mute(tmp_path), "BACK_CARE_INTENTS_FOLDER": intents.parent, "LD_PRELOAD": library, "CLOCK_JUMP": jump}
    settings = home / "config" / "back-care" / "settings.yaml"
    settings.parent.mkdir(parents=True)
    with talk(program(home, **variables), "--typed") as talking:
        for days in (4_000, -4_000):
            assert talking.ask("i'm bleeding").startswith("Go to a hospital")
            jump.write_text(str(days * DAY))
            assert talking.ask("yes").startswith("This is an emergency"), days  # its question is still open
            settings.write_text(f'helper_name: "Grace {days}"\n'.replace("-", "minus "))
            talking.wait_for("in force from now on: helper_name")
    seen = subprocess.run(
        ["python3", "-c", "import time; print(int(time.time()))"],
        env={"LD_PRELOAD": str(library), "CLOCK_JUMP": str(jump), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=True,
        text=True,
    )
    assert int(seen.stdout) < 1_700_000_000  # Python does see the jump


def test_nothing_that_decides_asks_for_the_time_of_day() -> None:
    asked = {
        f"{path.relative_to(SKILL)}, line {node.lineno}"
        for path in SKILL.rglob("*.py")
        if path.name not in MAY_ASK
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in ASKS
        and isinstance(node.value, ast.Name)
        and node.value.id in ("time", "datetime", "date")
    }
    assert asked == set()
