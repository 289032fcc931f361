"""The real scripts in a copy of the project, with a package index that is empty, so that no network is asked.

The whole of set-up, on a bare Debian with nothing but apt, takes minutes and root: that is what `script/run` on a new machine shows.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

import skill

ROOT = Path(__file__).parents[2]
SCRIPTS = [*(path for path in sorted((ROOT / "script").iterdir()) if not path.suffix), ROOT / ".ci" / "run"]

# Tells how it was called, and does what set-up asks of the real one.
PROGRAM = """
import os, sys, time
from pathlib import Path
root = Path(__file__).parent
with (root / "calls").open("a") as calls:
    print(*sys.argv[1:], file=calls)
if sys.argv[1:3] == ["models", "fetch"] and not (root / "offline").exists():
    (root / "models" / "good").mkdir(exist_ok=True)
    (root / "models" / "good" / ".installed.json").touch()
    (root / "models" / ".needed").write_text("good\\n")
elif sys.argv[1:2] == ["models"]:
    sys.exit("the model cannot be fetched")
elif sys.argv[1:2] == ["tell"]:
    print(sys.argv[2:], os.getcwd(), sys.stdin.read())
elif sys.argv[1:2] == ["wait"]:
    print(os.getpid(), flush=True)
    time.sleep(30)
elif sys.argv[1:2] == ["fail"]:
    sys.exit(7)
