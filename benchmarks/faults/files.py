"""Faults of files and memory, injected into the running assistant, and what came of each.

    .venv/bin/python -m benchmarks.faults.files        (as root, for the disks; about five minutes)

The assistant is asked aloud on a virtual sound card, with all the real intents, and with settings, cache and state of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.faults.rows import Row
from benchmarks.measuring.processes import in_own_process, memory_of
from benchmarks.measuring.sound import spoken_questions
from skill.settings import PROJECT
from tests.commands.program import Program, program
from tests.faults.disks import SmallDisk, small_disk
from tests.faults.talking import Talk, until
from tests.virtual_sound import VirtualSoundCard, virtual_sound_card

SHOES, SLEEP, BLEEDING = "What shoes should I wear?", "How should I sleep?", "I am bleeding."
# The ready line and its tone; the ear opens behind them.
READY_SECONDS = 8.0
FRESH_TIMEOUT_SECONDS = 600.0


class Assistant:
    """It runs on a virtual sound card and on a disk of its own; `heard` asks it aloud."""

    def __init__(self, card: VirtualSoundCard, disk: SmallDisk, folder: Path, memory: str, voice: str) -> None:
        self.card = card
        self.disk = disk
        self.home = disk.folder
        self.intents = folder / "intents"
        self.models = folder / "models"
        self.recordings = spoken_questions((SHOES, SLEEP, BLEEDING), folder)
        places = {"BACK_CARE_INTENTS_FOLDER": self.intents, "BACK_CARE_MODELS_FOLDER": self.models}
        chosen = {"BACK_CARE_RECOGNISER": "whisper", "BACK_CARE_MEMORY": memory, "BACK_CARE_VOICE": voice}
        sound = {name: card.environment[name] for name in ("PULSE_SERVER", "ALSA_CONFIG_PATH", "PULSE_COOKIE")}
        self.program: Program = program(self.home, **places, **sound, **chosen)

    @contextmanager
    def running(self) -> Iterator[Talk]:
        with self.program.start() as process:
            try:
                talking = Talk(process)
                talking.wait_for(" listens.")
                time.sleep(READY_SECONDS)
                talking.pass_over()
                yield talking
            finally:
                process.send_signal(signal.SIGKILL)

    def heard(self, talking: Talk, question: str) -> tuple[str, float]:
        """The answer, and seconds from the end of the question to its words. Returns when it has been spoken."""
        self.card.play_into_microphone(self.recordings[question])
        asked = time.monotonic()
        answer = talking.wait_for("Back Care: ").removeprefix("Back Care: ").strip()
        seconds = time.monotonic() - asked
        time.sleep(len(answer.split()) / 115 * 60 + 3)
        return answer, seconds

    def state(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = json.loads(self.state_file.read_text())
        return found

    @property
    def state_file(self) -> Path:
        return self.home / "state" / "back-care" / "state.json"

    def edit(self, old: str, new: str) -> float:
        """In the answer about shoes; when."""
        path = self.intents / "en" / "relief.shoes.yaml"
        path.write_text(path.read_text().replace(old, new))
        return time.monotonic()

    def set(self, lines: str) -> float:
        path = self.home / "config" / "back-care" / "settings.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(lines)
        return time.monotonic()


def run() -> list[Row]:
    """Inject all of them, in turn."""
    return list(_rows())


def _rows() -> Iterator[Row]:
    with _assistant(memory="full", voice="espeak") as assistant:
        subprocess.run([*_program(), "render"], env=assistant.program.environment, check=True, capture_output=True)
        with assistant.running() as talking:
            for fault in (_nothing, _edited, _mistake, _setting, _slip, _device, _rendered, _model, _state, _full, _read_only):
                yield from fault(assistant, talking)
    for memory in ("full", "small"):
        with _assistant(memory, voice="auto") as assistant, assistant.running() as talking:
            yield Row(f"`memory: {memory}`, while it listens", f"takes {memory_of(talking.process.pid).pss:.0f} MB (PSS)", None)
            yield _answered(f"`memory: {memory}`, nothing is rendered yet", *assistant.heard(talking, BLEEDING))
            yield Row("… and then", f"takes {memory_of(talking.process.pid).pss:.0f} MB (PSS)", None)
    yield from _fresh_starts()


@contextmanager
def _assistant(memory: str, voice: str) -> Iterator[Assistant]:
    with tempfile.TemporaryDirectory(prefix="faults-") as name, virtual_sound_card() as card, small_disk(Path(name) / "home", 64) as disk:
        folder = Path(name)
        shutil.copytree(PROJECT / "intents", folder / "intents")
        shutil.copytree(PROJECT / "models" / "whisper-tiny.en", folder / "models" / "whisper-tiny.en")
        (disk.folder / "cache").mkdir()
        (disk.folder / "cache" / "welcomed").touch()
        yield Assistant(card, disk, folder, memory, voice)


def _program() -> tuple[str, str]:
    return str(PROJECT / ".venv" / "bin" / "python"), str(PROJECT / "run_assistant.py")


def _answered(what: str, answer: str, seconds: float) -> Row:
    return Row(what, f"answered: {' '.join(answer.split()[:6])} …", seconds)


def _told(talking: Talk, words: str) -> bool:
    """Before or behind the answer."""
    talking.pass_over()
    return any(words in line for line in talking.came)


def _nothing(assistant: Assistant, talking: Talk) -> Iterator[Row]:
    yield _answered("nothing, to compare with", *assistant.heard(talking, SHOES))


def _edited(assistant: Assistant, talking: Talk) -> Iterator[Row]:
    at = assistant.edit("Flat shoes", "Soft shoes")
    talking.wait_for("in force from now on: the intents")
    yield Row("an answer is edited", "in force without a restart", time.monotonic() - at)
    yield _answered("… and asked for", *assistant.heard(talking, SHOES))


def _mistake(assistant: Assistant, talking: Talk) -> Iterator[Row]:
    at = assistant.edit("answer:", "anwser:")
    told = talking.wait_for("relief.shoes.yaml")
    yield Row("a mistake in that file", "refused: " + told.strip().rpartition("/")[2], time.monotonic() - at)
    yield _answered("… and asked for", *assistant.heard(talking, SHOES))
    at = assistant.edit("anwser:", "answer:")
    until(lambda: "edited files" not in assistant.state()["why"], "the failure stays")
    yield Row("the mistake is mended", "`status` tells no failure any more", time.monotonic() - at)


def _setting(assistant: Assistant, talking: Talk) -> Iterator[Row]:
    at = assistant.set('country: "IN"\nsilence_seconds: 1.0\nvolume: 60\n')
    talking.wait_for("in force from now on: silence_seconds, volume, country")
    yield Row("country, volume and silence_seconds are set", "in force without a restart", time.monotonic() - at)


def _slip(assistant: Assistant, talking: Talk) -> Iterator[Row]:
    at = assistant.set('country: "IN"\nvolume: 600\n')
    told = talking.wait_for("settings.yaml")
    yield Row("a wrong value in the settings", "refused: " + told.strip().rpartition("/")[2], time.monotonic() - at)


def _device(assistant: Assistant, talking: Talk) -> Iterator[Row]:
    at = assistant.set('country: "IN"\nmicrophone: "Virtual room"\n')
    talking.wait_for("from the next start on: microphone")
    yield Row("another microphone is set", 'said: "in force from the next start on"', time.monotonic() - at)


def _rendered(assistant: Assistant, talking: Talk) -> Iterator[Row]:
    for path in (assistant.home / "cache" / "speech").iterdir():
        path.write_bytes(os.urandom(path.stat().st_size))
    yield _answered("every rendered answer is overwritten with noise", *assistant.heard(talking, SLEEP))
    assert _told(talking, "A rendered answer in")
    yield Row("… and told", "in the log: a rendered answer is damaged", None)


def _model(assistant: Assistant, talking: Talk) -> Iterator[Row]:
    with (assistant.models / "whisper-tiny.en" / "model.bin").open("r+b") as file:
        file.truncate(1_000_000)
    yield _answered("the recogniser's model is cut off while it runs", *assistant.heard(talking, SHOES))


def _state(assistant: Assistant, talking: Talk) -> Iterator[Row]:
    assistant.state_file.write_bytes(os.urandom(200))
    answer, seconds = assistant.heard(talking, SHOES)
    yield _answered("the state file is overwritten with noise", answer, seconds)
    yield Row("… and `status` then", f"tells again: {assistant.state()['answers']} answers", None)


def _full(assistant: Assistant, talking: Talk) -> Iterator[Row]:
    assistant.disk.fill()
    yield _answered("the disk of settings, cache and state is full", *assistant.heard(talking, SHOES))
    assert _told(talking, "cannot be noted")
    yield Row("… and told", "in the log: it cannot be noted how it is (No space left on device)", None)
    assistant.disk.make_room()


def _read_only(assistant: Assistant, talking: Talk) -> Iterator[Row]:
    assistant.disk.read_only()
    yield _answered("the same disk is read-only", *assistant.heard(talking, SHOES))


def _fresh_starts() -> Iterator[Row]:
    """What a start does with damaged models and stores: how long it takes until it understands."""
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        yield from _starts(Path(name))


def _starts(folder: Path) -> Iterator[Row]:
    encoder = shutil.copytree(PROJECT / "models" / "encoder", folder / "encoder")
    for what, harm in (
        ("nothing is damaged, a start", _unharmed),
        ("the store of what was learned is damaged, a start", _harm_store),
        ("the sentence encoder is cut off, a start", _harm_encoder),
        ("there is no sentence encoder, a start", shutil.rmtree),
    ):
        harm(encoder)
        seconds, told, labels = in_own_process(_understand, encoder, folder / "cache", timeout_seconds=FRESH_TIMEOUT_SECONDS)
        said = told[0].replace(str(folder), "…") if told else "nothing is told"
        yield Row(f"{what} until it understands", f"understands {labels[0]}; {said}", seconds)


def _unharmed(encoder: Path) -> None:
    return


def _harm_store(encoder: Path) -> None:
    store = encoder / "fitted.npz"
    store.write_bytes(store.read_bytes()[: store.stat().st_size // 2])


def _harm_encoder(encoder: Path) -> None:
    model = encoder / "encoder.onnx"
    model.write_bytes(model.read_bytes()[:1_000_000])


def _understand(encoder: Path, cache: Path) -> tuple[float, list[str], tuple[str, ...]]:
    from skill.messages import Transcript
    from skill.understanding import open_interpreter
    from skill.understanding.intents import load_intents

    told: list[str] = []
    began = time.monotonic()
    interpreter = open_interpreter(load_intents(PROJECT / "intents" / "en"), encoder, cache, told.append)
    labels = interpreter.interpret(Transcript("i have been bleeding since last night", "typed")).labels
    return time.monotonic() - began, told, labels


if __name__ == "__main__":
    print("| what was injected | what happened | seconds |\n|---|---|---|")
    for row in _rows():
        print(f"| {row.what} | {row.happened} | {'' if row.seconds is None else f'{row.seconds:.1f}'} |", flush=True)
