"""A real systemd that runs the services of an ordinary user, on a machine that was perhaps not even booted with systemd."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MANAGER = "/lib/systemd/systemd"
USER = 61234
START_SECONDS = 60.0
PROJECT_THERE = Path("/srv/back care")


def why_not() -> str:
    """Why there can be none here; empty where there can."""
    if os.geteuid() != 0:
        return "only root can make the namespaces for a user manager"
    missing = [name for name in ("unshare", "nsenter", "setpriv", "systemctl", "systemd-run") if shutil.which(name) is None]
    if missing or not Path(MANAGER).exists():
        return f"no user manager without {', '.join(missing) or MANAGER}"
    if not _cgroup_roots():
        return "no control groups to give to a user manager"
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "--mount-proc", "true"], capture_output=True, check=False).returncode:
        return "no namespaces may be made here"
    return ""


@dataclass(frozen=True)
class UserManager:
    """process: the first one in its namespaces."""

    process: int

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command of the user maria, beside the manager."""
        inside = [
            "nsenter",
            f"--target={self.process}",
            "--mount",
            "--pid",
            "setpriv",
            f"--reuid={USER}",
            f"--regid={USER}",
            "--clear-groups",
        ]
        own = {"HOME": "/home/maria", "XDG_RUNTIME_DIR": f"/run/user/{USER}", "PATH": "/srv/bin:/usr/local/bin:/usr/bin:/bin"}
        environment = ["env", "-i", *(f"{name}={value}" for name, value in own.items())]
        command_there = [*inside, *environment, "sh", "-c", 'cd ~ && exec "$@"', "sh", *command]
        done = subprocess.run(command_there, capture_output=True, text=True, timeout=900, check=False)
        assert not check or done.returncode == 0, (command, done.stdout, done.stderr)
        return done

    def write(self, path: str, content: str | bytes) -> None:
        """A file of maria's."""
        file = Path(f"/proc/{self.process}/root{path}")
        for folder in [*reversed(file.parents), file]:
            if not folder.exists():
                folder.mkdir() if folder != file else folder.touch()
                os.chown(folder, USER, USER)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    def property(self, unit: str, name: str) -> str:
        return self.run("systemctl", "--user", "show", f"--property={name}", "--value", unit).stdout.strip()


@contextlib.contextmanager
def user_manager() -> Iterator[UserManager]:
    """Raises TimeoutError where systemd does not come up."""
    groups = [root / f"back-care-test-{os.getpid()}" for root in _cgroup_roots()]
    for group in groups:
        group.mkdir()
        for path in (group, *group.iterdir()):
            os.chown(path, USER, USER)
    script = str(Path(__file__).with_suffix(".sh"))
    command = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", script, str(ROOT), str(USER), sys.base_prefix]

    def enter_groups() -> None:
        for group in groups:
            (group / "cgroup.procs").write_text("0")

    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=enter_groups) as process:
            try:
                yield _answering(process)
            finally:
                process.send_signal(signal.SIGKILL)
    finally:
        for group in groups:
            _remove(group)


def _answering(process: subprocess.Popen[bytes]) -> UserManager:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if children:
            manager = UserManager(int(children[0]))
            if manager.run("systemctl", "--user", "show", "--property=Version", check=False).returncode == 0:
                return manager
        time.sleep(0.2)
    process.kill()
    assert process.stdout is not None
    raise TimeoutError(f"no user manager came up: {process.stdout.read().decode(errors='replace')}")


def _cgroup_roots() -> list[Path]:
    """Where groups of processes are made: one place, or two on machines that still have both versions."""
    tops = [Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup/systemd")]
    return [top for top in tops if (top / "cgroup.procs").exists() and os.access(top, os.W_OK)]


def _remove(group: Path) -> None:
    folders = [Path(folder) for folder, _, _ in os.walk(group, topdown=False)]
    until(lambda: not any((folder / "cgroup.procs").read_text() for folder in folders))
    for folder in folders:
        folder.rmdir()


def until(happens: Callable[[], object], patience_seconds: float = 400.0) -> None:
    deadline = time.monotonic() + patience_seconds
    while not happens():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.2)
