"""A call into the sound system that does not come back: given up, counted, and in the end a matter for systemd."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from skill.devices import STALLED_SECONDS, bounded, hanging_seconds
from skill.service import Vitals, Watchdog
from skill.watched import sign_of_life


def test_a_call_that_hangs_is_given_up_and_undone_when_it_comes_back_after_all(sound_card: object, tmp_path: Path) -> None:
    let_go, undone = threading.Event(), list[str]()
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.setblocking(False)
        vitals = Vitals(None, Watchdog({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1"}))
        assert systemd.recv(100) == b"WATCHDOG=1"
        with pytest.raises(TimeoutError):
            bounded(lambda: "late" if let_go.wait() else "", undone.append)
        assert hanging_seconds() >= STALLED_SECONDS
        sign_of_life(vitals, hangs_seconds=1.0)
        with pytest.raises(BlockingIOError):  # no sign: systemd will start it anew
            systemd.recv(100)
        let_go.set()
        deadline = time.monotonic() + 20
        while (hanging_seconds() or not undone) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert (undone, hanging_seconds()) == (["late"], 0.0)
        sign_of_life(vitals, hangs_seconds=1.0)
        assert systemd.recv(100) == b"READY=1"


def test_what_a_call_raises_is_raised(sound_card: object) -> None:
    with pytest.raises(OSError, match="odd"):
        bounded(lambda: os.listdir("/odd"))
