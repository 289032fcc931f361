"""Damaged models, caches and state, and disks that are full or read-only: it serves with what is left, and tells what is wrong."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from skill import assembly
from skill.hearing.listener import Listener
from skill.hearing.recording import RecordingMicrophone
from skill.messages import Line, Transcript
from skill.reloading import LOOK_SECONDS
from skill.settings import Hearing, Settings, Storage
from skill.speaking import open_voice
from skill.speaking.cache import CachedVoice
from skill.state import HEARING, StateFile, load_state
from skill.understanding import open_interpreter
from skill.understanding.intents import IntentBook, load_intents
from tests.commands.program import program
from tests.faults.disks import small_disk
from tests.faults.talking import mute, talk, until
from tests.knowledge import ENCODER, needs_encoder, short_intents

GO = Line("Go to a hospital now.")


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> IntentBook:
    return load_intents(short_intents(tmp_path_factory.mktemp("intents")))


def is_danger(interpreter: object, text: str = "i'm bleeding so much") -> bool:
    return "danger.bleeding" in interpreter.interpret(Transcript(text, "typed")).labels  # type: ignore[attr-defined]


def test_a_full_disk_takes_no_answer_from_her_and_with_room_it_goes_on(tmp_path: Path) -> None:
    """Settings, cache, state and the log itself are on the disk that is full."""
    with small_disk(tmp_path / "home") as disk:
        intents = short_intents(tmp_path / "intents")
        (disk.folder / "cache").mkdir()
        (disk.folder / "cache" / "welcomed").touch()
        running = program(disk.folder, **mute(tmp_path), BACK_CARE_INTENTS_FOLDER=intents.parent)
        state = disk.folder / "state" / "back-care" / "state.json"
        with (disk.folder / "log").open("wb") as log, talk(running, stderr=log) as talking:
            talking.wait_for("I cannot hear you")
            assert talking.ask("which shoes").startswith("Flat shoes")
            disk.fill()
            shoes = intents / "relief.shoes.yaml"
            good = shoes.read_text()
            shoes.write_text(good.replace("answer:", "anwser:"))
            until(lambda: state.with_suffix(".part").exists(), "it did not try to note anything")
            assert talking.ask("i'm bleeding").startswith("Go to a hospital")
            disk.make_room()

            def notes_again() -> bool:
                """A mistake that is mended before it was looked at is none: then once more."""
                for words in (good.replace("answer:", "anwser:"), good.replace("Flat shoes", "Soft shoes")):
                    shoes.write_text(words)
                    time.sleep(3 * LOOK_SECONDS)
                return "edited files" in json.loads(state.read_text())["repaired"]

            until(notes_again, "it does not note again")
            assert talking.ask("which shoes").startswith("Soft shoes")


def test_a_read_only_disk_costs_only_what_would_be_kept_and_is_named(short: IntentBook, tmp_path: Path) -> None:
    told: list[str] = []
    with small_disk(tmp_path / "disk") as disk:
        disk.read_only()
        state = StateFile(disk.folder / "state.json", least_seconds=0, tell=told.append)
        state.listening()
        state.ended()
        voice = CachedVoice(open_voice("espeak"), disk.folder / "speech", told.append)
        assert voice.prepare([GO], lambda done, total: None).rendered == 0
        assert voice.render(GO).seconds > 1
        voice.close()
        assert is_danger(open_interpreter(short, ENCODER, disk.folder, told.append))
    assert [str(disk.folder) in what for what in told] == [True, True]
    assert "cannot be noted" in told[0]
    assert "Rendered answers cannot be written" in told[1]


def test_a_damaged_rendered_answer_is_said_all_the_same_and_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    first = CachedVoice(open_voice("espeak"), tmp_path)
    lines = [GO, Line("Take someone with you.")]
    first.prepare(lines, lambda done, total: None)
    sound = [first.render(line).pcm for line in lines]
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:-40] + os.urandom(40))
    again = CachedVoice(open_voice("espeak"), tmp_path, told.append)
    assert [again.render(line).pcm for line in lines] == sound
    assert len(told) == 1
    assert "damaged" in told[0]
    for voice in (first, again):
        voice.close()


@needs_encoder
def test_what_was_learned_is_learned_anew_when_its_store_is_damaged_and_that_is_told(short: IntentBook, tmp_path: Path) -> None:
    told: list[str] = []
    open_interpreter(short, ENCODER, tmp_path, told.append)
    assert told == []
    store = tmp_path / "understanding.npz"
    content = bytearray(store.read_bytes())
    content[len(content) // 3 : len(content) // 3 + 2_000] = os.urandom(2_000)  # in the middle: its beginning and end are right
    store.write_bytes(content)
    assert is_danger(open_interpreter(short, ENCODER, tmp_path, told.append))
    assert told
    assert all(str(store) in what for what in told)
    assert open_interpreter(short, ENCODER, tmp_path, told.append)
    assert len(set(told)) == 1  # and is whole again


@needs_encoder
def test_an_encoder_that_fails_on_a_sentence_leaves_the_words(short: IntentBook, tmp_path: Path) -> None:
    """It loads, and learned before it was damaged: its words have numbers now that the model does not know."""
    told: list[str] = []
    folder = shutil.copytree(ENCODER, tmp_path / "encoder")
    interpreter = open_interpreter(short, folder, tmp_path, told.append)
    assert told == []
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    vocabulary = tokenizer["model"]["vocab"]
    tokenizer["model"]["vocab"] = {word: number + 1_000_000 for word, number in vocabulary.items()}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    assert is_danger(interpreter)  # what runs does not read it again
    assert is_danger(open_interpreter(short, folder, tmp_path, told.append))
    (what,) = told
    assert "understands by words alone" in what
    assert str(folder) in what


def test_a_missing_encoder_is_told(short: IntentBook, tmp_path: Path) -> None:
    told: list[str] = []
    assert is_danger(open_interpreter(short, tmp_path / "none", None, told.append))
    assert "understands by words alone" in told[0]
    open_interpreter(short, None, None, told.append)
    assert len(told) == 1  # without one on purpose, nothing is wrong


def test_a_damaged_recogniser_is_told_and_the_other_one_listens_also_when_its_files_are_damaged_meanwhile(
    whisper_model: Path, tmp_path: Path, spoken: Callable[[str], Path]
) -> None:
    told: list[str] = []
    model = shutil.copytree(whisper_model, tmp_path / whisper_model.name)
    broken = tmp_path / "vosk-model-small-en-us-0.15"
    broken.mkdir()
    (broken / "am").write_text("no model")
    settings = Settings(hearing=Hearing(recogniser="auto"), storage=Storage.model_validate({"models_folder": str(tmp_path)}))
    recogniser = assembly.recogniser(settings, told.append)
    (what,) = told
    assert "vosk-model-small-en-us-0.15 is damaged" in what
    assert "whisper listens" in what
    with (model / "model.bin").open("r+b") as file:  # the disk dies under it
        file.write(os.urandom(1_000_000))
        file.truncate(1_000_000)
    listener = Listener(RecordingMicrophone(spoken("I am bleeding.")), recogniser)
    assert "bleeding" in " ".join(heard.text for heard in listener.heard() if isinstance(heard, Transcript))


@pytest.mark.parametrize("harm", ["garbage", "empty", "folder", "pipe", "deep"])
def test_a_damaged_state_file_is_told_and_hinders_nothing(tmp_path: Path, harm: str) -> None:
    told: list[str] = []
    file = tmp_path / "state.json"
    if harm == "folder":
        file.mkdir()
    elif harm == "pipe":
        os.mkfifo(file)
    else:
        file.write_bytes({"garbage": b'{"process": "\xff', "empty": b"", "deep": b"[" * 100_000}[harm])
    state = StateFile(file, least_seconds=0, tell=told.append)
    state.failed(HEARING, "The microphone failed.")
    state.ended()
    assert "the counts begin anew" in told[0]
    if harm == "folder":
        assert "cannot be noted" in told[1]
    else:
        saved = load_state(file)
        assert saved is not None
        assert saved.broken == (HEARING,)
