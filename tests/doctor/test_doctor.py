"""run_assistant.py doctor on real parts: a virtual sound card, real models, real voices."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile

from skill.models.installed import Installed, write_marker
from skill.models.manifest import load_manifest
from tests.doctor.running import PROJECT, run, start
from tests.virtual_sound import VirtualSoundCard

PARTS = {"settings", "microphone", "recogniser", "intents", "understanding", "voice", "speaker", "disk"}
Findings = list[dict[str, Any]]


@pytest.fixture
def whisper_only(tmp_path: Path, whisper_model: Path) -> Path:
    """A models folder in which the embedded recogniser's model is whole and no other one is there."""
    model = load_manifest(PROJECT / "models" / "manifest.yaml").models["whisper-tiny.en"]
    folder = tmp_path / "models" / "whisper-tiny.en"
    folder.mkdir(parents=True)
    for name in model.files:
        (folder / name).symlink_to(whisper_model / name)
    write_marker(folder, Installed(archive_sha256=model.sources[0].sha256, files=model.files))
    return folder.parent


def walk(home: Path, environment: dict[str, str], *words: str) -> tuple[int, Findings]:
    done = run(home, environment, "doctor", "--json", *words)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


def of(findings: Findings, part: str, state: str) -> dict[str, Any]:
    """The one finding of a part in this state."""
    (found,) = [finding for finding in findings if (finding["part"], finding["state"]) == (part, state)]
    return found


def broken(findings: Findings) -> set[str]:
    return {finding["part"] for finding in findings if finding["state"] == "broken"}


def test_all_that_is_needed_works_while_somebody_speaks(
    sound_card: VirtualSoundCard, whisper_only: Path, spoken: Callable[[str], Path], tmp_path: Path
) -> None:
    question = spoken("my back hurts")
    environment = {**sound_card.environment, "BACK_CARE_MODELS_FOLDER": str(whisper_only), "BACK_CARE_COUNTRY": "GB"}
    recording = tmp_path / "speaker.wav"
    with sound_card.record_speaker(recording), start(tmp_path, environment, "doctor", "--json") as process:
        assert process.stderr is not None
        assert "say something" in process.stderr.readline()
        sound_card.play_into_microphone(question)
        out, _ = process.communicate(timeout=120)
    findings = json.loads(out)
    assert process.returncode == 0, findings
    assert {finding["part"] for finding in findings} == PARTS
    assert all(set(finding) == {"part", "state", "says", "do"} for finding in findings)
    assert '"default" hears; loudest sound' in of(findings, "microphone", "works")["says"]
    fallback = of(findings, "recogniser", "warning")
    assert fallback["says"].startswith("whisper listens (whisper-tiny.en), because:")
    assert "models fetch vosk-model-small-en-us-0.15" in fallback["do"]
    assert '"default" said' in of(findings, "speaker", "works")["says"]
    sound, _ = soundfile.read(recording)
    assert abs(sound).max() > 0.05  # the virtual speaker really was spoken to


def test_a_microphone_that_gives_only_zeros_is_told(sound_card: VirtualSoundCard, whisper_only: Path, tmp_path: Path) -> None:
    environment = {**sound_card.environment, "BACK_CARE_MODELS_FOLDER": str(whisper_only), "BACK_CARE_RECOGNISER": "whisper"}
    code, findings = walk(tmp_path, environment)
    assert code == 1
    assert broken(findings) == {"microphone"}
    found = of(findings, "microphone", "broken")
    assert "nothing but zeros" in found["says"]
    assert "Unmute" in found["do"]
    assert "its model is whole and loads" in of(findings, "recogniser", "works")["says"]


def test_on_a_bare_machine_it_names_what_is_missing_and_walks_on(no_sound: dict[str, str], tmp_path: Path) -> None:
    code, findings = walk(tmp_path, {**no_sound, "BACK_CARE_MODELS_FOLDER": str(tmp_path / "none"), "BACK_CARE_VOLUME": "3"})
    assert code == 1
    assert {finding["part"] for finding in findings} == PARTS
    assert broken(findings) == {"microphone", "recogniser", "speaker"}
    assert all(finding["do"] for finding in findings if finding["state"] == "broken")
    assert "There is no microphone" in of(findings, "microphone", "broken")["says"]
    assert "There is no speaker" in of(findings, "speaker", "broken")["says"]
    missing = of(findings, "recogniser", "broken")
    assert "vosk-model-small-en-us-0.15 is not installed" in missing["says"]
    assert "whisper-tiny.en is not installed" in missing["says"]
    assert "models fetch --needed" in missing["do"]
    warnings = [finding["says"] for finding in findings if finding["part"] == "settings" and finding["state"] == "warning"]
    assert any("No country is set" in says for says in warnings)
    assert any("The volume is 3 of 100" in says for says in warnings)


def test_it_says_that_no_clinician_has_signed_the_intents(no_sound: dict[str, str], tmp_path: Path) -> None:
    _, findings = walk(tmp_path, {**no_sound, "BACK_CARE_MODELS_FOLDER": str(tmp_path / "none"), "BACK_CARE_VOICE": "espeak"})
    files = len(list((PROJECT / "intents" / "en").glob("*.yaml")))
    assert of(findings, "intents", "works")["says"].startswith(f"{files} intents, ")
    assert "No clinician has signed off" in of(findings, "intents", "warning")["says"]
    (understanding,) = [finding for finding in findings if finding["part"] == "understanding"]
    assert '"i am bleeding" is taken for danger.bleeding.' in understanding["says"]
    assert "The espeak voice speaks" in of(findings, "voice", "works")["says"]


