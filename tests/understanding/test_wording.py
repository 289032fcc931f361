"""One normaliser for YAML and for speech: total, and doing it twice changes nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from skill.understanding.wording import LONGEST_TEXT, digit_words, normalise, number_words


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("My back HURTS!", "my back hurts"),
        ("  a\tb\n\nc  ", "a b c"),
        ("", ""),
        ("?! … —", ""),
        ("café naïve", "cafe naive"),
        ("38 weeks", "thirty eight weeks"),
        ("at 7:30", "at seven thirty"),
        ("12weeks", "twelve weeks"),
        ("100.4 F", "one hundred four f"),
        ("2,500", "two five hundred"),
        ("0", "zero"),
        ("call 911 now", "call nine one one now"),
        ("112", "one one two"),
        ("999!", "nine nine nine"),
        ("0712345678", "zero seven one two three four five six seven eight"),
        ("I\u2019m", "i'm"),
        ("I`m", "i'm"),
        ("don\u00b4t", "don't"),
        ("'quoted'", "quoted"),
        ("the girls' room", "the girls room"),
        ("walkin' home", "walking home"),
        ("bleedin', a lot", "bleeding a lot"),
        ("what is 'back pain'", "what is back pain"),
        ("okay", "ok"),
        ("O.K.", "ok"),
        ("I'm gonna", "i'm going to"),
        ("in labor", "in labour"),
        ("pre-eclampsia", "preeclampsia"),
        ("I can not", "i cannot"),
    ],
)
def test_each_way_of_writing_meets_in_the_same_words(written: str, normal: str) -> None:
    assert normalise(written) == normal


@pytest.mark.parametrize("figures", ["0", "9", "10", "19", "20", "21", "99", "100", "101", "999", "1000", "1001", "9999"])
def test_numbers_are_words(figures: str) -> None:
    words = number_words(int(figures))
    assert re.fullmatch(r"[a-z]+( [a-z]+)*", words)
    assert "_" not in words


def test_no_two_numbers_sound_alike() -> None:
    assert len({number_words(number) for number in range(10_000)}) == 10_000


def test_a_number_to_dial_is_said_digit_by_digit() -> None:
    assert digit_words("1122") == "one one two two"
    assert digit_words("000") == "zero zero zero"


@given(some.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_text_becomes_plain_words_and_stays_so(text: str) -> None:
    normal = normalise(text)
    assert re.fullmatch(r"([a-z']+( [a-z']+)*)?", normal)
    assert normalise(normal) == normal


@given(some.text(alphabet="ab in'\u2019019.-ok \n", max_size=60))
@settings(max_examples=300, deadline=None)
def test_apostrophes_and_figures_in_any_order(text: str) -> None:
    normal = normalise(text)
    assert normalise(normal) == normal
    assert not re.search(r"(^| )'|'( |$)|  |\d", normal)


@pytest.mark.parametrize(
    "piece", ["a", "'", "9 ", "9", "in' ", "e\u0301", "م", "語", "😀", "\x00", "\u202e", "pre eclampsia ", "ﷺ", "\ud800"]
)
def test_a_text_of_any_length_ends_soon(piece: str) -> None:
    normal = normalise(piece * 1_000_000)
    assert len(normal) <= LONGEST_TEXT * len("eclampsia ")
