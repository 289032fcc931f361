"""run_assistant.py settings."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from skill.commands import settings as command
from skill.errors import SettingsError
from skill.settings import GROUP_OF, PROJECT, Settings, load_settings


@pytest.fixture
def config_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "back-care"


def run(file: Path | None, environment: dict[str, str], *words: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(load_settings(file, environment), parser.parse_args(words))


def test_the_table_shows_each_value_and_where_it_came_from(config_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("hospital: 'Saint Mary [red]'\n")
    assert run(file, {"BACK_CARE_SPEED": "1.3"}) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {cells[1].strip(): cells[2:4] for line in lines if (cells := line.split("│"))[1:]}
    assert set(rows) == set(GROUP_OF)
    assert [cell.strip() for cell in rows["speed"]] == ["1.3", "environment BACK_CARE_SPEED"]
    assert [cell.strip() for cell in rows["hospital"]] == ["Saint Mary [red]", f"file {file}, line 1"]
    assert [cell.strip() for cell in rows["weeks"]] == ["unknown", "default"]


def test_without_a_file_it_says_how_to_get_one(config_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(None, {}) == 0
    told = capsys.readouterr().out
    assert "settings --init" in told
    assert "No country is set" in told


def test_the_emergency_number_is_shown_with_its_source_and_its_caution(config_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(None, {"BACK_CARE_COUNTRY": "GH"}) == 0
    told = capsys.readouterr().out
    assert "it says 112 (Ghana)" in told
    assert "Graphic" in told
    assert "193 was the ambulance's number before" in told


def test_json_is_one_object_with_everything(config_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("volume: 40\ncountry: IN\n")
    assert run(file, {}, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["file"] == str(file)
    assert list(told["settings"]) == list(GROUP_OF)
    assert told["settings"]["volume"] == {"value": 40, "from": f"file {file}, line 1"}
    assert told["settings"]["weeks"] == {"value": None, "from": "default"}
    assert told["settings"]["models_folder"]["value"] == str(PROJECT / "models")
    assert told["emergency"]["number"] == "112"


def test_init_writes_a_file_that_loads_and_says_where(config_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(None, {}, "--init") == 0
    assert str(config_folder / "settings.yaml") in capsys.readouterr().out
    loaded = load_settings(None, {})
    assert loaded.file == config_folder / "settings.yaml"
    assert loaded.settings == Settings()


def test_init_leaves_a_file_that_is_there_as_it_is(config_folder: Path) -> None:
    config_folder.mkdir()
    (config_folder / "settings.yaml").write_text("volume: 41\n")
    with pytest.raises(SettingsError, match=r"settings\.yaml is there already and was left as it is"):
        run(None, {}, "--init")
    assert (config_folder / "settings.yaml").read_text() == "volume: 41\n"


def test_init_on_a_full_disk_leaves_no_half_file(config_folder: Path) -> None:
    # A limit on the size of files stands for the full disk: the write fails in the middle in the same way.
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from skill.commands.settings import _write_template\n"
        "from skill.errors import BackCareError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))\n"
        "try:\n"
        "    _write_template(Path(sys.argv[1]))\n"
        "except BackCareError as error:\n"
        "    sys.exit(str(error))\n"
    )
    path = config_folder / "settings.yaml"
    done = subprocess.run([sys.executable, "-c", program, str(path)], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{path} cannot be written (")
    assert "Traceback" not in done.stderr
    assert not path.exists()
