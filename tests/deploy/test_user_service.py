"""The service as script/install makes it, run by a real systemd for a real user, heard and heard speaking on a virtual sound card."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.deploy.user_manager import PROJECT_THERE, ROOT, UserManager, until, user_manager, why_not
from tests.knowledge import short_intents
from tests.virtual_sound import missing_programs

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2_400)]

SOUND = """\
load-module module-native-protocol-unix auth-anonymous=1
load-module module-null-sink sink_name=room rate=48000 channels=1
load-module module-null-sink sink_name=speaker rate=48000 channels=2
load-module module-remap-source master=room.monitor source_name=microphone
set-default-sink speaker
set-default-source microphone
"""
UNITS = "/home/maria/.config/systemd/user"
# What it prints goes to a file that can be read here, and it is not waited for as long as in a kitchen.
FOR_THE_TEST = """\
[Service]
StandardError=append:/home/maria/log
WatchdogSec=20s
RestartSec=1
"""


@pytest.fixture
def manager() -> Iterator[UserManager]:
    if reason := why_not():
        pytest.skip(reason)
    try:
        with user_manager() as running:
            yield running
    except TimeoutError as exc:
        pytest.skip(str(exc))


@pytest.fixture
def installed(manager: UserManager, whisper_model: Path, tmp_path: Path) -> UserManager:
    if missing := missing_programs():
        pytest.skip(f"no virtual sound card without {', '.join(missing)}")
    manager.write("/home/maria/.config/pulse/default.pa", SOUND)
    manager.write("/home/maria/.asoundrc", "pcm.!default { type pulse }\nctl.!default { type pulse }\n")
    for path in (folder := short_intents(tmp_path / "intents")).rglob("*.yaml"):
        manager.write(f"/home/maria/intents/en/{path.relative_to(folder)}", path.read_text())
    manager.write("/home/maria/.config/back-care/settings.yaml", "intents_folder: ~/intents\nrecogniser: whisper\nvoice: espeak\n")
    manager.write("/home/maria/.cache/back-care/welcomed", "")
    manager.write(f"{UNITS}/back-care.service.d/zz-test.conf", FOR_THE_TEST)
    manager.run("systemctl", "--user", "restart", "pulseaudio.service")
    until(lambda: "microphone" in manager.run("pactl", "list", "short", "sources", check=False).stdout)
    said = manager.run(str(PROJECT_THERE / "script" / "install")).stderr
    assert "It listens, now and after every start of this machine." in said
    return manager


def status(manager: UserManager) -> dict[str, object]:
    command = [str(PROJECT_THERE / ".venv/bin/python"), str(PROJECT_THERE / "run_assistant.py"), "status", "--json"]
    found: dict[str, object] = json.loads(manager.run(*command, check=False).stdout)
    return found


def test_installed_it_hears_answers_survives_and_can_be_removed(installed: UserManager, spoken: Callable[[str], Path]) -> None:
    before = installed.run("find", "/home/maria/intents").stdout
    assert installed.property("back-care", "ActiveState") == "active"
    until(lambda: status(installed)["hearing"])

    # It hears and answers through the user's sound server, and prints nothing of it.
    installed.write("/home/maria/question.wav", spoken("I am bleeding a little.").read_bytes())
    installed.run("paplay", "--device=room", "/home/maria/question.wav")
    until(lambda: status(installed)["answers"] == 1 and not status(installed)["speaking"])
    assert status(installed)["danger_replies"] == 1
    log = installed.run("cat", "/home/maria/log").stdout.lower()
    assert "whisper listens" in log
    assert not [word for word in ("bleed", "hospital", "you:", "back care:") if word in log]

    # A loop that hangs is killed and begun anew; so is one that was killed.
    for number in ("STOP", "KILL"):
        process = installed.property("back-care", "MainPID")
        installed.run("kill", f"-{number}", process)
        until(lambda process=process: installed.property("back-care", "MainPID") not in ("0", process))  # type: ignore[misc]
        until(lambda: status(installed)["hearing"])
    assert status(installed)["starts"] == 3
    assert status(installed)["answers"] == 1

    # A second installation starts it anew, once.
    installed.run(str(PROJECT_THERE / "script" / "install"))
    assert status(installed)["starts"] == 4

    said = installed.run(str(PROJECT_THERE / "script" / "uninstall")).stderr
    assert f"{UNITS}/back-care.service\n" in said
    assert installed.property("back-care", "LoadState") == "not-found"
    left = installed.run("find", "/home/maria", "-name", "*back-care*").stdout.split()
    assert left == ["/home/maria/.config/back-care"]
    assert installed.run("find", "/home/maria/intents").stdout == before


PROBE = """
import os, socket, subprocess
from pathlib import Path
def tried(name, action):
    try:
        action()
        print(name, "yes", flush=True)
    except OSError as exc:
        print(name, exc.strerror, flush=True)
