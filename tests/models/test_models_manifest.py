from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from skill.errors import InputError
from skill.models.manifest import load_manifest
from tests.models.shelf import model_entry

REAL = Path(__file__).parents[2] / "models" / "manifest.yaml"


def write(tmp_path: Path, entry: object, name: str = "m") -> Path:
    path = tmp_path / "manifest.yaml"
    path.write_text(yaml.safe_dump({"models": {name: entry}}), encoding="utf-8")
    return path


def test_the_projects_own_manifest_prefers_the_official_recogniser() -> None:
    models = load_manifest(REAL).models
    assert [name for name, model in models.items() if model.serves == "recogniser" and model.needed] == [
        "vosk-model-small-en-us-0.15",
        "whisper-tiny.en",
    ]
    assert models["vosk-model-small-en-us-0.15"].sources[0].url == ("https://alphacephei.com/vosk/models/vosk-model-small-en-us-0.15.zip")
    assert not any(model.needed for model in models.values() if model.serves == "tests")


GOOD = model_entry({"url": "https://example.org/m.zip"})
WRONG = {
    "unknown key": ({**GOOD, "licens": "MIT"}, "models.m.licens: Extra inputs"),
    "missing key": ({key: value for key, value in GOOD.items() if key != "licence"}, "models.m.licence: Field required"),
    "short sum": (model_entry({"url": "https://example.org/m.zip", "sha256": "abc"}), "models.m.sources.0.sha256: "),
    "no address": (model_entry({}), "models.m.sources.0: .*either `url` or `wheel`"),
    "two places": (model_entry({"url": "https://e.org/m.zip", "wheel": "m==1"}), "models.m.sources.0: .*either `url` or `wheel`"),
    "other protocol": (model_entry({"url": "file:///etc/passwd"}), "models.m.sources.0.url: "),
    "wheel without version": (model_entry({"wheel": "m"}), "models.m.sources.0.wheel: "),
    "pip option as wheel": (model_entry({"wheel": "--index-url=x m==1"}), "models.m.sources.0.wheel: "),
    "file outside": (model_entry({"wheel": "m==1"}, files={"../x": b"x"}), "models.m.files: .*'../x' is not a plain path"),
    "sizes do not add up": ({**GOOD, "bytes": 5}, "models.m: .*`bytes` is 5, but the files add up"),
    "no source": (model_entry(), "models.m.sources: "),
    "not a mapping": (["a list"], "models.m: "),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_entry_names_file_and_key(tmp_path: Path, case: str) -> None:
    entry, message = WRONG[case]
    path = write(tmp_path, entry)
    with pytest.raises(InputError, match=re.escape(str(path)) + ": " + message):
        load_manifest(path)


def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"models\.\.\./evil"):
        load_manifest(write(tmp_path, GOOD, name="../evil"))


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, {**GOOD, "licens": "x", "needed": "perhaps"})
    with pytest.raises(InputError) as caught:
        load_manifest(path)
    assert "models.m.licens" in str(caught.value)
    assert "models.m.needed" in str(caught.value)


@pytest.mark.parametrize("content", [b"models: [", b"", b"\xff\xfe\x00", b"- a\n- b\n"])
def test_a_file_that_is_no_manifest_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "manifest.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=re.escape(str(path))):
        load_manifest(path)


def test_a_missing_manifest_says_how_to_mend_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"manifest\.yaml is missing\. Restore it"):
        load_manifest(tmp_path / "manifest.yaml")
