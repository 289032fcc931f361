"""The running assistant on the virtual sound card, as systemd and `status` see it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.commands.program import Program, program
from tests.knowledge import short_intents
from tests.virtual_sound import VirtualSoundCard

PATIENCE_SECONDS = 400.0  # a loaded machine may need minutes to begin
WATCHDOG_SECONDS = 3.0


def until(happens: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happens():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(PATIENCE_SECONDS)
        yield listening


@pytest.fixture(scope="module")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Few examples, which are read fast, and the cache of what was learned from them."""
    cache = tmp_path_factory.mktemp("cache")
    (cache / "welcomed").touch()
    return {"BACK_CARE_INTENTS_FOLDER": short_intents(tmp_path_factory.mktemp("intents")).parent, "BACK_CARE_CACHE_FOLDER": cache}


@pytest.fixture
def watched(tmp_path: Path, knowledge: dict[str, Path], sound_card: VirtualSoundCard, whisper_model: Path) -> Program:
    as_service = {"NOTIFY_SOCKET": tmp_path / "notify", "WATCHDOG_USEC": str(round(WATCHDOG_SECONDS * 1e6)), "INVOCATION_ID": "1"}
    return program(tmp_path / "home", **as_service, **knowledge, BACK_CARE_RECOGNISER="whisper", BACK_CARE_VOICE="espeak")


def status(watched: Program) -> dict[str, object]:
    done = watched.run("status", "--json")
    found: dict[str, object] = json.loads(done.stdout)
    assert done.returncode == (0 if found["hearing"] else 1), done.stderr
    return found


def signs(systemd: socket.socket) -> list[bytes]:
    """All that was told up to now."""
    systemd.setblocking(False)
    told = []
    try:
        while True:
            told.append(systemd.recv(100))
    except BlockingIOError:
        systemd.settimeout(PATIENCE_SECONDS)
        return told


@pytest.mark.slow
@pytest.mark.timeout(1_500)
def test_it_tells_systemd_and_status_what_it_is_at(
    watched: Program, systemd: socket.socket, sound_card: VirtualSoundCard, spoken: Callable[[str], Path], tmp_path: Path
) -> None:
    assert status(watched) == {
        "running": False,
        "hearing": False,
        "speaking": False,
        "file": str(tmp_path / "home/state/back-care/state.json"),
    }
    with (tmp_path / "log").open("wb") as log, watched.start(stdin=subprocess.DEVNULL, stdout=log, stderr=log) as assistant:
        try:
            before_ready = [sign for sign in iter(lambda: systemd.recv(100), b"READY=1")]
            assert set(before_ready) <= {b"WATCHDOG=1"}  # it has said that it is ready, aloud, before the ear opens
            until(lambda: status(watched)["hearing"], "it does not hear")
            assert status(watched)["process"] == assistant.pid
            assert systemd.recv(100) == b"WATCHDOG=1"

            sound_card.play_into_microphone(spoken("I am bleeding a little."))
            until(lambda: status(watched)["answers"], "no answer was counted")
            until(lambda: not status(watched)["speaking"], "it speaks without end")
            found = status(watched)
            assert (found["answers"], found["danger_replies"], found["starts"], found["last_failure"]) == (1, 1, 1, None)

            os.kill(assistant.pid, signal.SIGSTOP)  # it hangs
            signs(systemd)
            time.sleep(WATCHDOG_SECONDS + 1)
            assert signs(systemd) == []
            os.kill(assistant.pid, signal.SIGCONT)
            assert systemd.recv(100) == b"WATCHDOG=1"
        finally:
            assistant.send_signal(signal.SIGCONT)
            assistant.terminate()
        assert assistant.wait(20) == 130
    said = watched.run("status")
    assert said.returncode == 1
    assert "It is not running. It started last on" in said.stdout.decode()
    assert "1 start, 1 answer, 1 of them for a danger sign" in said.stdout.decode()


def test_a_microphone_that_is_not_there_stands_in_the_status(watched: Program, tmp_path: Path) -> None:
    (tmp_path / "asound.conf").write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
    mute = {"ALSA_CONFIG_PATH": tmp_path / "asound.conf", "PULSE_SERVER": f"unix:{tmp_path}/nowhere"}
    deaf = program(tmp_path / "home", **{**watched.environment, **mute})
    with (tmp_path / "log").open("wb") as log, deaf.start(stdin=subprocess.DEVNULL, stdout=log, stderr=log) as assistant:
        try:
            until(lambda: {"hearing", "speaking"} == set(status(watched).get("broken", ())), "nothing was noted")  # type: ignore[call-overload]
            found = status(watched)
            assert found["running"]  # it waits for them
            assert not found["hearing"]
        finally:
            assistant.terminate()
    said = (tmp_path / "log").read_text()
    assert "There is no microphone: plug one in" in said
    assert "Traceback" not in said


def test_typed_conversations_are_not_counted(watched: Program, tmp_path: Path) -> None:
    assert watched.run("--typed", stdin=b"which shoes\n").returncode == 0
    assert not (tmp_path / "home" / "state").exists()
