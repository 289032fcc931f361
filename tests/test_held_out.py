"""The held-out utterances measure only as long as nothing was learned from them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.understanding.utterances import DEVELOPMENT, HELD_OUT, Utterance, read_set
from skill.messages import Tier
from skill.settings import PROJECT
from skill.understanding.intents import IntentBook, load_intents
from skill.understanding.wording import normalise


@pytest.fixture(scope="module")
def book() -> IntentBook:
    return load_intents(PROJECT / "intents" / "en")


@pytest.fixture(scope="module")
def held_out() -> tuple[Utterance, ...]:
    return read_set("held-out", HELD_OUT).utterances


@pytest.mark.parametrize("folder", [HELD_OUT, DEVELOPMENT], ids=["held out", "development"])
def test_no_utterance_to_measure_with_is_an_example(book: IntentBook, folder: Path) -> None:
    measured = read_set("set", folder)
    if measured.why_absent:
        pytest.skip(measured.why_absent)
    # Control words ("yes", "say that again") are said the same way by everybody: nobody has copied them.
    texts = {normalise(utterance.text) for utterance in measured.utterances if not _is_said_by_everybody(utterance)}
    copied = sorted(texts & {normalise(example.text) for example in book.examples})
    assert copied == []


def test_held_out_utterances_are_many_of_every_kind(book: IntentBook, held_out: tuple[Utterance, ...]) -> None:
    labels = Counter(utterance.labels[0] for utterance in held_out)
    assert len(held_out) >= 900
    assert {label for label in book.intents if labels[label] < 3} == set()


def test_held_out_utterances_are_each_different(held_out: tuple[Utterance, ...]) -> None:
    counts = Counter(normalise(utterance.text) for utterance in held_out)
    assert [text for text, times in counts.items() if times > 1 or not text] == []


def test_held_out_labels_and_tiers_fit(book: IntentBook, held_out: tuple[Utterance, ...]) -> None:
    unknown = {label for utterance in held_out for label in utterance.labels} - set(book.intents)
    wrong_tier = [
        utterance.text
        for utterance in held_out
        if any(label.startswith("danger.") for label in utterance.labels) != (utterance.tier > Tier.NONE)
    ]
    assert (unknown, wrong_tier) == (set(), [])


def _is_said_by_everybody(utterance: Utterance) -> bool:
    return utterance.labels[0].startswith("control.") and len(normalise(utterance.text).split()) <= 4
