"""What systemd and the state file are told, over a real socket and a real file."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from skill.errors import HearingError, SpeakingError
from skill.messages import AudioBlock, Line, Reply, Speech, Tier
from skill.service import Vitals, Watchdog
from skill.state import State, StateFile, load_state
from skill.watched import WatchedMicrophone, WatchedSpeaker
from tests.fakes import FakeMicrophone, FakeSpeaker

ROOT = Path(__file__).resolve().parents[2]
BLOCK = AudioBlock(bytes(960), 16_000)
SPEECH = Speech(bytes(960), 16_000)
ALWAYS = "1"  # microseconds: every sign of life is due


class Systemd:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address.replace("@", "\0", 1))
        self._socket.setblocking(False)
        self.environment: Mapping[str, str] = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": ALWAYS}

    def told(self) -> list[bytes]:
        said = []
        while True:
            try:
                said.append(self._socket.recv(1_000))
            except BlockingIOError:
                return said

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["file", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Systemd]:
    listening = Systemd(str(tmp_path / "notify") if request.param == "file" else f"@back-care-test-{os.getpid()}")
    yield listening
    listening.close()


def test_it_is_ready_with_the_first_sound_and_alive_with_each(systemd: Systemd) -> None:
    vitals = Vitals(None, Watchdog(systemd.environment))
    microphone = WatchedMicrophone(FakeMicrophone([BLOCK, BLOCK]), vitals)
    assert systemd.told() == [b"WATCHDOG=1"]
    blocks = microphone.blocks()
    next(blocks)
    assert systemd.told() == [b"READY=1", b"WATCHDOG=1"]
    assert systemd.told() == []  # nobody took the next one: the loop does not turn
    next(blocks)
    assert systemd.told() == [b"WATCHDOG=1"]


def test_a_line_that_is_spoken_is_a_sign_of_life_and_one_that_fails_is_no_recovery(systemd: Systemd, tmp_path: Path) -> None:
    speaker = FakeSpeaker()
    with Vitals(StateFile(tmp_path / "state.json"), Watchdog(systemd.environment)) as vitals:
        watched = WatchedSpeaker(speaker, vitals)
        systemd.told()
        watched.volume = 30
        assert speaker.volume == watched.volume == 30
        assert watched.play(SPEECH)
        assert systemd.told() == [b"WATCHDOG=1"]  # and it is not ready: it does not listen yet
        speaker.broken = True
        vitals.failed("speaking", "The speaker failed.")
        with pytest.raises(SpeakingError):
            watched.play(SPEECH)
        vitals.failed("speaking", "The speaker failed.")
        speaker.broken = False
        watched.play(SPEECH)
    assert state_in(tmp_path).repaired == {"speaking": 1}


@pytest.mark.parametrize("patience", ["", "nonsense", "-5", "60000000"])
def test_a_sign_is_given_only_when_it_is_due(systemd: Systemd, patience: str) -> None:
    watchdog = Watchdog({**systemd.environment, "WATCHDOG_USEC": patience})
    systemd.told()
    for _ in range(100):
        watchdog.alive()
    assert systemd.told() == []


def test_a_systemd_that_does_not_answer_is_no_trouble(tmp_path: Path) -> None:
    gone = Systemd(str(tmp_path / "notify"))
    watchdog = Watchdog(gone.environment)
    for _ in range(5_000):  # more than the socket holds
        watchdog.alive()
    gone.close()
    watchdog.ready()
    Watchdog({"NOTIFY_SOCKET": "/nowhere/at/all"}).ready()
    Watchdog({}).ready()


def state_in(folder: Path) -> State:
    state = load_state(folder / "state.json")
    assert state is not None
    return state


def test_replies_are_counted_and_silence_is_not(tmp_path: Path) -> None:
    with Vitals(StateFile(tmp_path / "state.json"), Watchdog({})) as vitals:
        vitals.answering(Reply((Line("Flat shoes."),)))
        vitals.answering(Reply((Line("Go to a hospital."),), tier=Tier.NOW))
        vitals.answering(Reply())
    assert (state_in(tmp_path).answers, state_in(tmp_path).danger_replies) == (2, 1)


def test_a_discreet_reply_leaves_no_trace(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    states = []
    for spoken in ([], [Reply((Line("You are not alone."),), tier=Tier.NOW, discreet=True)]):
        file.unlink(missing_ok=True)
        state = StateFile(file, least_seconds=0, clock=lambda: 1_800_000_000.0)
        with Vitals(state, Watchdog({})) as vitals:
            microphone, speaker = WatchedMicrophone(FakeMicrophone([BLOCK] * 2), vitals).blocks(), WatchedSpeaker(FakeSpeaker(), vitals)
            next(microphone)
            for reply in spoken:
                vitals.answering(reply)
                speaker.play(SPEECH)
                assert not state._state.speaking
            next(microphone)
        states.append(file.read_bytes())
    assert states[0] == states[1]


@pytest.mark.parametrize(
    ("error", "part", "what"),
    [
        (HearingError("The microphone has stopped giving sound."), "hearing", "The microphone has stopped giving sound."),
        (ValueError("zanzibar"), "assistant", f"ValueError in {__file__}"),
    ],
)
def test_what_ends_the_assistant_is_noted_and_a_crash_without_its_words(tmp_path: Path, error: Exception, part: str, what: str) -> None:
    with pytest.raises(type(error)), Vitals(StateFile(tmp_path / "state.json"), Watchdog({})):
        raise error
    state = state_in(tmp_path)
    assert state.last_failure is not None
    assert state.last_failure.part == part
    assert state.last_failure.what.startswith(what)
    assert "zanzibar" not in (tmp_path / "state.json").read_text()
    assert not state.is_running


CRASH = """
import os, sys, threading
from skill.service import keep_words_out_of_the_log
keep_words_out_of_the_log(os.environ)
def crash():
    heard = input()
    {}[heard]
if sys.argv[1:]:
    thread = threading.Thread(target=crash)
    thread.start()
    thread.join()
else:
    crash()
"""


@pytest.mark.parametrize("thread", [[], ["in a thread"]])
@pytest.mark.parametrize("service", [True, False])
def test_under_systemd_a_crash_is_told_by_its_place_and_not_by_what_she_said(thread: list[str], service: bool) -> None:
    plain = {name: value for name, value in os.environ.items() if name != "INVOCATION_ID"}
    environment = {**plain, "INVOCATION_ID": "1"} if service else plain
    command = [sys.executable, "-c", CRASH, *thread]
    done = subprocess.run(command, input="zanzibar", cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert "line 7, in crash" in done.stderr
    assert "KeyError" in done.stderr
    assert ("zanzibar" in done.stderr) is not service
