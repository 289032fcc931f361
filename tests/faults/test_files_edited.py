"""Intents and settings that are edited while it runs: the real program, real files, in the conversation that is open."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from skill.hearing.voice_activity import FRAME_BYTES, Segmenter
from tests.commands.program import Program, program
from tests.faults.talking import Talk, mute, talk, until
from tests.knowledge import short_intents

IN_FORCE = "in force from now on: "
GOES_ON = "it goes on with what was good before"


class Home:
    """Settings and intents to edit, and the program that runs on them."""

    def __init__(self, folder: Path) -> None:
        self.intents = short_intents(folder / "intents")
        self.settings = folder / "config" / "back-care" / "settings.yaml"
        (folder / "cache").mkdir()
        (folder / "cache" / "welcomed").touch()
        self.program: Program = program(folder, **mute(folder), BACK_CARE_INTENTS_FOLDER=self.intents.parent)

    def set(self, *lines: str) -> None:
        self.settings.parent.mkdir(parents=True, exist_ok=True)
        self.settings.write_text("".join(f"{line}\n" for line in lines))

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.intents / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def status(self) -> dict[str, object]:
        """What the file behind `status` says."""
        found: dict[str, object] = json.loads((self.settings.parents[2] / "state" / "back-care" / "state.json").read_text())
        return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def talking(home: Home) -> Iterator[Talk]:
    """One program for all tests, as it would run for weeks. It looked for a microphone first, so that it keeps what `status` tells."""
    with talk(home.program) as talking:
        yield talking


def test_an_edited_answer_is_said_without_a_restart_and_a_broken_one_refused_until_it_is_mended(home: Home, talking: Talk) -> None:
    assert talking.ask("which shoes").startswith("Flat shoes")
    home.edit("relief.shoes.yaml", "Flat shoes", "Soft shoes")
    talking.wait_for(f"{IN_FORCE}the intents")
    assert talking.ask("which shoes").startswith("Soft shoes")

    home.edit("relief.shoes.yaml", "answer:", "anwser:")
    told = talking.wait_for("relief.shoes.yaml")
    line = 1 + (home.intents / "relief.shoes.yaml").read_text().splitlines().index("anwser:")
    assert f"line {line}, " in told
    assert "anwser" in told
    talking.wait_for(GOES_ON)
    assert talking.ask("which shoes").startswith("Soft shoes")
    until(lambda: "edited files" in home.status()["why"], "it is not noted")  # type: ignore[operator]
    status = home.program.run("status").stdout.decode()
    assert "Wrong now, edited files: " in status
    assert f"relief.shoes.yaml, line {line}" in status

    home.edit("relief.shoes.yaml", "anwser:", "answer:")
    home.edit("relief.shoes.yaml", "Soft shoes", "Low shoes")
    talking.wait_for(IN_FORCE)
    assert talking.ask("which shoes").startswith("Low shoes")
    until(lambda: "edited files" not in home.status()["why"], "the failure stays")  # type: ignore[operator]


def test_an_edited_setting_counts_in_the_conversation_that_is_open(home: Home, talking: Talk) -> None:
    assert "?" in talking.ask("i'm bleeding")  # its question is open
    home.set('country: "IN"', 'helper_name: "Grace"')
    talking.wait_for(f"{IN_FORCE}country, helper_name")
    yes = talking.ask("yes")
    assert "The number is one, one, two" in yes
    assert "Grace" in yes


def test_a_wrong_setting_is_refused_and_the_good_one_stays(home: Home, talking: Talk) -> None:
    home.set('hospital: "Saint Mary"')
    talking.wait_for(IN_FORCE)
    home.set('hospital: "Saint Anne"', "volume: 800")
    told = talking.wait_for("settings.yaml")
    assert "line 2, key volume" in told
    talking.wait_for(GOES_ON)
    assert "Saint Mary" in talking.ask("my waters broke")
    until(lambda: "line 2, key volume" in home.status()["why"].get("edited files", ""), "it is not noted")  # type: ignore[attr-defined]
    home.set('hospital: "Saint Anne"', "volume: 70")
    talking.wait_for(f"{IN_FORCE}volume, hospital")
    assert "Saint Anne" in talking.ask("my waters broke")
    until(lambda: "edited files" not in home.status()["why"], "the failure stays")  # type: ignore[operator]


def test_what_needs_a_device_opened_anew_waits_for_the_next_start_and_is_said_to(home: Home, talking: Talk) -> None:
    home.set('microphone: "USB"', 'helper_name: "Grace"')
    talking.wait_for(IN_FORCE)
    talking.wait_for("in force from the next start on: microphone")
    until(lambda: home.status()["waiting"] == ["microphone"], "it is not noted")
    assert "from the next start on: microphone" in home.program.run("status").stdout.decode()
    home.set('helper_name: "Ada"')
    talking.wait_for(IN_FORCE)
    until(lambda: home.status()["waiting"] == [], "it still waits")


def test_a_folder_that_goes_away_takes_nothing_from_her(home: Home, talking: Talk) -> None:
    """A memory stick that was pulled out, and put in again."""
    away = home.intents.with_name("away")
    home.intents.rename(away)
    talking.wait_for(GOES_ON)
    assert talking.ask("i'm bleeding").startswith("Go to a hospital")
    away.rename(home.intents)
    until(lambda: "edited files" not in home.status()["why"], "the failure stays")  # type: ignore[operator]


def test_intents_that_are_gone_are_named_and_what_was_open_about_them_is_closed(home: Home, talking: Talk) -> None:
    assert "shoes are kinder" in talking.ask("which shoes")
    (home.intents / "relief.shoes.yaml").unlink()
    topics = home.intents / "shared" / "topics.yaml"
    topics.write_text("".join(line for line in topics.read_text().splitlines(keepends=True) if not line.startswith("relief.shoes")))
    talking.wait_for("No longer known, for their files are gone: relief.shoes")
    assert talking.ask("tell me more")  # of what is gone
    assert talking.ask("i'm bleeding").startswith("Go to a hospital")


def test_a_silence_that_was_made_shorter_ends_what_she_is_saying_now() -> None:
    segmenter = Segmenter(end_silence_seconds=1.0)
    frame = bytes(FRAME_BYTES)
    for _ in range(20):
        segmenter.step(frame, 1.0)
    segmenter.end_silence_seconds = 0.32
    silence = [segmenter.step(frame, 0.0) for _ in range(10)]
    assert [piece.is_last for piece in silence if piece] == [False] * 9 + [True]
