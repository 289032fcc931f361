"""Which value is in force, and whether it is said truly where it came from."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import platformdirs
import pydantic
import pytest

from skill.hearing import RECOGNISERS
from skill.settings import GROUP_OF, PROJECT, Hearing, Settings, load_settings, user_file
from skill.speaking import VOICES

TEMPLATE = PROJECT / "skill" / "settings_template.yaml"


@pytest.fixture
def own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the user's own settings would be; not written yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "back-care" / "settings.yaml"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_without_any_file_the_defaults_hold(own_file: Path) -> None:
    loaded = load_settings(None, {})
    assert loaded.settings == Settings()
    assert loaded.file is None
    assert set(loaded.origins.values()) == {"default"}
    assert set(loaded.origins) == set(GROUP_OF)


def test_defaults_are_as_documented(own_file: Path) -> None:
    settings = Settings()
    assert (settings.hearing.microphone, settings.hearing.recogniser, settings.hearing.silence_seconds) == ("auto", "auto", 0.8)
    assert (settings.speaking.speaker, settings.speaking.voice) == ("auto", "auto")
    assert (settings.speaking.speed, settings.speaking.volume) == (1.0, 80)
    assert settings.answering.country is None
    assert settings.storage.models_folder == PROJECT / "models"
    assert settings.storage.cache_folder == platformdirs.user_cache_path("back-care")
    assert settings.storage.language_folder == PROJECT / "intents" / "en"
    assert settings.storage.countries_file.is_file()


def test_the_users_own_file_is_found_and_named_with_its_line(own_file: Path) -> None:
    write(own_file, "# mine\n\nvolume: 55\n")
    loaded = load_settings(None, {})
    assert user_file() == own_file
    assert loaded.file == own_file
    assert loaded.settings.speaking.volume == 55
    assert loaded.origins["volume"] == f"file {own_file}, line 3"
    assert loaded.origins["speed"] == "default"


def test_a_named_file_is_read_in_place_of_the_users_own(own_file: Path, tmp_path: Path) -> None:
    write(own_file, "volume: 55\nspeed: 0.7\n")
    other = write(tmp_path / "other.yaml", "volume: 66\n")
    loaded = load_settings(other, {})
    assert loaded.settings.speaking.volume == 66
    assert loaded.settings.speaking.speed == 1.0
    assert loaded.file == other


def test_the_environment_overrides_the_file(own_file: Path) -> None:
    write(own_file, "volume: 55\nspeed: 0.7\n")
    loaded = load_settings(None, {"BACK_CARE_SPEED": "1.3", "PATH": "/bin", "back_care_volume": "1"})
    assert loaded.settings.speaking.speed == 1.3
    assert loaded.settings.speaking.volume == 55
    assert loaded.origins["speed"] == "environment BACK_CARE_SPEED"
    assert loaded.origins["volume"] == f"file {own_file}, line 1"


def test_every_setting_can_be_set_in_the_file_and_in_the_environment(own_file: Path, tmp_path: Path) -> None:
    values = {
        "microphone": "USB",
        "recogniser": "whisper",
        "silence_seconds": "1.2",
        "echo": "cancelled",
        "wake": "phrase",
        "wake_phrase": "Good morning, helper",
        "wake_word": "Okay_Nabu",
        "speaker": "HDMI",
        "voice": "espeak",
        "speed": "0.9",
        "volume": "70",
        "wake_seconds": "1.5",
        "country": "in",
        "hospital": "Saint Mary's",
        "helper_name": "Grace",
        "helper_number": "0712 345678",
        "weeks": "24",
        "led_pin": "17",
        "button_pin": "27",
        "models_folder": str(tmp_path / "models"),
        "cache_folder": "~/cache",
        "intents_folder": str(PROJECT / "intents"),
        "language": "en",
        "memory": "Small",
    }
    assert set(values) == set(GROUP_OF)
    in_file = load_settings(write(tmp_path / "all.yaml", "".join(f'{key}: "{value}"\n' for key, value in values.items())), {})
    in_environment = load_settings(None, {f"BACK_CARE_{key.upper()}": value for key, value in values.items()})
    assert in_file.settings == in_environment.settings
    assert all(origin.startswith("file ") for origin in in_file.origins.values())
    assert all(origin.startswith("environment ") for origin in in_environment.origins.values())
    settings = in_file.settings
    assert (settings.hearing.wake, settings.hearing.wake_phrase) == ("phrase", "Good morning, helper")
    assert settings.hearing.wake_word == "okay nabu"
    assert (settings.panel.led_pin, settings.panel.button_pin) == (17, 27)
    assert settings.woken_by("open").hearing.wake == "open"
    assert settings.answering.country == "IN"
    assert settings.answering.helper_number == "0712 345678"
    assert settings.answering.weeks == 24
    assert settings.speaking.wake_seconds == 1.5
    assert settings.storage.cache_folder == Path.home() / "cache"


@pytest.mark.parametrize("key", ["country", "hospital", "helper_name", "helper_number", "weeks"])
@pytest.mark.parametrize("word", ["unknown", '"Unknown"', ""])
def test_what_is_not_known_is_none_and_never_a_word_that_could_be_spoken(tmp_path: Path, key: str, word: str) -> None:
    loaded = load_settings(write(tmp_path / "settings.yaml", f"{key}: {word}\n"), {})
    assert loaded.settings.value_of(key) is None


def test_the_template_holds_the_defaults_and_every_setting() -> None:
    loaded = load_settings(TEMPLATE, {})
    assert loaded.settings == Settings()
    text = TEMPLATE.read_text(encoding="utf-8")
    for key in GROUP_OF:
        assert f"\n{key}: " in text or f"\n# {key}: " in text, f"{key} is not explained in the template"


def test_the_templates_examples_of_folders_are_valid_when_the_hash_is_taken_away(tmp_path: Path) -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    folders = ("models_folder", "cache_folder", "intents_folder", "language")
    for key in folders:
        assert f"\n# {key}: " in text
        text = text.replace(f"\n# {key}: ", f"\n{key}: ")
    loaded = load_settings(write(tmp_path / "settings.yaml", text), {})
    assert all(loaded.origins[key].startswith("file ") for key in folders)
    assert loaded.settings.storage.models_folder == Path("/media/usb/back-care-models")


def test_settings_cannot_be_changed_after_they_were_made() -> None:
    settings = Settings()
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.hearing = Hearing(microphone="other")  # type: ignore[misc]
    with pytest.raises(pydantic.ValidationError):
        settings.speaking.volume = 0  # type: ignore[misc]
    with pytest.raises(TypeError):
        load_settings(TEMPLATE, {}).origins["volume"] = "nowhere"  # type: ignore[index]


def test_the_names_that_can_be_set_are_those_of_the_tables(tmp_path: Path) -> None:
    for key, names in (("recogniser", RECOGNISERS), ("voice", VOICES)):
        for name in ("auto", *names):
            loaded = load_settings(write(tmp_path / "settings.yaml", f"{key}: {name}\n"), {})
            assert loaded.settings.value_of(key) == name
        with pytest.raises(Exception, match=f"write auto, {' or '.join(names)}, not 'other'"):
            load_settings(write(tmp_path / "settings.yaml", f"{key}: other\n"), {})
