"""Wrong settings: one clear sentence for each mistake, with file, line and key, all of them at once."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from skill.errors import SettingsError
from skill.settings import load_settings


def mistakes(path: Path | None, environment: dict[str, str] | None = None) -> list[str]:
    """The sentences that are shown; fails where there is none."""
    with pytest.raises(SettingsError) as caught:
        load_settings(path, environment or {})
    assert caught.value.exit_code == 2
    return str(caught.value).splitlines()


@pytest.fixture(autouse=True)
def _nothing_of_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.yaml"


@contextmanager
def without_root() -> Iterator[None]:
    """Root may read everything; an ordinary user must be asked."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_every_mistake_is_named_at_once(file: Path) -> None:
    file.write_text("microphone: 3\nspeeed: 1\nvolume: 300\nvoice: 'nö'\ncountry: FR\nspeaker: auto\nspeaker: HDMI\n", encoding="utf-8")
    found = mistakes(file, {"BACK_CARE_WEEKS": "many", "BACK_CARE_SPED": "1"})
    for line, key in ((1, "microphone"), (2, "speeed"), (3, "volume"), (4, "voice"), (5, "country"), (7, "speaker")):
        assert sum(sentence.startswith(f"{file}, line {line}, key {key}: ") for sentence in found) == 1, key
    assert sum("environment variable BACK_CARE_WEEKS: " in sentence for sentence in found) == 1
    assert sum("environment variable BACK_CARE_SPED: " in sentence for sentence in found) == 1
    assert len(found) == 8


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("speed: 3", "write a number from 0.6 to 1.6 with a point, like 1.1, not 3"),
        ("speed: 0,8", "not '0,8'"),
        ("speed: .nan", "not nan"),
        ("speed: .inf", "not inf"),
        ("speed: [1]", "not [1]"),
        ("speed:", "not nothing"),
        ("silence_seconds: 60", "write a number from 0.3 to 3.0"),
        ("wake_seconds: -1", "write a number from 0.0 to 5.0"),
        ("wake: always", "write open, phrase or word, not 'always'"),
        ("wake_word: computer", "write one of alexa, hey jarvis, hey mycroft, hey rhasspy, okay nabu, not 'computer'"),
        ("wake_word:", "write one of alexa, "),
        ("led_pin: 40", "write a whole number from 2 to 27, or none, not 40"),
        ("button_pin: GPIO17", "write a whole number from 2 to 27, or none, not 'GPIO17'"),
        ("wake: on", 'write "on"'),
        ("wake_phrase: hello", "2 to 6 words: one word alone comes up in any talk, like \"hello back care\", not 'hello'"),
        ("wake_phrase: hey you", "at least 3 syllables"),
        ("wake_phrase: 'hello back 2'", "plain letters"),
        ("wake_phrase: 3", "this must be text"),
        ("wake_phrase:", "this is empty"),
        ("volume: 101", "write a whole number from 0 to 100, not 101"),
        ("volume: 55.5", "write a whole number"),
        ("volume: loud", "not 'loud'"),
        ("volume: 99999999999999999999", "write a whole number"),
        ("weeks: 60", "write a whole number from 1 to 43, or unknown, not 60"),
        ("weeks: 24 weeks", "or unknown"),
        ("voice: alexa", "write auto, natural or espeak, not 'alexa'"),
        ("recogniser: siri", "write auto, vosk or whisper, not 'siri'"),
        ("microphone: 2", "this must be text, not 2; put it in quotes"),
        ("microphone: ''", "this is empty; write something"),
        ("microphone:", "this is empty; write something"),
        ("microphone: '  '", "write it on one line"),
        ('hospital: "Saint\\nMary\'s"', "write it on one line"),
        ("hospital: [a, b]", "this must be text"),
        ("helper_name: " + "x" * 200, "this is 200 letters long; write at most 80"),
        ("helper_number: 'call Grace'", "write a phone number in quotes"),
        ("country: United Kingdom", "write a country's two letters, like IN, or unknown"),
        ("country: KE", "no emergency number is known for 'KE'; write one of AU (Australia)"),
        ("country: NO", 'write "NO"'),
        ("voice: no", 'write "no"'),
        ("cache_folder: cache", "write the whole path, beginning with / or ~, not 'cache'"),
        ("cache_folder: ~nobody-of-this-name/x", "write the whole path, beginning with /"),
        ("cache_folder: 7", "this must be text"),
        ("cache_folder: /" + "x" * 2000, "letters long"),
        ('cache_folder: "/a\\0b"', "without special signs"),
        ("language: English", "like en, not 'English'"),
        ("language: ../en", "like en, not '../en'"),
    ],
)
def test_a_wrong_value_is_refused_with_its_line_and_what_to_write(file: Path, line: str, says: str) -> None:
    file.write_text(f"# a comment\n{line}\n", encoding="utf-8")
    found = mistakes(file)
    assert len(found) == 1
    assert found[0].startswith(f"{file}, line 2, key {line.partition(':')[0]}: ")
    assert says in found[0]
    assert len(found[0]) < 700


def test_a_phone_number_without_quotes_is_refused_because_yaml_reads_another_number(file: Path) -> None:
    # YAML 1.1 reads 0712345 as octal: 235749.
    file.write_text("helper_number: 0712345\n")
    (found,) = mistakes(file)
    assert 'put the number in quotes, like "0712 345678"' in found
    file.write_text('helper_number: "0712345"\n')
    assert load_settings(file, {}).settings.answering.helper_number == "0712345"


