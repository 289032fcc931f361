"""What is asked of lamps and timers is left alone; what is told of a body in the same words is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from skill.errors import IntentError
from skill.messages import Tier, Transcript
from skill.understanding.interpreter import ExampleInterpreter
from skill.understanding.other_machines import OtherMachines, load_other_machines
from tests.knowledge import ENGLISH

RULES = ENGLISH / "shared" / "other_machines.yaml"


@pytest.fixture(scope="module")
def machines() -> OtherMachines:
    return load_other_machines(RULES)


@pytest.mark.parametrize(
    "text",
    [
        "turn the porch light on",
        "could you please dim the lamp by the sofa",
        "hey google close the garage door",
        "all the blinds in the study down",
        "is the back door locked",
        "nursery volume up",
        "the radio louder",
        "cancel the pasta timer",
        "bedroom lamp red",
    ],
)
def test_a_request_to_another_machine(machines: OtherMachines, text: str) -> None:
    assert machines.asked(text)


@pytest.mark.parametrize(
    "text",
    [
        "volume up",
        "turn the volume down",
        "turn it up",
        "stop",
        "the lights are going out",
        "everything went dark like a lamp",
        "turn on my left side",
        "is a heater good for my back",
        "open the door i can't breathe",
        "put the light on there's blood",
        "the red light hurts my eyes",
        "the bathroom floor is red",
        "i fell over the fan",
        "",
    ],
)
def test_what_is_hers_is_not(machines: OtherMachines, text: str) -> None:
    assert not machines.asked(text)


def test_requests_are_left_alone_and_danger_beside_them_is_not(interpreter: ExampleInterpreter) -> None:
    for request in ("every lamp on the ground floor red", "garden lights white", "shed door open"):
        assert interpreter.interpret(Transcript(request, "typed")).matches == ()
    both = interpreter.interpret(Transcript("turn the hall light on my waters broke", "typed"))
    assert both.tier >= Tier.NOW


def test_long_talk_is_no_request(machines: OtherMachines) -> None:
    assert not machines.asked("turn the lamp on " + "and tell me again what you said about it " * 3)


def test_a_mistake_in_the_rules_is_named(tmp_path: Path) -> None:
    path = tmp_path / "other_machines.yaml"
    path.write_text(RULES.read_text(encoding="utf-8").replace("machines: [light,", "machines: []\nmachine: [light,", 1), encoding="utf-8")
    with pytest.raises(IntentError, match=r"other_machines\.yaml, line \d+.*machine"):
        load_other_machines(path)