home = Path.home()
for path in (home, Path("/srv/back care"), Path("/etc"), Path("/var/tmp"), home / ".cache/back-care", home / ".local/state/back-care"):
    tried(f"write {path}", lambda: (path / "probe").touch())
for family in ("AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_UNIX"):
    tried(family, lambda: socket.socket(getattr(socket, family), socket.SOCK_DGRAM).close())
print("interfaces", *sorted(os.listdir("/sys/class/net")) and [line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line])
print("namespace", subprocess.run(["unshare", "--user", "true"], capture_output=True, text=True).stderr.strip())
print("/tmp", os.listdir("/tmp"))
"""


def test_what_the_service_may_and_may_not_do(manager: UserManager) -> None:
    """Asked from within: a program of ours in its place."""
    manager.write("/home/maria/probe.py", PROBE)
    manager.write(f"{UNITS}/back-care.service.d/zz-test.conf", "[Service]\nType=exec\nRestart=no\nExecStart=\nExecStart=/bin/true\n")
    manager.run(str(PROJECT_THERE / "script" / "install"), check=False)  # which finds that this does not listen
    probe = "[Service]\nType=oneshot\nRestart=no\nExecStart=\n" + f'ExecStart="{PROJECT_THERE}/.venv/bin/python" /home/maria/probe.py\n'
    manager.write(f"{UNITS}/back-care.service.d/zz-test.conf", f"{probe}StandardOutput=file:/home/maria/found\nStandardError=inherit\n")
    manager.run("systemctl", "--user", "daemon-reload")
    manager.run("systemctl", "--user", "start", "back-care.service", check=False)
    found = manager.run("cat", "/home/maria/found").stdout.splitlines()
    assert found == [
        "write /home/maria Read-only file system",
        "write /srv/back care Read-only file system",
        "write /etc Read-only file system",
        "write /var/tmp yes",
        "write /home/maria/.cache/back-care yes",
        "write /home/maria/.local/state/back-care yes",
        "AF_INET Address family not supported by protocol",
        "AF_INET6 Address family not supported by protocol",
        "AF_NETLINK Address family not supported by protocol",
        "AF_PACKET Address family not supported by protocol",
        "AF_UNIX yes",
        "interfaces lo",
        "namespace unshare: unshare failed: Operation not permitted",
        "/tmp []",
    ]
    assert not Path("/var/tmp/probe").exists()  # what it wrote there was its own


def test_it_is_given_up_after_five_failures_and_tried_again_later_until_stopped(manager: UserManager) -> None:
    manager.write(f"{UNITS}/back-care.service.d/zz-test.conf", "[Service]\nType=exec\nRestart=no\nExecStart=\nExecStart=/bin/true\n")
    manager.run(str(PROJECT_THERE / "script" / "install"), check=False)  # which finds that this does not listen
    count = (
        "Type=exec\nExecStart=\nExecStart=/bin/sh -c 'echo >>/home/maria/starts; exit 1'\nRestartSec=100ms\nReadWritePaths=/home/maria\n"
    )
    manager.write(f"{UNITS}/back-care.service.d/zz-test.conf", f"[Unit]\nStartLimitIntervalSec=10s\n[Service]\n{count}")
    soon = (ROOT / "deploy" / "back-care-again.service").read_text().split("ExecStart=")[1].replace("3600", "20")
    manager.write(f"{UNITS}/back-care-again.service.d/zz-test.conf", f"[Service]\nExecStart=\nExecStart={soon}")
    manager.run("systemctl", "--user", "daemon-reload")
    manager.run("systemctl", "--user", "reset-failed", "back-care.service", check=False)
    manager.run("systemctl", "--user", "start", "back-care.service")

    def starts() -> int:
        return len(manager.run("cat", "/home/maria/starts").stdout.splitlines())

    until(lambda: manager.property("back-care", "ActiveState") == "failed")
    assert starts() == 5
    until(lambda: starts() == 10)
    until(lambda: manager.property("back-care-again", "ActiveState") == "active")
    manager.run("systemctl", "--user", "stop", "back-care.service")
    assert manager.property("back-care-again", "ActiveState") == "inactive"
