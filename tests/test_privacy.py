"""Nothing she says leaves the machine, and nothing stays on it: the real program without a network, and all that it could have written."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.commands.program import Program, program
from tests.knowledge import short_intents
from tests.virtual_sound import VirtualSoundCard

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_SECONDS = 400.0
# A word that nobody else says. Put together here: written out, it would be found in this file.
MADE_UP = "".join(reversed("aridnevlum"))

pytestmark = pytest.mark.timeout(1_800)


@pytest.fixture(scope="module")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Few examples, which are read fast."""
    return short_intents(tmp_path_factory.mktemp("intents")).parent


@pytest.fixture
def places(tmp_path: Path) -> Path:
    """Home, cache, state, temporary files: all that it may write to."""
    folder = tmp_path / "places"
    for name in ("home", "tmp"):
        (folder / name).mkdir(parents=True)
    return folder


@pytest.fixture
def companion(places: Path, knowledge: Path) -> Program:
    own = {"HOME": places / "home", "TMPDIR": places / "tmp", "PYTHONDONTWRITEBYTECODE": "1", "BACK_CARE_INTENTS_FOLDER": knowledge}
    return program(places, **own, BACK_CARE_RECOGNISER="whisper", BACK_CARE_VOICE="espeak")


def mute(companion: Program, places: Path) -> Program:
    """Without a sound card, whatever the machine has."""
    (places / "asound.conf").write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
    without = {"ALSA_CONFIG_PATH": str(places / "asound.conf"), "PULSE_SERVER": f"unix:{places}/nowhere"}
    return Program({**companion.environment, **without})


# --- nothing leaves ------------------------------------------------------------------------------------------------------


@pytest.fixture
def nowhere() -> list[str]:
    """What begins a command in a network namespace without any interface that works."""
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare (util-linux) here to take the network away with")
    begin = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    tried = subprocess.run([*begin, "cat", "/proc/net/dev"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no network namespace may be made here: {tried.stderr.strip()}")
    assert re.findall(r"^ *(\w+):", tried.stdout, re.MULTILINE) == ["lo"]
    return begin


def run_nowhere(nowhere: list[str], companion: Program, *words: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [*nowhere, sys.executable, str(ROOT / "run_assistant.py"), *map(str, words)]
    return subprocess.run(command, env=companion.environment, input=stdin, capture_output=True, text=True, timeout=PATIENCE_SECONDS)


def test_it_hears_without_any_network(
    nowhere: list[str], companion: Program, spoken: Callable[[str], Path], whisper_model: Path, tmp_path: Path
) -> None:
    done = run_nowhere(nowhere, companion, "hear", "--json", spoken("I am bleeding a little."), "--speak-to", tmp_path / "said.wav")
    assert done.returncode == 0, done.stderr
    heard = json.loads(done.stdout)
    assert (heard["labels"][0], heard["tier"]) == ("danger.bleeding", "now")
    assert (tmp_path / "said.wav").stat().st_size > 100_000


def test_it_answers_typed_questions_without_any_network(nowhere: list[str], companion: Program, places: Path) -> None:
    done = run_nowhere(nowhere, mute(companion, places), "--typed", stdin="which shoes\ni am bleeding\n")
    assert done.returncode == 0, done.stderr
    answers = [line for line in done.stdout.splitlines() if line.startswith("Back Care: ")]
    assert len(answers) == 3  # the disclaimer first
    assert "Go to a hospital" in answers[2]


# --- nothing stays -------------------------------------------------------------------------------------------------------


def files_below(folder: Path) -> Iterator[Path]:
    """Without what set-up fetched (.venv, models) and what Git keeps."""
    for here, folders, names in os.walk(folder):
        if Path(here) == ROOT:
            folders[:] = [name for name in folders if name not in (".git", ".venv", "models")]
        yield from (path for path in (Path(here) / name for name in names) if path.is_file())


def files_with(words: set[str], *folders: Path) -> list[str]:
    """Each file that holds one of the words, in a content of any kind or in its name."""
    looked_for = re.compile("|".join(map(re.escape, sorted(words))), re.IGNORECASE)
    in_bytes = re.compile(looked_for.pattern.encode(), re.IGNORECASE)
    found = []
    for path in (path for folder in folders for path in files_below(folder)):
        if looked_for.search(path.name) or in_bytes.search(path.read_bytes()):
            found.append(str(path))
    return found


def heard_words_that_stand_nowhere(companion: Program, recording: Path, knowledge: Path) -> set[str]:
    """What the recogniser makes of a made-up word, whatever that is: those of its words that are in no file of ours before."""
    done = companion.run("hear", "--json", recording)
    assert done.returncode == 0, done.stderr.decode()
    heard = " ".join(json.loads(line)["heard"] for line in done.stdout.decode().splitlines()).lower()
    words = {word for word in re.findall(r"[a-z]{6,}", heard) if not files_with({word}, ROOT, knowledge)}
    assert words, f"only everyday words were heard: {heard}"
    return words


def test_the_search_finds_a_word_in_a_file_of_any_kind(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(b"\0\xff" + MADE_UP.upper().encode() + b"\0")
    (tmp_path / f"{MADE_UP}.txt").touch()
    (tmp_path / "other").write_text("nothing")
    assert len(files_with({MADE_UP}, tmp_path)) == 2
    assert files_with({MADE_UP}, ROOT) == []


def test_after_a_typed_conversation_no_file_holds_a_word_of_it(companion: Program, places: Path) -> None:
    said = [
        f"my back hurts since {MADE_UP} came",
        f"i am bleeding {MADE_UP}",
        "yes",
        MADE_UP,
        f"slower {MADE_UP}",
        f"my husband {MADE_UP} hits me",
        f"?! {MADE_UP} \udce9",
        "say that again",
        "i am 24 weeks pregnant",
    ]
    text = "\n".join(said).encode("utf-8", "surrogateescape")
    quiet = mute(companion, places)
    for words in (["--typed"], [], ["--debug"]):  # without a microphone the usual start takes typed questions too
        done = quiet.run(*words, stdin=text)
        assert done.returncode == 0, done.stderr.decode()
        assert b"Go to a hospital" in done.stdout
    assert (places / "state").exists()
    assert files_with({MADE_UP}, places, ROOT) == []


def test_after_it_listened_no_file_holds_a_word_that_it_heard(
    companion: Program,
    places: Path,
    knowledge: Path,
    sound_card: VirtualSoundCard,
    spoken: Callable[[str], Path],
    whisper_model: Path,
) -> None:
    """As the service: its standard error is kept, and searched too."""
    recording = spoken(f"I am bleeding, {MADE_UP}, I am bleeding.")
    words = heard_words_that_stand_nowhere(companion, recording, knowledge)
    listening = Program({**companion.environment, **sound_card.environment, "INVOCATION_ID": "1"})
    with (
        (places / "journal").open("wb") as journal,
        listening.start(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=journal) as assistant,
    ):
        try:
            until(lambda: status(listening)["hearing"])
            sound_card.play_into_microphone(recording)
            until(lambda: status(listening).get("answers") and not status(listening)["speaking"])
        finally:
            assistant.terminate()
    assert b"listens" in (places / "journal").read_bytes()
    assert files_with({*words, MADE_UP}, places, ROOT) == []
    assert files_with({"bleed"}, places / "state", places / "home", places / "tmp") == []
    assert b"bleed" not in (places / "journal").read_bytes()


def status(companion: Program) -> dict[str, object]:
    found: dict[str, object] = json.loads(companion.run("status", "--json").stdout)
    return found


def until(happens: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happens():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.2)