def test_in_words_each_part_has_its_line_and_the_end_sums_up(no_sound: dict[str, str], tmp_path: Path) -> None:
    done = run(tmp_path, {**no_sound, "BACK_CARE_MODELS_FOLDER": str(tmp_path / "none")}, "doctor")
    assert done.returncode == 1
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    for state, part in (("works", "voice"), ("broken", "microphone"), ("warning", "intents")):
        assert any(line.split()[:2] == [state, part] for line in lines), part
    assert any(line.strip().startswith("To do: Fetch what is missing") for line in lines)
    assert lines[-1] == "This does not work yet: microphone, recogniser, speaker."


def test_wrong_settings_are_a_finding_and_not_the_end(no_sound: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("volume: 300\nspeeed: 1\n")
    code, findings = walk(tmp_path, no_sound, "--settings", str(file))
    assert code == 1
    says = of(findings, "settings", "broken")["says"]
    assert f"{file}, line 1, key volume: " in says
    assert f"{file}, line 2, key speeed: " in says
    assert {finding["part"] for finding in findings} == PARTS


@pytest.mark.parametrize("harm", ["truncated", "one byte changed"])
def test_a_damaged_model_is_told_before_it_is_loaded(no_sound: dict[str, str], whisper_only: Path, tmp_path: Path, harm: str) -> None:
    tokenizer = whisper_only / "whisper-tiny.en" / "tokenizer.json"
    whole = tokenizer.read_bytes()
    tokenizer.unlink()
    tokenizer.write_bytes(whole[:1000] if harm == "truncated" else whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:])
    _, findings = walk(tmp_path, {**no_sound, "BACK_CARE_MODELS_FOLDER": str(whisper_only), "BACK_CARE_RECOGNISER": "whisper"})
    says = of(findings, "recogniser", "broken")["says"]
    assert "whisper-tiny.en" in says
    assert "damaged (tokenizer.json" in says


@pytest.mark.parametrize(
    ("phrase", "state", "says"),
    [
        ("hello back care", "works", 'Say "hello back care", then ask.'),
        ("help i am bleeding", "broken", "is itself taken for a danger sign"),
    ],
)
def test_the_wake_phrase_is_looked_at(
    no_sound: dict[str, str], whisper_only: Path, tmp_path: Path, phrase: str, state: str, says: str
) -> None:
    own = {"BACK_CARE_MODELS_FOLDER": str(whisper_only), "BACK_CARE_RECOGNISER": "whisper", "BACK_CARE_WAKE": "phrase"}
    _, findings = walk(tmp_path, {**no_sound, **own, "BACK_CARE_WAKE_PHRASE": phrase})
    assert says in of(findings, "wake phrase", state)["says"]


def test_the_wake_word_and_the_panel_are_looked_at(no_sound: dict[str, str], whisper_only: Path, tmp_path: Path) -> None:
    own = {"BACK_CARE_MODELS_FOLDER": str(whisper_only), "BACK_CARE_RECOGNISER": "whisper", "BACK_CARE_WAKE": "word"}
    pins = {"BACK_CARE_LED_PIN": "17", "BACK_CARE_BUTTON_PIN": "27", "GPIOZERO_PIN_FACTORY": "mock"}
    _, findings = walk(tmp_path, {**no_sound, **own, **pins})
    assert 'Say "hey jarvis", wait for the tone, then ask.' in of(findings, "wake word", "works")["says"]
    assert "the light at pin 17 and the button at pin 27" in of(findings, "panel", "works")["says"]


@pytest.mark.parametrize("content", [None, b"label: danger.fever\n\ttier: now\n", b"\xff\xfe broken"])
def test_broken_intents_are_told_with_their_file(no_sound: dict[str, str], tmp_path: Path, content: bytes | None) -> None:
    folder = tmp_path / "intents" / "en"
    if content is not None:
        folder.mkdir(parents=True)
        (folder / "danger.fever.yaml").write_bytes(content)
    _, findings = walk(tmp_path, {**no_sound, "BACK_CARE_INTENTS_FOLDER": str(folder.parent)})
    found = of(findings, "intents", "broken")
    assert str(folder if content is None else folder / "danger.fever.yaml") in found["says"]
    assert "run_assistant.py check" in found["do"]
    assert "understanding" in broken(findings)


def test_a_cache_that_cannot_be_kept_is_a_warning(no_sound: dict[str, str], tmp_path: Path) -> None:
    # Nobody, not even root, may make a file in /proc.
    _, findings = walk(tmp_path, {**no_sound, "BACK_CARE_CACHE_FOLDER": "/proc/back-care"})
    found = of(findings, "disk", "warning")
    assert "/proc/back-care cannot be written to" in found["says"]
    assert "each one starts later" in found["says"]


def test_without_a_voice_the_speaker_is_still_tried(sound_card: VirtualSoundCard, tmp_path: Path) -> None:
    shadow = tmp_path / "shadow"
    shadow.mkdir()
    (shadow / "hibari.py").write_text("raise ImportError('not installed here')\n")
    environment = {**sound_card.environment, "PYTHONPATH": str(shadow), "BACK_CARE_VOICE": "natural"}
    _, findings = walk(tmp_path, environment)
    assert "hibari-tts" in of(findings, "voice", "broken")["says"]
    assert "played a tone." in of(findings, "speaker", "works")["says"]