@pytest.mark.parametrize(("name", "meant"), [("speeed", "speed"), ("mikrophone", "microphone"), ("Volume", "volume")])
def test_an_unknown_key_is_refused_with_the_nearest_one(file: Path, name: str, meant: str) -> None:
    file.write_text(f"{name}: 1\n")
    (found,) = mistakes(file)
    assert found.startswith(f"{file}, line 1, key {name}: there is no such setting, did you mean {meant}; ")


def test_an_unknown_variable_is_refused_with_the_nearest_one() -> None:
    (found,) = mistakes(None, {"BACK_CARE_MICROFON": "USB", "BACK_CAREFUL": "1", "OTHER": "1"})
    assert found.startswith("environment variable BACK_CARE_MICROFON: there is no such setting, did you mean BACK_CARE_MICROPHONE; ")
    (found,) = mistakes(None, {"BACK_CARE_Speed": "1"})
    assert "did you mean BACK_CARE_SPEED" in found
    (found,) = mistakes(None, {"BACK_CARE_ZZZZZZ": "1"})
    assert "did you mean" not in found


@pytest.mark.parametrize(("key", "given"), [("SPEED", ""), ("VOLUME", "loud"), ("COUNTRY", "ET"), ("HOSPITAL", "a\nb")])
def test_a_wrong_variable_is_named(key: str, given: str) -> None:
    (found,) = mistakes(None, {f"BACK_CARE_{key}": given})
    assert found.startswith(f"environment variable BACK_CARE_{key}: ")


def test_the_country_of_the_environment_is_not_blamed_on_the_file(file: Path) -> None:
    file.write_text("country: GB\n")
    (found,) = mistakes(file, {"BACK_CARE_COUNTRY": "KE"})
    assert found.startswith("environment variable BACK_CARE_COUNTRY: ")


def test_a_country_whose_numbers_cannot_be_read_names_their_file(file: Path, tmp_path: Path) -> None:
    file.write_text(f"country: GB\nintents_folder: {tmp_path}\n")
    (found,) = mistakes(file)
    assert found.startswith(f"{file}, line 1, key country: the emergency numbers cannot be read")
    assert str(tmp_path / "en" / "shared" / "countries.yaml") in found


GOOD = "microphone: auto\nvolume: 50\nhospital: 'Saint Mary'\n"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\n \n", id="blank"),
        pytest.param(b"# volume: 50\n", id="only comments"),
        pytest.param(GOOD.encode()[:-4], id="truncated in quotes"),
        pytest.param(GOOD.encode()[:22], id="truncated in a key"),
        pytest.param(b"volume: 50\n\tspeed: 1\n", id="tab"),
        pytest.param(b"volume: 50\n speed: 1\n", id="indented"),
        pytest.param(b"volume: {50\n", id="open bracket"),
        pytest.param(b"- volume\n- 50\n", id="a list"),
        pytest.param(b"volume\n", id="a word"),
        pytest.param("hospital: São João\n".encode("latin-1"), id="latin-1"),
        pytest.param(GOOD.encode("utf-16"), id="utf-16"),
        pytest.param(bytes(range(256)) * 4, id="binary"),
        pytest.param(b"\0" * 1000, id="zeros"),
        pytest.param(b"a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", id="anchors"),
        pytest.param(b"microphone: " + b"[" * 100_000, id="deep"),
        pytest.param(b"# x\n" * 2_000_000, id="enormous"),
        pytest.param(b"volume: 50\n---\nvolume: 60\n", id="two documents"),
        pytest.param(b"volume: !!python/object/apply:os.system ['true']\n", id="code"),
    ],
)
def test_a_file_that_is_no_settings_file_is_refused_in_short_sentences(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    for sentence in mistakes(file):
        assert sentence.startswith(str(file))
        assert len(sentence) < 400


def test_a_named_file_must_be_there(file: Path) -> None:
    (found,) = mistakes(file)
    assert found.startswith(f"{file}: cannot be read (No such file or directory)")


def test_a_folder_and_a_device_are_no_settings_files(tmp_path: Path) -> None:
    (found,) = mistakes(tmp_path)
    assert found.startswith(f"{tmp_path}: ")
    (found,) = mistakes(Path("/dev/zero"))
    assert found == "/dev/zero: this is not a file; name a YAML file"


def test_a_file_without_the_right_to_read_it_is_named() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        file = Path(folder, "settings.yaml")
        file.write_text(GOOD)
        file.chmod(0o000)
        with without_root():
            (found,) = mistakes(file)
    assert found.startswith(f"{file}: cannot be read (Permission denied)")


def test_own_settings_that_may_not_be_looked_at_are_not_taken_for_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        own = Path(folder, "back-care")
        own.mkdir()
        (own / "settings.yaml").write_text(GOOD)
        own.chmod(0o000)
        monkeypatch.setenv("XDG_CONFIG_HOME", folder)
        with without_root():
            (found,) = mistakes(None)
        own.chmod(0o700)
    assert found.startswith(f"{own / 'settings.yaml'}: cannot be read (Permission denied)")


def test_a_link_to_nowhere_is_not_taken_for_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "back-care").mkdir()
    (tmp_path / "back-care" / "settings.yaml").symlink_to(tmp_path / "gone.yaml")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (found,) = mistakes(None)
    assert "cannot be read" in found


def test_the_light_and_the_button_cannot_share_a_pin(file: Path) -> None:
    what = "the light has pin 17 already; write another number"
    file.write_text("led_pin: 17\nbutton_pin: 17\n", encoding="utf-8")
    assert mistakes(file) == [f"{file}, line 2, key button_pin: {what}"]
    assert mistakes(file, {"BACK_CARE_BUTTON_PIN": "17"}) == [f"environment variable BACK_CARE_BUTTON_PIN: {what}"]
