"""Wake words: spoken by a synthetic voice, found by the real detector, with the real recogniser beside it."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyopen_wakeword
import pytest
import soundfile

from skill import assembly
from skill.assistant import Assistant
from skill.attention import Attention
from skill.hearing import open_recogniser
from skill.hearing.listener import Listener
from skill.hearing.recording import RecordingMicrophone
from skill.hearing.wake_word import WakeWordSpotter
from skill.hearing.waking import WakingRecogniser
from skill.messages import AudioBlock, Heard, NothingHeard, Speech, Tone, Transcript, Woken
from skill.mouth import Mouth
from skill.settings import WAKE_WORDS, Settings
from skill.stages import Recogniser
from skill.wake_phrase import WakePhrase
from tests.commands.program import program
from tests.fakes import FakeRecogniser, FakeSpeaker, FakeVoice
from tests.knowledge import cache_folder
from tests.virtual_sound import VirtualSoundCard

__all__ = ["cache_folder"]

ROOT = Path(__file__).resolve().parents[2]
SOUNDS = ROOT.parent / "shared" / "sounds"
NOISE_SECONDS = 6
TONES = {tone: Speech(f"({tone.value})".encode(), 8_000) for tone in Tone}


@pytest.fixture(scope="module")
def spotter() -> WakeWordSpotter:
    return WakeWordSpotter("hey jarvis")


@pytest.fixture(scope="module")
def whisper(whisper_model: Path) -> Recogniser:
    return open_recogniser("whisper", whisper_model)


def sound_of(path: Path) -> bytes:
    return b"".join(piece.pcm for piece in _pieces(path))


def _pieces(path: Path) -> list[AudioBlock]:
    recogniser = FakeRecogniser()
    list(Listener(RecordingMicrophone(path), recogniser).heard())
    return [AudioBlock(recogniser.pcm, 16_000)]


def found(spotter: WakeWordSpotter, pcm: bytes, step: int = 2_560) -> list[int]:
    """After which bytes the word was found, step by step."""
    spotter.forget()
    return [start + step for start in range(0, len(pcm), step) if spotter.accept(pcm[start : start + step])]


def heard_in(path: Path, recogniser: Recogniser) -> list[Heard]:
    return [one for one in Listener(RecordingMicrophone(path), recogniser).heard() if isinstance(one, Transcript | NothingHeard | Woken)]


def test_the_settings_offer_what_the_package_has() -> None:
    assert tuple(sorted(model.value.replace("_", " ") for model in pyopen_wakeword.Model)) == WAKE_WORDS


@pytest.mark.parametrize("word", WAKE_WORDS)
def test_each_word_is_found_once_where_it_is_said(word: str, spoken: Callable[[str], Path]) -> None:
    if importlib.util.find_spec("hibari") is None and word != "hey jarvis":
        pytest.skip("espeak-ng says only some of them so that they are known")
    places = found(WakeWordSpotter(word), sound_of(spoken(f"{word.title()}.")))
    assert places
    assert places[-1] - places[0] == 2_560 * (len(places) - 1)


def test_the_word_is_found_at_the_same_place_however_the_sound_is_cut(spotter: WakeWordSpotter, spoken: Callable[[str], Path]) -> None:
    pcm = sound_of(spoken("Hey Jarvis."))
    coarse = found(spotter, pcm, 25_600)
    assert coarse
    assert coarse == sorted({-(-place // 25_600) * 25_600 for place in found(spotter, pcm)})


def test_what_is_said_without_the_word_is_not_taken_for_it(spotter: WakeWordSpotter, spoken: Callable[[str], Path]) -> None:
    for sentence in ("Hello, are you coming?", "Why does my back hurt?"):
        assert found(spotter, sound_of(spoken(sentence))) == []


def test_household_noise_does_not_wake_it(spotter: WakeWordSpotter) -> None:
    files = sorted((SOUNDS / "noise").glob("*.wav"))
    if not files:
        pytest.skip(f"there are no recordings of noise in {SOUNDS}")
    for path in files:
        assert found(spotter, sound_of(path)[: NOISE_SECONDS * 32_000]) == [], path


def test_the_word_and_a_question_in_one_breath(whisper: Recogniser, spotter: WakeWordSpotter, spoken: Callable[[str], Path]) -> None:
    """By its sound alone: this attention knows other letters."""
    by_sound = Attention(WakePhrase("no such phrase"))
    waking = WakingRecogniser(whisper, spotter)
    for said, behind in (("Hey Jarvis, why does my back hurt?", "why does my back hurt"), ("Hey Jarvis.", None)):
        (heard,) = heard_in(spoken(said), waking)
        assert isinstance(heard, Transcript)
        call = by_sound.called(heard)
        assert call is not None
        assert (call.behind.text if call.behind else None) == behind


def test_what_the_recogniser_hears_stays_the_same(whisper: Recogniser, spotter: WakeWordSpotter, spoken: Callable[[str], Path]) -> None:
    path = spoken("My back hurts, and I am bleeding.")
    assert [_words(one) for one in heard_in(path, WakingRecogniser(whisper, spotter))] == [_words(one) for one in heard_in(path, whisper)]


def _words(heard: Heard) -> tuple[object, ...]:
    assert isinstance(heard, Transcript)
    return heard.text, heard.words, heard.start_seconds, heard.woken_seconds


class _Deaf(FakeRecogniser):
    """Notices that somebody speaks, and makes no words of it."""

    hears_speech = True

    def finish(self) -> Sequence[Heard]:
        return [NothingHeard("a name it does not know")]


def test_the_word_counts_where_the_recogniser_makes_nothing_of_it(spotter: WakeWordSpotter, spoken: Callable[[str], Path]) -> None:
    assert [type(one) for one in heard_in(spoken("Hey Jarvis."), WakingRecogniser(_Deaf(), spotter))] == [NothingHeard, Woken]
    assert [type(one) for one in heard_in(spoken("Why does my back hurt?"), WakingRecogniser(_Deaf(), spotter))] == [NothingHeard]


def test_a_talk(whisper: Recogniser, spotter: WakeWordSpotter, spoken: Callable[[str], Path], cache_folder: Path, tmp_path: Path) -> None:
    """A question that is not for it, the word and its tone, the same question, goodbye; a danger sign without the word."""
    settings = Settings()
    book = assembly.intent_book(settings)
    by_word = settings.hearing.model_copy(update={"wake": "word"})
    settings = Settings(hearing=by_word, storage=settings.storage.model_copy(update={"cache_folder": cache_folder}))
    assistant = Assistant(assembly.interpreter(settings, book), assembly.responder(settings, book))
    assistant.attention = assembly.attention(settings, assembly.script(book), whisper)
    speaker = FakeSpeaker()
    said = ("What shoes should I wear?", "Hey Jarvis.", "What shoes should I wear?", "Goodbye.", "How should I sleep?", "I am bleeding.")
    parts = [soundfile.read(spoken(words)) for words in said]
    soundfile.write(tmp_path / "talk.wav", np.concatenate([samples for samples, _ in parts]), parts[0][1])
    microphone = RecordingMicrophone(tmp_path / "talk.wav")
    mouth = Mouth(FakeVoice(), speaker, TONES, lambda text: None)
    assistant.converse(Listener(microphone, WakingRecogniser(whisper, spotter)), mouth, lambda turn: None, lambda other: None)
    words = [words for words, _ in speaker.played]
    assert words[0] == "(listening)"
    assert words[1].startswith("Flat shoes")
    goodbye = next(number for number, line in enumerate(words) if line.startswith("Goodbye"))
    assert words[goodbye + 1] == "(danger)"
    assert words[goodbye + 2].startswith("Go to a hospital")


def damaged_package(folder: Path) -> Path:
    """A copy of the installed package, of which one model is cut short; for PYTHONPATH."""
    package = Path(pyopen_wakeword.__file__).parent
    shutil.copytree(package, folder / package.name)
    for about in package.parent.glob("pyopen_wakeword-*.dist-info"):
        shutil.copytree(about, folder / about.name)
    model = folder / package.name / "models" / "embedding_model.tflite"
    model.write_bytes(model.read_bytes()[:1_000])
    return folder


def test_a_damaged_model_is_said_and_not_loaded(tmp_path: Path) -> None:
    asked = "from skill.hearing.wake_word import WakeWordSpotter\nWakeWordSpotter('alexa')"
    path = {"PYTHONPATH": f"{damaged_package(tmp_path)}:{ROOT}"}
    done = subprocess.run([sys.executable, "-c", asked], env=path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "HearingError: The model " in done.stderr
    assert "embedding_model.tflite is damaged: remove .venv and run script/setup again." in done.stderr


def test_without_its_models_and_without_pins_it_starts_all_the_same(
    sound_card: VirtualSoundCard, whisper_model: Path, cache_folder: Path, tmp_path: Path
) -> None:
    """Each loss is one sentence. The wake phrase needs only the recogniser, and the ready line tells it."""
    (cache_folder / "welcomed").touch()
    variables = {"BACK_CARE_WAKE": "word", "BACK_CARE_RECOGNISER": "whisper", "BACK_CARE_CACHE_FOLDER": cache_folder}
    variables |= {"BACK_CARE_LED_PIN": "17", "GPIOZERO_PIN_FACTORY": "no such factory"}
    started = program(tmp_path / "home", **variables, PYTHONPATH=damaged_package(tmp_path / "packages")).start()
    try:
        assert started.stdout is not None
        assert started.stderr is not None
        assert b"I am listening. When you want me, say: hello back care." in started.stdout.readline()
    finally:
        started.terminate()
        said = started.communicate(timeout=20)[1].decode()
    assert 'is damaged: remove .venv and run script/setup again. Until then it waits for "hello back care" instead.' in said
    assert 'Say "hello back care", then ask.' in said
    assert "Traceback" not in said
    (panel,) = [line for line in said.splitlines() if "light" in line]
    assert panel.startswith("The light and the button cannot be used (")
    assert panel.endswith(" It goes on without them.")