"""


@pytest.fixture(scope="module")
def venv_to_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("venv") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return folder


@pytest.fixture
def project(tmp_path: Path, venv_to_copy: Path) -> Path:
    """A copy in a path with spaces, with a real .venv in which the packages of the lock count as installed."""
    folder = tmp_path / "a path with spaces" / "back care"
    (folder / "models").mkdir(parents=True)
    shutil.copytree(ROOT / "script", folder / "script")
    for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    (folder / "models" / "manifest.yaml").write_text("models: {}\n", encoding="utf-8")
    (folder / "run_assistant.py").write_text(PROGRAM, encoding="utf-8")
    shutil.copytree(venv_to_copy, folder / ".venv", symlinks=True, copy_function=os.link)
    count_as_installed(folder)
    return folder


def count_as_installed(project: Path) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for lock in ("requirements.lock", "requirements-dev.lock"):
        checksum = subprocess.run(["sha256sum"], stdin=(project / lock).open(), capture_output=True, text=True, check=True).stdout
        (project / ".venv" / f".{lock}").write_text(f"{checksum.strip()} {version} {os.uname().machine}", encoding="utf-8")


def start(project: Path, *arguments: str, script: str = "run", text: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    # No package index at all: whatever asks the network fails at once.
    surroundings = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": "/dev/null", **environment}
    command = [str(project / "script" / script), *arguments]
    return subprocess.run(command, cwd=project.parent, env=surroundings, input=text, capture_output=True, text=True, timeout=120)


def calls(project: Path) -> list[str]:
    return (project / "calls").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_script_can_be_run_and_is_sound_bash(script: Path) -> None:
    assert os.access(script, os.X_OK)
    assert script.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n")
    subprocess.run(["bash", "-n", str(script)], check=True)
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed: only bash's own check was made")
    checked = subprocess.run(["shellcheck", str(script)], capture_output=True, text=True)
    assert checked.stdout == ""


def test_run_sets_up_then_hands_over_arguments_folder_and_input(project: Path) -> None:
    done = start(project, "tell", "two words", "*", text="typed by her")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"['two words', '*'] {project.parent} typed by her\n"
    assert calls(project) == ["models fetch --needed", "render", "tell two words *"]


def test_a_second_start_has_nothing_to_do_and_says_nothing(project: Path) -> None:
    start(project, "tell")
    (project / "calls").unlink()
    done = start(project, "tell")
    assert done.stderr == ""
    assert calls(project) == ["render", "tell"]


def test_set_up_compiles_the_program_for_a_service_that_may_write_nothing(project: Path) -> None:
    (project / "skill").mkdir(exist_ok=True)
    module = project / "skill" / "fresh.py"
    module.write_text("WORDS = 1\n")
    start(project, script="setup")
    (compiled,) = (project / "skill" / "__pycache__").glob("fresh.*.pyc")
    before = compiled.read_bytes()
    module.write_text("WORDS = 1234\n")
    later = module.stat().st_mtime + 10  # compiled files know the second in which theirs was written, and both may be the same
    os.utime(module, (later, later))
    start(project, script="setup")
    assert compiled.read_bytes() != before


def test_run_works_through_a_link_from_elsewhere(project: Path, tmp_path: Path) -> None:
    link = tmp_path / "back-care"
    link.symlink_to(project / "script" / "run")
    done = subprocess.run([str(link), "tell"], cwd="/", input="", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("[] /")


def test_the_programs_exit_code_is_runs(project: Path) -> None:
    assert start(project, "fail").returncode == 7


def test_a_signal_to_run_reaches_the_program(project: Path) -> None:
    start(project, "tell")
    command = [str(project / "script" / "run"), "wait"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert int(process.stdout.readline()) == process.pid
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == -signal.SIGTERM
    finally:
        process.kill()
        process.communicate()


def test_without_models_it_starts_all_the_same_and_says_what_it_takes(project: Path) -> None:
    (project / "offline").touch()
    done = start(project, "tell")
    assert done.returncode == 0
    assert done.stdout.startswith("[]")
    assert "It cannot listen yet (see above) and takes typed questions. To try again: script/setup" in done.stderr


def test_a_model_that_went_away_is_fetched_again(project: Path) -> None:
    start(project, "tell")
    shutil.rmtree(project / "models" / "good")
    (project / "calls").unlink()
    start(project, "tell")
    assert calls(project)[0] == "models fetch --needed"


def test_a_new_manifest_is_looked_at_again(project: Path) -> None:
    start(project, "tell")
    (project / "calls").unlink()
    os.utime(project / "models" / "manifest.yaml", (time.time() + 5, time.time() + 5))
    start(project, "tell")
    assert calls(project)[0] == "models fetch --needed"


@pytest.mark.parametrize("harm", ["unfinished", "no pip", "dead link", "a file"])
def test_a_broken_or_half_made_venv_is_made_anew(project: Path, harm: str) -> None:
    venv = project / ".venv"
    if harm == "unfinished":
        (venv / ".unfinished").touch()
    elif harm == "no pip":
        shutil.rmtree(next(venv.glob("lib/python*/site-packages/pip")))
    elif harm == "dead link":
        python = venv / "bin" / "python"
        python.unlink()
        python.symlink_to("/nowhere/python")
    else:
        shutil.rmtree(venv)
        venv.touch()
    done = start(project, "tell")
    assert "Making .venv …" in done.stderr
    assert subprocess.run([str(venv / "bin" / "python"), "-m", "pip", "--version"], capture_output=True).returncode == 0
    # There is no index in this test: the packages cannot come, which is told in one sentence, and the program is not started without them.
    assert done.returncode == 1
    assert "Set-up stopped: the Python packages could not be fetched (see above). Online?" in done.stderr
    assert not (project / "calls").exists()


def test_a_changed_lock_is_installed_and_a_failing_network_leaves_venv_as_it_was(project: Path) -> None:
    (project / "requirements.lock").write_text("nosuch==1.0 --hash=sha256:" + "0" * 64 + "\n", encoding="utf-8")
    done = start(project, "tell")
    assert done.returncode == 1
    assert "Fetching the Python packages of requirements.lock" in done.stderr
    shutil.copy(ROOT / "requirements.lock", project)
    done = start(project, "tell")
    assert done.returncode == 0
    assert "Making .venv" not in done.stderr


def test_a_packages_sum_is_held_to(project: Path, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)
    (project / "requirements.lock").write_text("tiny==1.0 --hash=sha256:" + "0" * 64 + "\n", encoding="utf-8")
    done = start(project, "tell", PIP_FIND_LINKS=str(wheel.parent))
    assert done.returncode == 1
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr


def test_packages_are_installed_from_the_lock_once(project: Path, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)
    checksum = subprocess.run(["sha256sum", str(wheel)], capture_output=True, text=True, check=True).stdout.split()[0]
    (project / "requirements.lock").write_text(f"tiny==1.0 --hash=sha256:{checksum}\n", encoding="utf-8")
    first = start(project, "tell", PIP_FIND_LINKS=str(wheel.parent))
    assert first.returncode == 0, first.stderr
    assert list((project / ".venv").glob("lib/python*/site-packages/tiny.py"))
    assert not (project / ".venv" / "fetched").exists()
    assert start(project, "tell").stderr == ""


def make_wheel(tmp_path: Path) -> Path:
    wheel = tmp_path / "wheels" / "tiny-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    with ZipFile(wheel, "w") as zipped:
        zipped.writestr("tiny.py", "")
        zipped.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        zipped.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        zipped.writestr("tiny-1.0.dist-info/RECORD", "")
    return wheel


def test_an_unknown_argument_of_setup_is_wrong_use(project: Path) -> None:
    done = start(project, "--fast", script="setup")
    assert done.returncode == 2
    assert "not '--fast'" in done.stderr


def test_two_set_ups_wait_for_each_other(project: Path) -> None:
    with (project / ".setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen([str(project / "script" / "setup")], stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        assert process.stderr.readline() == "Another set-up is at work here. Waiting for it …\n"
        assert not (project / "calls").exists()
    assert process.communicate(timeout=60)[1].endswith("Everything that could be set up is in place.\n")
    assert calls(project) == ["models fetch --needed", "render"]


# --- the locks ---


def locked(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", text, re.MULTILINE))


def test_the_lock_holds_every_package_that_the_project_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    named = {re.split(r"[=<>]", line)[0].lower() for line in project["project"]["dependencies"]}
    for_developers = {re.split(r"[=<>]", line)[0].lower() for line in project["dependency-groups"]["dev"]}
    assert named <= locked("requirements.lock").keys()
    assert for_developers <= locked("requirements-dev.lock").keys()
    assert locked("requirements.lock").items() >= {("vosk", "0.3.45"), ("pyttsx3", "2.99"), ("hibari-tts", "0.2.1")}


def test_the_two_locks_agree() -> None:
    run, dev = locked("requirements.lock"), locked("requirements-dev.lock")
    assert {name: run[name] for name in run.keys() & dev.keys()} == {name: dev[name] for name in run.keys() & dev.keys()}


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_has_a_sum_for_every_package_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = re.split(r"^(?=\S)", text, flags=re.MULTILINE)[1:]
    assert len(entries) == len(locked(name))
    assert [entry.split("==")[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert not re.search(r"://|/|--index|--find-links|@", text)


def test_the_version_is_the_same_in_both_places() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == skill.__version__
