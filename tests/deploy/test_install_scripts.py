"""script/install and script/uninstall in a home of their own. systemd's commands are small scripts that note how they were called."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from skill.state import StateFile, load_state

ROOT = Path(__file__).resolve().parents[2]
SAFE_PATH = "/usr/bin:/bin"

NOTE = '#!/bin/sh\necho "$(basename "$0") $*" >>"$HOME/calls"\n'
# "no_X" in the home: X fails.
FAIL = 'for word in "$@"; do [ ! -e "$HOME/no_$word" ] || exit 1; done\n'
LOGINCTL = """\
case "$1" in
    show-user) if [ -e "$HOME/lingering" ]; then echo Linger=yes; else echo Linger=no; fi ;;
    enable-linger) touch "$HOME/lingering" ;;
    disable-linger) rm "$HOME/lingering" ;;
esac
"""


# What is started notes what it is at. "deaf" in the home: it finds no microphone.
SYSTEMCTL = """\
case "$*" in
    *" restart "*) [ -e "$HOME/deaf" ] || cp "$HOME/../state.json" "$HOME/.local/state/back-care" ;;
esac
"""


@dataclass(frozen=True)
class Machine:
    """A home, a project in a path with spaces, and what stands for systemd and for set-up."""

    home: Path
    project: Path
    commands: Path

    def run(self, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("BACK_CARE_", "XDG_", "SUDO_"))}
        own = {**plain, "HOME": str(self.home), "PATH": f"{self.commands}:{SAFE_PATH}", **environment}
        command = [str(self.project / "script" / script), *arguments]
        return subprocess.run(command, env=own, cwd=self.home, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)

    def calls(self) -> list[str]:
        noted = self.home / "calls"
        said = noted.read_text().splitlines() if noted.exists() else []
        noted.unlink(missing_ok=True)
        return said

    def files(self) -> set[str]:
        return {str(path.relative_to(self.home)) for path in self.home.rglob("*") if not path.is_dir() and path.name != "calls"}

    def contents(self) -> dict[str, bytes]:
        return {name: (self.home / name).read_bytes() for name in self.files()}


UNIT = ".config/systemd/user/back-care.service"
AGAIN = ".config/systemd/user/back-care-again.service"
SANDBOX = ".config/systemd/user/back-care.service.d/sandbox.conf"
LINGERS = ".local/state/back-care/lingers"
STATE = ".local/state/back-care/state.json"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    home, project, commands = tmp_path / "home", tmp_path / "her & his" / "back care", tmp_path / "commands"
    for folder in (home, project / "script", commands):
        folder.mkdir(parents=True)
    for name in ("install", "uninstall"):
        shutil.copy(ROOT / "script" / name, project / "script")
    for name in ("deploy", "skill", "intents", "run_assistant.py"):
        (project / name).symlink_to(ROOT / name)
    (project / ".venv").symlink_to(sys.prefix)
    program(project / "script" / "setup", NOTE + FAIL)
    program(commands / "systemctl", NOTE + FAIL + SYSTEMCTL)
    program(commands / "systemd-run", NOTE + FAIL)
    program(commands / "loginctl", NOTE + FAIL + LOGINCTL)
    program(commands / "sudo", NOTE + "exit 1\n")
    listening = StateFile(tmp_path / "state.json")  # of this very process, which does run
    listening.listening()
    deadline = time.monotonic() + 60
    while not ((state := load_state(tmp_path / "state.json")) and state.is_hearing):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return Machine(home, project, commands)


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_install_sets_up_writes_the_service_and_starts_it(machine: Machine) -> None:
    done = machine.run("install")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "It listens, now and after every start of this machine." in done.stderr
    assert machine.files() == {UNIT, AGAIN, SANDBOX, LINGERS, STATE, "lingering"}
    unit = (machine.home / UNIT).read_text()
    assert f'ExecStart="{machine.project}/.venv/bin/python" "{machine.project}/run_assistant.py"\n' in unit
    assert f'"XDG_STATE_HOME={machine.home}/.local/state"' in unit
    sandbox = (machine.home / SANDBOX).read_text()
    assert f'ReadWritePaths="-{machine.home}/.cache/back-care" "-{machine.home}/.local/state/back-care"\n' in sandbox
    assert not re.search(r"@[A-Z_]+@", unit + sandbox)
    calls = machine.calls()
    assert calls[0] == "setup --quiet"
    acts = [call for call in calls if not re.search("show|systemd-run|reset-failed", call)][1:]
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    assert acts == [
        f"loginctl enable-linger {user}",
        "systemctl --user daemon-reload",
        "systemctl --user enable --quiet back-care.service",
        "systemctl --user restart back-care.service",
    ]


def test_systemd_finds_no_mistake_in_what_was_written(machine: Machine) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not here: the service was not checked")
    machine.run("install")
    units = machine.home / ".config/systemd/user"
    surroundings = {**os.environ, "XDG_RUNTIME_DIR": str(machine.home), "SYSTEMD_UNIT_PATH": f"{units}:/usr/lib/systemd/user"}
    command = [analyze, "--user", "verify", str(machine.home / UNIT), str(machine.home / AGAIN)]
    checked = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=60)
    assert (checked.returncode, checked.stderr) == (0, "")
    with (machine.home / SANDBOX).open("a") as sandbox:
        sandbox.write("PrivateUser=yes\n")
    checked = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=60)
    assert "PrivateUser" in checked.stderr  # it does look


def test_a_second_installation_changes_nothing_and_starts_it_anew(machine: Machine) -> None:
    machine.run("install")
    machine.calls()
    before = machine.contents()
    done = machine.run("install")
    assert done.returncode == 0
    assert machine.contents() == before
    calls = machine.calls()
    assert "systemctl --user restart back-care.service" in calls
    assert not [call for call in calls if "enable-linger" in call]


def test_uninstall_takes_everything_back_but_the_settings(machine: Machine) -> None:
    machine.run("install")
    settings = machine.home / ".config/back-care/settings.yaml"
    settings.parent.mkdir()
    settings.write_text("volume: 70\n")
    (machine.home / ".cache/back-care/speech").mkdir(parents=True, exist_ok=True)
    (machine.home / ".cache/back-care/speech/answer.flac").touch()
    machine.calls()
    done = machine.run("uninstall")
    assert done.returncode == 0, done.stderr
    for path in (UNIT, AGAIN, ".config/systemd/user/back-care.service.d", ".cache/back-care", ".local/state/back-care"):
        assert f"  {machine.home}/{path}\n" in done.stderr
    assert f"Kept: {settings.parent}" in done.stderr
    assert str(machine.project) in done.stderr
    assert machine.files() == {".config/back-care/settings.yaml"}
    calls = machine.calls()
    assert "systemctl --user disable --quiet --now back-care.service" in calls
    assert "systemctl --user stop back-care-again.service" in calls
    assert calls[-1].startswith("loginctl disable-linger ")

    again = machine.run("uninstall", "--settings")
    assert again.returncode == 0
    assert machine.files() == set()
    assert machine.run("uninstall", "--settings").stderr.startswith("Nothing was there to remove.\n")


def test_lingering_that_was_there_before_stays(machine: Machine) -> None:
    (machine.home / "lingering").touch()
    machine.run("install")
    machine.run("uninstall")
    assert machine.files() == {"lingering"}
    assert not [call for call in machine.calls() if re.search("(en|dis)able-linger", call)]


def test_of_a_cache_folder_of_her_own_choice_only_what_is_ours_is_removed(machine: Machine) -> None:
    shelf = machine.home / "usb stick"
    (shelf / "speech").mkdir(parents=True)
    (shelf / "speech" / "answer.flac").touch()
    (shelf / "photo.jpg").touch()
    (machine.home / ".config/back-care").mkdir(parents=True)
    (machine.home / ".config/back-care/settings.yaml").write_text('cache_folder: "~/usb stick"\n')
    machine.run("install")
    assert f'ReadWritePaths="-{shelf}" ' in (machine.home / SANDBOX).read_text()
    done = machine.run("uninstall", "--settings")
    assert f"  {shelf}/speech\n" in done.stderr
    assert machine.files() == {"usb stick/photo.jpg"}


def test_uninstall_works_when_the_program_is_broken(machine: Machine) -> None:
    machine.run("install")
    (machine.project / ".venv").unlink()
    assert machine.run("uninstall").returncode == 0
    assert machine.files() == set()


@pytest.mark.parametrize("lacking", ["systemctl", "loginctl", "an answer"])
def test_without_systemd_it_says_in_a_sentence_what_to_do(machine: Machine, lacking: str) -> None:
    if lacking == "an answer":
        (machine.home / "no_show").touch()
        (machine.home / "no_enable-linger").touch()
    else:
        (machine.commands / lacking).unlink()
        bare = machine.home.parent / "bare"
        bare.mkdir()
        for name in ("env", "bash", "sh", "readlink", "dirname", "basename", "id", "cat", "mkdir", "install", "touch"):
            (bare / name).symlink_to(shutil.which(name) or name)
    done = machine.run("install", **({} if lacking == "an answer" else {"PATH": f"{machine.commands}:{machine.home.parent}/bare"}))
    assert done.returncode == 1
    assert "no systemd" in one_sentence(done)
    assert f"{machine.project}/script/run" in done.stderr
    assert machine.files() <= {"no_show", "no_enable-linger"}


def test_where_the_kernel_allows_no_namespaces_it_says_so_and_leaves_them_out(machine: Machine) -> None:
    machine.run("install")
    (machine.home / "no_--property=PrivateUsers=yes").touch()
    done = machine.run("install")
    assert done.returncode == 0
    assert "no namespaces" in done.stderr
    assert not (machine.home / SANDBOX).exists()


def test_a_service_that_does_not_start_is_told_with_the_next_step(machine: Machine) -> None:
    (machine.home / "no_restart").touch()
    done = machine.run("install")
    assert done.returncode == 1
    assert "script/run doctor" in done.stderr.splitlines()[-1]


def test_one_that_runs_and_does_not_hear_is_not_called_listening(machine: Machine) -> None:
    (machine.home / "deaf").touch()
    done = machine.run("install")
    assert done.returncode == 1
    assert "does not hear yet" in done.stderr.splitlines()[-1]


def test_without_the_right_to_linger_it_is_installed_and_says_what_is_missing(machine: Machine) -> None:
    (machine.home / "no_enable-linger").touch()
    done = machine.run("install")
    assert done.returncode == 0
    assert "sudo loginctl enable-linger" in done.stderr
    assert not (machine.home / LINGERS).exists()


def test_sudo_and_wrong_words_and_wrong_settings_are_refused_before_anything_is_done(machine: Machine) -> None:
    assert machine.run("install", "--fast").returncode == 2
    assert machine.run("uninstall", "--all").returncode == 2
    assert machine.files() == set()
    if os.geteuid() == 0:
        done = machine.run("install", SUDO_USER="maria")
        assert (done.returncode, machine.files()) == (1, set())
        assert "without sudo, as maria" in one_sentence(done)
    (machine.home / ".config/back-care").mkdir(parents=True)
    (machine.home / ".config/back-care/settings.yaml").write_text("volum: 7\n")
    done = machine.run("install")
    assert done.returncode == 1
    assert "did you mean volume" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Nothing was installed")
    assert machine.files() == {".config/back-care/settings.yaml"}


@pytest.mark.parametrize("sign", ['"', "\\", "$", "%"])
def test_a_path_that_systemd_would_read_otherwise_is_refused(machine: Machine, sign: str) -> None:
    odd = machine.project.with_name(f"odd {sign} name")
    machine.project.rename(odd)
    done = Machine(machine.home, odd, machine.commands).run("install")
    assert done.returncode == 1
    assert "Rename that folder." in one_sentence(done)
    assert machine.files() == set()
