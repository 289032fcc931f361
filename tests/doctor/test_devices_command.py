"""run_assistant.py devices, on a virtual sound card and without any."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.doctor.running import run
from tests.virtual_sound import VirtualSoundCard


def test_the_devices_are_listed_and_the_systems_own_are_marked(sound_card: VirtualSoundCard, tmp_path: Path) -> None:
    done = run(tmp_path, sound_card.environment, "devices", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    for kind in ("microphones", "speakers"):
        assert told[kind]["wanted"] == "auto"
        assert told[kind]["chosen"] == "default"
        assert told[kind]["problem"] is None
        assert {"default", "virtual_room"} <= {device["name"] for device in told[kind]["devices"]}
        assert [device["name"] for device in told[kind]["devices"] if device["chosen"]] == ["default"]
        assert all(device["rate_hz"] > 0 and device["channels"] > 0 for device in told[kind]["devices"])


def test_a_device_chosen_by_a_part_of_its_name_is_marked(sound_card: VirtualSoundCard, tmp_path: Path) -> None:
    environment = {**sound_card.environment, "BACK_CARE_MICROPHONE": "Room"}
    told = json.loads(run(tmp_path, environment, "devices", "--json").stdout)
    assert told["microphones"]["chosen"] == "virtual_room"
    assert [device["name"] for device in told["microphones"]["devices"] if device["chosen"]] == ["virtual_room"]
    assert told["speakers"]["chosen"] == "default"


def test_the_table_marks_the_used_ones_and_says_how_to_change_them(sound_card: VirtualSoundCard, tmp_path: Path) -> None:
    done = run(tmp_path, {**sound_card.environment, "BACK_CARE_SPEAKER": "room"}, "devices")
    microphones, _, speakers = done.stdout.partition("Speakers")
    assert [line for line in microphones.splitlines() if "used" in line and "default" in line]
    assert [line for line in speakers.splitlines() if "used" in line and "virtual_room" in line]
    assert "set `microphone` to a part of its name" in microphones
    assert "set `speaker` to a part of its name" in speakers
    assert done.stderr == ""


def test_a_name_that_no_device_has_is_told_beside_the_list(sound_card: VirtualSoundCard, tmp_path: Path) -> None:
    environment = {**sound_card.environment, "BACK_CARE_MICROPHONE": "Jabra"}
    done = run(tmp_path, environment, "devices", "--json")
    assert done.returncode == 0
    told = json.loads(done.stdout)["microphones"]
    assert told["chosen"] is None
    assert "Jabra" in told["problem"]
    assert told["devices"]
    assert not any(device["chosen"] for device in told["devices"])
    assert "Jabra" in run(tmp_path, environment, "devices").stdout


@pytest.mark.parametrize("words", [("devices",), ("devices", "--json")])
def test_without_any_device_it_says_so_in_plain_words(no_sound: dict[str, str], tmp_path: Path, words: tuple[str, ...]) -> None:
    done = run(tmp_path, no_sound, *words)
    assert done.returncode == 0, done.stderr
    assert "There is no microphone: plug one in" in done.stdout
    assert "There is no speaker: plug one in" in done.stdout
    assert "Traceback" not in done.stderr
    if "--json" in words:
        told = json.loads(done.stdout)
        assert (told["microphones"]["devices"], told["microphones"]["chosen"]) == ([], None)
