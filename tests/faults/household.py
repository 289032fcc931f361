"""The assistant in a house: the real program, as a service, on a virtual sound card of its own that can be broken at will."""

from __future__ import annotations

import contextlib
import queue
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from skill.state import LEAST_SECONDS, State, load_state
from tests.commands.program import Program, program
from tests.knowledge import short_intents
from tests.virtual_sound import VirtualSoundCard, virtual_sound_card

START_SECONDS = 240.0
WATCHDOG_SECONDS = 30.0
MICROPHONE, SPEAKER = "usb_microphone", "usb_speaker"
DEVICE = 'pcm.{name} {{ type pulse device {pulse} hint {{ show on description "{name}" }} }}\n'
# Without a default, PortAudio aborts the process in alsa-lib.
DEFAULT = "pcm.!default { type pulse }\nctl.!default { type pulse }\n"
PULSE_NAMES = {MICROPHONE: "microphone", SPEAKER: "speaker", "other": "speaker"}


@dataclass
class Household:
    """program: run with the same settings. Lines of its output and log come through a thread, each with the moment of its arrival."""

    card: VirtualSoundCard
    program: Program
    process: subprocess.Popen[bytes]
    systemd: socket.socket
    lines: list[str] = field(default_factory=list)
    _new: queue.Queue[tuple[float, str]] = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        assert self.process.stdout is not None
        threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True).start()

    def _read(self, stream: IO[bytes]) -> None:
        for line in stream:
            self._new.put((time.monotonic(), line.decode().rstrip()))

    def wait_for(self, words: str, seconds: float = 60.0) -> float:
        """Until a new line with these words comes; the moment when it came."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                at, line = self._new.get(timeout=left)
                self.lines.append(line)
                if words in line:
                    return at
        raise AssertionError(f"{words!r} did not come within {seconds} s; what came: {self.lines}")

    def state(self) -> State:
        """What `run_assistant.py status` tells."""
        state = load_state(Path(self.program.environment["XDG_STATE_HOME"]) / "back-care" / "state.json")
        assert state is not None, self.lines
        return state

    def until_state(self, fits: Callable[[State], object], seconds: float = 40.0) -> State:
        until = time.monotonic() + seconds
        while not fits(state := self.state()):
            assert time.monotonic() < until, (state, self.lines)
            time.sleep(0.1)
        return state

    def until_well(self) -> State:
        """Until it hears, says nothing, and nothing is broken; what is written down may be LEAST_SECONDS old."""
        time.sleep(LEAST_SECONDS + 1)
        return self.until_state(lambda state: state.is_hearing and not state.speaking and not state.broken)

    def ask(self, question: Path) -> None:
        self.card.play_into_microphone(question)

    def plug(self, *names: str) -> None:
        """These devices are there now, in this order, which is that of PortAudio's numbers; streams of others break off."""
        _plug(self.card, names)
        if MICROPHONE not in names:
            self.card.break_off("source-output")
        if SPEAKER not in names:
            self.card.break_off("sink-input")

    def worker(self) -> int:
        """The number of the process in which its voice renders."""
        found = subprocess.run(["pgrep", "-P", str(self.process.pid), "-f", "pyttsx3_worker"], capture_output=True, text=True, check=True)
        return int(found.stdout.split()[0])

    def signs_of_life(self) -> list[bytes]:
        """What systemd was told since the last time."""
        told = []
        with contextlib.suppress(BlockingIOError):
            while True:
                told.append(self.systemd.recv(100))
        return told


@contextlib.contextmanager
def household(folder: Path, *devices: str, listens: bool = True, **variables: str) -> Iterator[Household]:
    """Running, and listening if that is waited for. devices: those plugged in, all by default."""
    with virtual_sound_card() as card, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        (folder / "notify").unlink(missing_ok=True)
        systemd.bind(str(folder / "notify"))
        systemd.setblocking(False)
        _plug(card, devices or (MICROPHONE, SPEAKER))
        started = _program(folder, card, variables)
        process = started.start(stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        house = Household(card, started, process, systemd)
        try:
            if listens:
                house.wait_for(" listens.", START_SECONDS)
                house.wait_for("I am listening", START_SECONDS)
            yield house
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait(20)


def _plug(card: VirtualSoundCard, names: Sequence[str]) -> None:
    alsa = Path(card.environment["ALSA_CONFIG_PATH"])
    alsa.write_text(DEFAULT + "".join(DEVICE.format(name=name, pulse=PULSE_NAMES[name]) for name in names))


def _program(folder: Path, card: VirtualSoundCard, variables: dict[str, str]) -> Program:
    intents, cache = folder / "intents", folder / "cache"
    if not intents.exists():
        short_intents(intents)
        cache.mkdir()
        (cache / "welcomed").touch()
    service = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": str(round(WATCHDOG_SECONDS * 1e6)), "INVOCATION_ID": "1"}
    settings = {
        "BACK_CARE_INTENTS_FOLDER": str(intents),
        "BACK_CARE_CACHE_FOLDER": str(cache),
        "BACK_CARE_RECOGNISER": "whisper",
        "BACK_CARE_VOICE": "espeak",
        "BACK_CARE_MICROPHONE": MICROPHONE,
        "BACK_CARE_SPEAKER": SPEAKER,
        "BACK_CARE_SPEED": "1.6",
    }
    home = folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    return program(home, **{**card.environment, **service, **settings, **variables})
