"""The fakes fit the swap points, so that what is tested with them would run with the real ones."""

from __future__ import annotations

import inspect

import pytest

from skill import stages
from tests import fakes

POINTS = [point for point in vars(stages).values() if getattr(point, "_is_protocol", False) and point.__module__ == stages.__name__]


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.__name__)
def test_each_swap_point_has_a_fake_with_the_same_methods(point: type) -> None:
    fake = getattr(fakes, f"Fake{point.__name__}")
    methods = {name: method for name, method in vars(point).items() if inspect.isfunction(method) and not name.startswith("_")}
    assert methods
    for name, method in methods.items():
        assert list(inspect.signature(getattr(fake, name)).parameters) == list(inspect.signature(method).parameters), name


def test_there_are_six_swap_points() -> None:
    assert {point.__name__ for point in POINTS} == {"Microphone", "Recogniser", "Interpreter", "Responder", "Voice", "Speaker"}


def test_a_fake_has_the_values_that_its_swap_point_names() -> None:
    built = {"Recogniser": fakes.FakeRecogniser(), "Voice": fakes.FakeVoice(), "Speaker": fakes.FakeSpeaker()}
    for point in POINTS:
        for name in inspect.get_annotations(point):
            assert hasattr(built[point.__name__], name), (point.__name__, name)
