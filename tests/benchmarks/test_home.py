"""The benchmark of an hour at home: what it counts is right, and a short piece of it runs as a whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.home.hearing import Answer
from benchmarks.home.hour import Asked
from benchmarks.home.scoring import score
from benchmarks.understanding.utterances import Utterance
from skill.messages import Certainty, Match, Tier, Understanding
from tests.fakes import FakeInterpreter
from tests.virtual_sound import missing_programs

ROOT = Path(__file__).resolve().parents[2]
SHOES, FEVER = Utterance("which shoes", ("relief.shoes",), Tier.NONE), Utterance("i have a fever", ("danger.fever",), Tier.NOW)
ASKED = [Asked(SHOES, 10, 12, "quiet room", "hibari"), Asked(FEVER, 110, 112, "television", "hibari")]
UNDERSTANDS = FakeInterpreter(
    {
        "which shoes": Understanding("which shoes", (Match("relief.shoes", Tier.NONE, Certainty.SURE, 0.9),)),
        "i have a fever": Understanding("i have a fever", (Match("danger.fever", Tier.NOW, Certainty.SURE, 0.9),)),
    }
)


def answer(heard: str, at: float, label: str = "", tier: Tier = Tier.NONE, reply: str = "Words.", speaks: float = 5.0) -> Answer:
    return Answer(heard, at, at + 2, (label,) if label else (), tier, reply, speaks if reply else 0.0)


def test_what_was_answered_rightly_is_right() -> None:
    found = score(
        ASKED, [answer("which shoes", 10.2, "relief.shoes"), answer("a fever", 110, "danger.fever", Tier.NOW)], 100, UNDERSTANDS.interpret
    )
    assert [one.why for one in found.verdicts] == ["", ""]
    assert (len(found.questions), len(found.dangers), found.false_answers) == (1, 1, ())


@pytest.mark.parametrize(
    ("answers", "blamed"),
    [
        ([], "hearing: nothing"),
        ([answer("witches", 10, reply="")], "hearing: other words"),
        ([answer("which shoes", 10, reply="")], "attention"),
        ([answer("the bus", 2, speaks=9.0)], 'deaf: it was answering "the bus"'),
    ],
)
def test_a_miss_names_the_part_to_blame(answers: list[Answer], blamed: str) -> None:
    assert score(ASKED, answers, 100, UNDERSTANDS.interpret).questions[0].why.startswith(blamed)


def test_what_is_not_even_understood_when_it_is_typed_is_not_the_ears_fault() -> None:
    verdict = score(ASKED, [answer("which shoes", 10, reply="")], 100, FakeInterpreter().interpret).questions[0]
    assert verdict.why.startswith("understanding")


def test_a_danger_that_is_told_as_less_serious_is_wrong_but_told() -> None:
    (verdict,) = score(ASKED, [answer("fever", 110, "danger.fever", Tier.TODAY)], 100, UNDERSTANDS.interpret).dangers
    assert verdict.tier is Tier.TODAY
    assert verdict.why


def test_only_speaking_unasked_is_a_false_answer() -> None:
    answers = [answer("the bus", 50, reply=""), answer("the bus", 150), answer("he is hot", 170, "danger.fever", Tier.NOW)]
    found = score(ASKED, answers, 100, UNDERSTANDS.interpret)
    assert [one.answer.start_seconds for one in found.false_answers] == [150, 170]
    assert [one.around for one in found.false_answers] == ["television", "television"]
    assert [one.answer.heard for one in found.false_dangers] == ["he is hot"]


def at_home(*arguments: str) -> dict[str, dict[str, object]]:
    """The bars of a short piece of it, by name."""
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks.home", "--minutes", "1.5", "--json", *arguments],
        cwd=ROOT,
        env={**os.environ, "BACK_CARE_RECOGNISER": "whisper"},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    tables = {table["title"]: table["rows"] for table in json.loads(result.stdout)["tables"]}
    return {row["what"]: row for row in tables["At home"]}


@pytest.mark.usefixtures("whisper_model")
def test_a_minute_at_home_with_noise_of_its_own(tmp_path: Path) -> None:
    bars = at_home("--sounds", str(tmp_path))
    assert bars["questions answered rightly, %"]["counted"] == "1 of 1"
    assert str(bars["dangers told"]["counted"]).startswith("1 of them")
    assert bars["false dangers an hour"]["here"] == 0
    assert str(bars["false answers an hour"]["counted"]).startswith("0 ")


@pytest.mark.slow
@pytest.mark.usefixtures("whisper_model")
def test_the_same_minute_in_real_time_on_a_virtual_sound_card(tmp_path: Path) -> None:
    if missing := missing_programs():
        pytest.skip(f"no virtual sound card without {', '.join(missing)}")
    bars = at_home("--real-time", "--sounds", str(tmp_path))
    assert bars["questions answered rightly, %"]["counted"] == "1 of 1"
    assert bars["dangers told"]["here"] == 1
    assert bars["false dangers an hour"]["here"] == 0
    assert str(bars["false answers an hour"]["counted"]).startswith("0 ")


def test_a_number_of_minutes_that_is_none_is_told_in_one_sentence() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks.home", "--minutes", "never"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 2
    assert "'never' is not a number of minutes" in result.stderr
