"""A sound card for machines that have none: a PulseAudio server of our own, with one pretended microphone and one pretended speaker.

Nothing of a user's own sound server is touched: the server has its own folder and socket, and only what gets `environment` sees it.
From a shell: python -m tests.virtual_sound -- COMMAND...
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

NEEDED_PROGRAMS = ("pulseaudio", "pactl", "paplay", "parecord")
START_SECONDS = 20.0
WAV_HEADER_BYTES = 44
SECONDS_UNTIL_RECORDED = 0.4  # what was just played is on its way to the recorder for about this long

# ALSA sees nothing but this file: no card of the machine, and two names for the same server, so that choosing by name can be tried.
ALSA_SETUP = """\
pcm.!default { type pulse hint { show on description "Default" } }
ctl.!default { type pulse }
pcm.virtual_room { type pulse hint { show on description "Virtual room" } }
"""


@dataclass
class VirtualSoundCard:
    """environment: for the programs that shall hear and speak through this card. server: the process behind it. home: its folder."""

    environment: dict[str, str]
    server: subprocess.Popen[bytes]
    home: Path

    def pactl(self, *words: str) -> str:
        """Tell the server something; what it says."""
        done = subprocess.run(["pactl", *words], env=self.environment, check=True, capture_output=True, text=True, timeout=20)
        return done.stdout

    def break_off(self, kind: str) -> None:
        """End the streams of all programs, as when their device is pulled out. kind: source-output (what they hear) or sink-input."""
        for line in self.pactl("list", "short", f"{kind}s").splitlines():
            number, _, client, *_ = line.split("\t")
            if client != "-":  # not one of the server itself
                with socket.socket(socket.AF_UNIX) as console:
                    console.connect(str(self.home / "cli"))
                    console.settimeout(10)
                    console.sendall(f"kill-{kind} {number}\n".encode())
                    console.shutdown(socket.SHUT_WR)
                    while console.recv(1_000):  # until it has hung up: then it is done
                        continue

    def kill(self) -> None:
        """The server crashes."""
        self.server.kill()
        self.server.wait(10)

    def start_again(self) -> None:
        """A new server in the place of one that ended, behind the same socket."""
        self.server = _started(self.home)
        self.await_server()

    def await_server(self) -> None:
        """Until the server answers and its devices are the default ones."""

        def answers() -> bool:
            return subprocess.run(["pactl", "info"], env=self.environment, capture_output=True, check=False).returncode == 0

        _wait_until(answers, "PulseAudio did not start")
        self.pactl("set-default-sink", "speaker")
        self.pactl("set-default-source", "microphone")

    def play_into_microphone(self, wav: Path) -> None:
        """Play a WAV file to its end so that the microphone hears it."""
        subprocess.run(["paplay", "--device=room", str(wav)], env=self.environment, check=True, timeout=120)

    @contextlib.contextmanager
    def record_speaker(self, path: Path) -> Iterator[None]:
        """Write what the speaker plays meanwhile to a WAV file."""
        command = ["parecord", "--device=speaker.monitor", "--file-format=wav", "--latency-msec=30", "--channels=1", str(path)]
        with subprocess.Popen(command, env=self.environment) as recorder:
            try:
                _wait_until(lambda: path.exists() and path.stat().st_size > WAV_HEADER_BYTES, "the speaker's recorder did not start")
                yield
                time.sleep(SECONDS_UNTIL_RECORDED)
            finally:
                recorder.terminate()
                recorder.wait(10)


def missing_programs() -> list[str]:
    """The programs that a virtual sound card needs and that are not installed."""
    return [program for program in NEEDED_PROGRAMS if shutil.which(program) is None]


@contextlib.contextmanager
def virtual_sound_card() -> Iterator[VirtualSoundCard]:
    """A running virtual sound card."""
    # A short path: the name of a socket may have 107 characters.
    with tempfile.TemporaryDirectory(prefix="sound-", dir="/tmp") as folder:
        home = Path(folder)
        alsa = home / "asound.conf"
        alsa.write_text(ALSA_SETUP)
        own = {"PULSE_SERVER": f"unix:{home}/native", "ALSA_CONFIG_PATH": str(alsa), "PULSE_COOKIE": str(home / "cookie")}
        card = VirtualSoundCard({**os.environ, **own}, _started(home), home)
        try:
            card.await_server()
            yield card
        finally:
            card.server.send_signal(signal.SIGCONT)
            card.server.terminate()
            card.server.wait(10)


def _started(home: Path) -> subprocess.Popen[bytes]:
    modules = [
        f"module-native-protocol-unix socket={home}/native auth-anonymous=1",
        f"module-cli-protocol-unix socket={home}/cli",
        "module-null-sink sink_name=room rate=48000 channels=1",
        "module-null-sink sink_name=speaker rate=48000 channels=2",
        "module-remap-source master=room.monitor source_name=microphone",
    ]
    command = ["pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--disable-shm=yes"]
    for module in modules:
        command += ["-L", module]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PULSE_", "DBUS_"))}
    environment |= {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "PULSE_RUNTIME_PATH": str(home)}
    with (home / "log").open("a") as log:
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


def _wait_until(ready: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(complaint)
        time.sleep(0.05)


def main(arguments: list[str]) -> int:
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command:
        print("usage: python -m tests.virtual_sound -- COMMAND...", file=sys.stderr)
        return 2
    if missing := missing_programs():
        print(f"No virtual sound card without {', '.join(missing)}: install pulseaudio and pulseaudio-utils.", file=sys.stderr)
        return 1
    with virtual_sound_card() as card:
        return subprocess.run(command, env=card.environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
