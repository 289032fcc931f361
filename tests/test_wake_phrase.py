"""The wake phrase: which words are fit, and what is near enough to it. The readings are those of real recognisers of synthetic voices."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skill.settings import Hearing
from skill.understanding.intents import IntentBook
from skill.understanding.wording import normalise
from skill.wake_phrase import WakePhrase, problem_with
from tests.knowledge import ENCODER, ROOT, book

__all__ = ["book"]

DEFAULT = WakePhrase(Hearing().wake_phrase)


@pytest.mark.parametrize(
    ("heard", "behind"),
    [
        ("hello back care", ""),
        ("Hello, Back Care!", ""),
        ("hello back care why does my back hurt", "why does my back hurt"),
        ("hello back here why does my back hurt", "why does my back hurt"),
        ("hello backcare what shoes should i wear", "what shoes should i wear"),
        ("hello mac care can i take a hot bath", "can i take a hot bath"),
        ("the low back care what shoes should i wear", "what shoes should i wear"),
        ("hello back car can i take a hot bath", "can i take a hot bath"),
        ("hello back care care for my back", "care for my back"),
        ("oh um hello back care help", "help"),
        ("hello back care hello back care which shoes", "which shoes"),
        ("hello back care back pain again", "back pain again"),
    ],
)
def test_the_phrase_is_heard_also_when_it_is_garbled_a_little(heard: str, behind: str) -> None:
    assert DEFAULT.behind(heard) == behind


@pytest.mark.parametrize(
    "heard",
    [
        "",
        "hello",
        "hello back",
        "back care",
        "hello take care",
        "hello there how are you",
        "hello back there",
        "hello back pain",
        "hello my back hurts",
        "hello doctor",
        "hello becky",
        "hello mark are you coming",
        "hello daycare",
        "low back pain",
        "i'll be back take care",
        "he said hello back care to the radio",
        "yellow backpack",
        "why does my back hurt",
    ],
)
def test_what_only_resembles_it_does_not_wake(heard: str) -> None:
    assert DEFAULT.behind(heard) is None


def test_no_sentence_that_we_know_of_wakes_it(book: IntentBook) -> None:
    """All our examples, what a recogniser made of them, and the sentences kept for judging: some say "back" and "care" all day."""
    sentences = {example.text for example in book.examples}
    for path in [*(ROOT / "benchmarks" / "held_out").glob("*.jsonl"), *ENCODER.glob("*.jsonl")]:
        rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        sentences |= {value for row in rows for value in row.values() if isinstance(value, str)}
    assert len(sentences) > 5_000
    assert [sentence for sentence in sentences if DEFAULT.behind(sentence) is not None] == []


@pytest.mark.parametrize("phrase", ["hello back care", "Good morning, helper", "okay mama", "mama's helper", "a-b-c"])
def test_fit_phrases(phrase: str) -> None:
    assert problem_with(phrase) == ""
    assert WakePhrase(phrase).behind(f"{phrase} why does my back hurt") == "why does my back hurt"


@pytest.mark.parametrize(
    ("phrase", "says"),
    [
        ("hello", "2 to 6 words"),
        ("a b c d e f g", "2 to 6 words"),
        ("hey you", "at least 3 syllables"),
        ("come here", "at least 3 syllables"),
        ("hello 2 care", "plain letters"),
        ("héllo back", "plain letters"),
        ("안녕 허리 친구", "plain letters"),
        ("' a lot of", "plain letters"),
        ("...", "2 to 6 words"),
    ],
)
def test_unfit_phrases_are_refused_with_what_to_write(phrase: str, says: str) -> None:
    assert says in problem_with(phrase)


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_phrase_is_judged_and_what_is_behind_it_is_what_was_said(phrase: str, heard: str) -> None:
    if not problem_with(phrase):
        assert WakePhrase(phrase).behind(f"{phrase} {heard}") is not None
    behind = DEFAULT.behind(f"hello back care {heard}")
    assert behind is not None
    assert normalise(heard).endswith(behind)
