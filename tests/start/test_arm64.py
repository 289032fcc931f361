"""script/arm64 where nothing is built: what it refuses, and that it harms no folder. A build takes an hour: docs/arm64.md tells of one."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "script" / "arm64"
MARK = ".back-care-arm64"

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gets as far as this")


def start(*arguments: str | Path, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "XDG_CACHE_HOME"} | {"HOME": str(home)}
    command = [str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def test_help_names_every_command_and_where_it_all_goes(tmp_path: Path) -> None:
    done = start("--help", home=tmp_path)
    assert done.returncode == 0
    assert done.stderr == ""
    for word in ("build", "check", "do COMMAND", "remove", "--in FOLDER", "~/.cache/back-care-arm64"):
        assert word in done.stdout
    assert "set -euo" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "script/arm64 needs a command."),
        (["test"], "script/arm64 knows build, check, do and remove, not 'test'."),
        (["build", "now"], "script/arm64 build takes no arguments, not 'now'."),
        (["do"], "script/arm64 do needs a command."),
        (["--in"], "--in needs a folder."),
    ],
)
def test_a_wrong_call_is_told_with_the_help(arguments: list[str], complaint: str, tmp_path: Path) -> None:
    done = start(*arguments, home=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == complaint
    assert "--in FOLDER" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_it_does_not_build_in_the_project(tmp_path: Path) -> None:
    done = start("--in", ROOT / "docs" / "arm", "build", home=tmp_path)
    assert done.returncode == 1
    assert done.stderr == f"{ROOT}/docs/arm lies in the project. Choose a folder outside: script/arm64 --in FOLDER build\n"
    assert not (ROOT / "docs" / "arm").exists()


@pytest.mark.parametrize("command", [["build"], ["remove"], ["do", "true"]], ids=lambda command: command[0])
def test_a_folder_with_other_things_is_left_alone(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "letters").write_text("dear", encoding="utf-8")
    done = start("--in", tmp_path, *command, home=tmp_path)
    assert done.returncode == 1
    assert "holds other things" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["letters"]


def test_nothing_is_checked_or_removed_before_a_build(tmp_path: Path) -> None:
    folder = tmp_path / ".cache" / "back-care-arm64"
    checked, removed = start("check", home=tmp_path), start("remove", home=tmp_path)
    assert (checked.returncode, removed.returncode) == (1, 1)
    assert checked.stderr == f"Nothing is ready in {folder}. First: script/arm64 --in {folder} build\n"
    assert removed.stderr == f"There is nothing to remove: script/arm64 made nothing in {folder}.\n"
    assert list(tmp_path.iterdir()) == []


@only_root
def test_remove_takes_its_own_folder_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "made" / "root" / "etc").mkdir(parents=True)
    (tmp_path / "made" / MARK).touch()
    (tmp_path / "made" / "root" / "etc" / "elsewhere").symlink_to(tmp_path / "kept")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "letters").touch()
    done = start("--in", tmp_path / "made", "remove", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"Removed {tmp_path / 'made'}.\n"
    assert not (tmp_path / "made").exists()
    assert (tmp_path / "kept" / "letters").exists()


def test_what_it_checks_is_there() -> None:
    chosen = re.findall(r"\btests/[\w/.]+", SCRIPT.read_text(encoding="utf-8"))
    assert len(chosen) > 10
    assert [name for name in chosen if not (ROOT / name).exists()] == []
