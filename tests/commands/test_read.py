"""`read`: everything it can say, aloud, as recordings and as a document."""

from __future__ import annotations

import re
import shutil
import wave
from pathlib import Path

import numpy as np
import pytest

from skill.understanding.intents import IntentBook
from tests.commands.program import Program, one_sentence, program
from tests.knowledge import book
from tests.virtual_sound import VirtualSoundCard

__all__ = ["book"]


@pytest.fixture
def espeak(tmp_path: Path, short_folder: Path) -> Program:
    """The real answers, in the voice that renders fastest, for a country with a number."""
    return program(tmp_path / "home", BACK_CARE_INTENTS_FOLDER=short_folder, BACK_CARE_VOICE="espeak", BACK_CARE_COUNTRY="IN")


def seconds(path: Path) -> float:
    with wave.open(str(path)) as recording:
        assert recording.getnchannels() == 1
        return recording.getnframes() / recording.getframerate()


# --- recordings ---------------------------------------------------------------------------------------------------------


def test_recordings_are_named_by_label_and_part_and_listed(espeak: Program, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "to hear"
    done = espeak.run("read", "relief.sleep", "danger.bleeding", "--to", folder)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == b""
    assert {path.name for path in folder.glob("*.wav")} == {
        *("relief.sleep-answer.wav", "relief.sleep-more-1.wav", "danger.bleeding-answer.wav", "danger.bleeding-unsure.wav"),
        *("danger.bleeding-at-emergency.wav", "danger.bleeding-more-1.wav"),
        *("relief.sleep-from-week-1.wav", "relief.sleep-from-week-28.wav", "danger.bleeding-from-week-13.wav"),
    }
    assert all(5 < seconds(path) < 30 for path in folder.glob("*.wav"))
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert set(re.findall(r'src="([^"]+)"', page)) == {path.name for path in folder.glob("*.wav")}
    assert "The number is one, one, two." in page
    assert "section 2 row 8 [49][50]" in page
    assert f"9 lines are in {folder}" in done.stderr.decode()


def test_the_same_words_under_two_labels_are_read_under_both(espeak: Program, tmp_path: Path) -> None:
    assert espeak.run("read", "danger.severe_pain", "danger.shoulder_tip", "--to", tmp_path / "out").returncode == 0
    names = {path.name for path in (tmp_path / "out").glob("*.wav")}
    assert {"danger.severe_pain-at-emergency.wav", "danger.shoulder_tip-at-emergency.wav"} <= names


def test_a_line_for_each_topic_has_a_number(espeak: Program, tmp_path: Path) -> None:
    assert espeak.run("read", "conversation", "--to", tmp_path / "out").returncode == 0
    asked = sorted((tmp_path / "out").glob("conversation-also_asked-*.wav"))
    assert len(asked) > 20
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert len(re.findall(r"You also asked about [a-z]", page)) == len(asked)


@pytest.mark.parametrize("place", ["file", "file/inside", "/proc/nowhere"])
def test_a_folder_that_cannot_be_written(espeak: Program, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("kept")
    done = espeak.run("read", "relief.sleep", "--to", tmp_path / place)
    assert done.returncode == 2
    assert "Name a folder you may write to" in one_sentence(done)
    assert (tmp_path / "file").read_text() == "kept"


# --- the document -------------------------------------------------------------------------------------------------------


def test_the_document_holds_all_it_can_say(espeak: Program, book: IntentBook) -> None:
    done = espeak.run("read", "--table")
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    for intent in book.intents.values():
        assert f"### {intent.label}\n" in text
        for part in intent.parts:
            assert part.source in text
            assert part.say.replace("{", "}").split("}")[-1].strip() in text
    for part in book.lines.values():
        assert part.say in text
    assert text.count("Reviewed: **no**") == sum(not intent.reviewed for intent in book.intents.values()) + 3  # files of shared lines
    assert "{emergency}" not in text.partition("## Lines that several answers share")[0]
    assert text.index("### danger.bleeding") < text.index("### cause.overview") < text.index("### control.help")


def test_the_document_of_one_label_tells_tier_and_what_a_yes_leads_to(espeak: Program) -> None:
    text = espeak.run("read", "--table", "danger.bleeding").stdout.decode()
    assert "Tier: **now**. A yes leads to: **emergency**. Reviewed: **no**." in text
    assert "### relief" not in text
    assert re.search(r"^\| answer \| Go to a hospital .*\| clinical reference, section 1 .* \|$", text, re.MULTILINE)


def test_a_signature_and_a_bar_are_shown(tmp_path: Path, short_folder: Path) -> None:
    folder = tmp_path / "intents"
    shutil.copytree(short_folder, folder)
    file = folder / "en" / "relief.shoes.yaml"
    text = file.read_text(encoding="utf-8").replace("reviewed: no ", "reviewed: A. Midwife, 2026-12-01 ", 1)
    text = text.replace("source article, section 2 heels", "source article | section 2 heels", 1)
    file.write_text(text, encoding="utf-8")
    reader = program(tmp_path / "home", BACK_CARE_INTENTS_FOLDER=folder)
    signature = one_sentence(reader.run("read", "relief.shoes", "--table")).split("write ")[1]
    file.write_text(text.replace("A. Midwife, 2026-12-01", signature, 1), encoding="utf-8")
    told = reader.run("read", "relief.shoes", "--table").stdout.decode()
    assert re.search(r"Reviewed: A\. Midwife, 2026-12-01, words [0-9a-f]{6}\.", told)
    assert "source article \\| section 2 heels" in told
    assert "Signed off by a clinician: 1 of" in told


# --- aloud --------------------------------------------------------------------------------------------------------------


def test_aloud_it_says_the_name_and_then_the_words(tmp_path: Path, short_folder: Path, sound_card: VirtualSoundCard) -> None:
    heard = tmp_path / "heard.wav"
    variables = {"BACK_CARE_INTENTS_FOLDER": short_folder, "BACK_CARE_VOICE": "espeak", "BACK_CARE_SPEED": "1.6"}
    quick = program(tmp_path / "home", **variables)
    with sound_card.record_speaker(heard):
        done = quick.run("read", "control.thanks", "control.stop")
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode().splitlines() == ["control.thanks answer: You are welcome. Ask me any time."]
    alone = tmp_path / "alone"
    assert quick.run("read", "control.thanks", "--to", alone).returncode == 0
    assert loud_seconds(heard) > seconds(alone / "control.thanks-answer.wav") + 0.5  # the name was spoken too


def loud_seconds(path: Path) -> float:
    """From the first loud tenth of a second to the last."""
    with wave.open(str(path)) as recording:
        rate, channels = recording.getframerate(), recording.getnchannels()
        samples = np.frombuffer(recording.readframes(recording.getnframes()), "<i2")[::channels].astype(float)
    tenth = rate // 10
    loud = np.flatnonzero([np.abs(samples[at : at + tenth]).max() > 300 for at in range(0, len(samples) - tenth, tenth)])
    return 0.0 if loud.size == 0 else float(loud[-1] - loud[0] + 1) / 10


# --- labels -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "near"),
    [("shoes", "relief.shoes"), ("danger.bleedin", "danger.bleeding"), ("Relief.Shoes", "relief.shoes"), ("line", "lines")],
)
def test_an_unknown_label_names_near_ones(espeak: Program, label: str, near: str) -> None:
    done = espeak.run("read", "relief.sleep", label)
    assert done.returncode == 2
    told = one_sentence(done)
    assert repr(label) in told
    assert near in told
    assert done.stdout == b""


def test_a_label_like_no_other(espeak: Program) -> None:
    assert "`read --table` shows them all" in one_sentence(espeak.run("read", "qqqq", "--table"))


def test_recording_and_document_at_once_is_wrong_use(espeak: Program, tmp_path: Path) -> None:
    done = espeak.run("read", "--table", "--to", tmp_path / "out")
    assert done.returncode == 2
    assert "not allowed with" in done.stderr.decode()
    assert not (tmp_path / "out").exists()


def test_help_names_what_there_is_besides_intents(espeak: Program) -> None:
    assert b"lines, conversation, check" in b" ".join(espeak.run("read", "--help").stdout.split())
