"""The program without a command, typed: the same loop as the spoken one, in a real process without a sound card."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.program import ROOT, Program, program


@pytest.fixture
def typed(quick: Program, tmp_path: Path) -> Program:
    (tmp_path / "asound.conf").write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
    mute = {"ALSA_CONFIG_PATH": tmp_path / "asound.conf", "PULSE_SERVER": f"unix:{tmp_path}/nowhere", "BACK_CARE_VOICE": "espeak"}
    return program(tmp_path / "home", **{**quick.environment, **mute, "BACK_CARE_CACHE_FOLDER": tmp_path / "cache"})


def answers(out: bytes) -> list[str]:
    return [line.removeprefix("Back Care: ") for line in out.decode().splitlines() if line.startswith("Back Care: ")]


def test_a_conversation_is_remembered_and_the_disclaimer_said_once(typed: Program) -> None:
    questions = b"i'm bleeding\nyes\nsay that again\n?!\n\nwhich shoes\n"
    first, second = (typed.run("--typed", stdin=questions) for _ in range(2))
    assert first.returncode == second.returncode == 0
    disclaimer, bleeding, yes, again, not_understood = answers(first.stdout)
    assert disclaimer.startswith("I am not a doctor")
    assert bleeding.startswith("Go to a hospital")
    assert yes.startswith("This is an emergency. Call for an ambulance now.")
    assert again == yes
    assert "did not understand" in not_understood  # and the empty line ends it
    assert answers(second.stdout) == [bleeding, yes, again, not_understood]
    for done in (first, second):
        assert b"Traceback" not in done.stderr
        assert b"speaker" in done.stderr


def test_without_a_microphone_it_says_so_and_takes_typed_questions(typed: Program) -> None:
    done = typed.run(stdin=b"which shoes\n")
    assert done.returncode == 0
    assert b"You can type your questions instead." in done.stderr
    assert b"Traceback" not in done.stderr
    assert len(answers(done.stdout)) == 3  # the disclaimer, that it cannot hear, the answer


def test_sigterm_ends_it_at_once(typed: Program) -> None:
    with typed.start("--typed") as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(b"stop\nwhich shoes\n")
        process.stdin.flush()
        while b"Back Care: " not in (line := process.stdout.readline()) or b"not a doctor" in line:
            assert line
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 130
        assert b"Traceback" not in process.stderr.read()


LOADED = """
import contextlib, gc, io, sys
import run_assistant
with contextlib.redirect_stdout(io.StringIO()):
    run_assistant.main(sys.argv[1:])
print(gc.isenabled(), gc.get_freeze_count() > 10_000, "rich" in sys.modules, "hibari" in sys.modules)
"""


def loaded(program: Program, *words: str) -> str:
    """What a process says of itself when this command is done, in which it collects rubbish again."""
    path = f"{program.environment['PYTHONPATH']}:{ROOT}"
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words],
        env={**program.environment, "PYTHONPATH": path},
        input="",
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_start_loads_nothing_of_other_commands_and_then_collects_rubbish_again(typed: Program) -> None:
    assert loaded(typed, "--typed") == "True True False False"
    assert loaded(typed, "settings") == "True False True False"
