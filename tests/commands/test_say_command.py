"""`say`, `check` and `render`, in real processes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.commands.program import Program, one_sentence, program
from tests.knowledge import ENCODER


@pytest.fixture
def folder(short_folder: Path, tmp_path: Path) -> Path:
    """An intents folder to break."""
    return shutil.copytree(short_folder, tmp_path / "intents")


def breaking(folder: Path, tmp_path: Path) -> Program:
    return program(tmp_path / "home", BACK_CARE_INTENTS_FOLDER=folder)


def test_say_prints_the_answer_alone(real: Program) -> None:
    done = real.run("say", "my back aches and I'm bleeding a little")
    assert (done.returncode, done.stderr) == (0, b"")
    (line,) = done.stdout.decode().splitlines()
    assert line.startswith(("Go to a hospital", "If you are bleeding, go"))


def test_say_explains_on_standard_error(quick: Program) -> None:
    plain, explained = (quick.run("say", *more, "i'm bleeding") for more in ([], ["--explain"]))
    assert explained.stdout == plain.stdout
    assert plain.stderr == b""
    assert b"danger.bleeding (now" in explained.stderr
    if (ENCODER / "encoder.onnx").is_file():
        alike = [line for line in explained.stderr.decode().splitlines() if line.startswith("like, ")]
        assert len(alike) == 5
        assert alike == sorted(alike, reverse=True)
        assert "danger.bleeding" in alike[0]


def test_say_answers_what_it_did_not_understand(quick: Program) -> None:
    done = quick.run("say", "?!")
    assert done.returncode == 0
    assert b"did not understand" in done.stdout


@pytest.mark.parametrize("text", [b"caf\xe9 \xff bleeding", b"i'm bleeding " * 9_000, b""], ids=["not UTF-8", "long", "empty"])
def test_say_takes_any_text(quick: Program, text: bytes) -> None:
    done = quick.run("say", text.decode(errors="surrogateescape"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.strip()


def test_the_countrys_number_is_said_digit_by_digit(quick: Program, tmp_path: Path) -> None:
    known = program(tmp_path / "home", **{**quick.environment, "BACK_CARE_COUNTRY": "US"})
    said, unknown = (one.run("say", "call an ambulance").stdout.decode() for one in (known, quick))
    assert "The number is nine, one, one." in said
    assert "The number is" not in unknown
    assert "ask someone to take you" in unknown


def test_say_aloud_without_a_speaker_prints_the_answer_and_tells_why_it_is_mute(quick: Program, tmp_path: Path) -> None:
    (tmp_path / "asound.conf").write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
    mute = program(
        tmp_path / "home",
        **{**quick.environment, "ALSA_CONFIG_PATH": tmp_path / "asound.conf", "PULSE_SERVER": "unix:/nowhere", "BACK_CARE_VOICE": "espeak"},
    )
    done = mute.run("say", "--aloud", "which shoes")
    assert done.returncode == 1
    assert done.stdout.strip()
    assert "speaker" in one_sentence(done)


# --- check -------------------------------------------------------------------------------------------------------------


def test_check_finds_no_mistake_in_the_real_intents(real: Program) -> None:
    done = real.run("check")
    assert done.returncode == 0, done.stderr.decode()
    assert re.search(rb"\d+ intents \(25 danger signs\).* no mistake", done.stdout)


def test_check_shows_every_mistake_of_every_file(folder: Path, tmp_path: Path) -> None:
    english = folder / "en"
    for name, before, after in (
        ("relief.shoes.yaml", "means:", "meens:"),
        ("danger.fever.yaml", "unsure:", "unsrue:"),
        ("shared/countries.yaml", 'number: "911"', "number: 911"),
        ("shared/danger_screen.yaml", "  danger.fever:", "  danger.feber:"),
        ("shared/lines.yaml", "source:", "sauce:"),
    ):
        content = (english / name).read_text()
        assert before in content
        (english / name).write_text(content.replace(before, after, 1))
    done = breaking(folder, tmp_path).run("check")
    assert (done.returncode, done.stdout) == (2, b"")
    said = done.stderr.decode()
    assert "Traceback" not in said
    for part in ("key meens", "key unsrue", "danger.feber", "countries.yaml, line", "key emergency sauce"):
        assert part in said, part
    assert all(line.startswith(str(english)) for line in said.splitlines())


@pytest.mark.parametrize("command", [("check",), ("say", "hello")])
def test_what_the_program_needs_is_missed_at_once(folder: Path, tmp_path: Path, command: tuple[str, ...]) -> None:
    (folder / "en" / "control.no.yaml").unlink()
    (folder / "en" / "none.yaml").unlink()
    done = breaking(folder, tmp_path).run(*command)
    assert (done.returncode, done.stdout) == (2, b"")
    said = done.stderr.decode()
    assert "Traceback" not in said
    assert "put control.no.yaml back" in said
    assert "put none.yaml back" in said


@pytest.mark.parametrize("command", [("check",), ("say", "hello"), ("understand",)])
def test_missing_intents_are_told(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = program(tmp_path / "home", BACK_CARE_INTENTS_FOLDER=tmp_path / "nowhere").run(*command)
    assert (done.returncode, done.stdout) == (2, b"")
    said = done.stderr.decode()
    assert "Traceback" not in said
    assert f"{tmp_path / 'nowhere' / 'en'}: no intents here" in said


def test_an_intent_added_in_yaml_is_answered_at_the_next_start(folder: Path, tmp_path: Path) -> None:
    (folder / "en" / "relief.trampoline.yaml").write_text(
        "label: relief.trampoline\nmeans: trampolines\ntier: none\nreviewed: no\n"
        "answer: {say: Do not jump now., source: test}\npeople_say:\n"
        "  - may i jump on a trampoline\n  - trampoline\n  - is the trampoline safe\n  - trampoline jumping okay\n"
    )
    done = breaking(folder, tmp_path).run("say", "may i jump on the trampoline")
    assert done.returncode == 0
    assert done.stdout.startswith(b"Do not jump now.")


# --- render ------------------------------------------------------------------------------------------------------------


def test_render_says_what_it_did_and_the_second_time_does_nothing(folder: Path, tmp_path: Path) -> None:
    questions = ("relief.", "cause.", "care.", "info.")  # fewer lines are rendered faster
    for path in (folder / "en").iterdir():
        if path.name.startswith(questions):
            path.unlink()
    topics = folder / "en" / "shared" / "topics.yaml"
    topics.write_text("danger.fever: fever\n" + "".join(line for line in topics.open() if not line.startswith(questions)))
    ready = program(tmp_path / "home", BACK_CARE_INTENTS_FOLDER=folder, BACK_CARE_VOICE="espeak")
    first, second = ready.run("render"), ready.run("render")
    assert (first.returncode, first.stdout) == (0, b""), first.stderr.decode()
    made = re.search(rb"espeak voice: (\d+) rendered, 0 kept, 0 dropped", first.stderr)
    assert made
    assert int(made[1]) > 50
    assert b"espeak voice: 0 rendered, %s kept, 0 dropped" % made[1] in second.stderr


def test_render_tells_when_nothing_can_be_kept(quick: Program, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    stuck = program(tmp_path / "home", **{**quick.environment, "BACK_CARE_CACHE_FOLDER": tmp_path / "file", "BACK_CARE_VOICE": "espeak"})
    done = stuck.run("render")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"Traceback" not in done.stderr
    assert str(tmp_path / "file").encode() in done.stderr
