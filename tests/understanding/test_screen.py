"""The danger screen's readable rules: what is a sign, how it was spoken of, and which pairs make it more serious."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from skill.errors import IntentError
from skill.messages import Tier
from skill.understanding.intents import IntentBook
from skill.understanding.screen import DangerScreen, Said, load_screen
from skill.understanding.wording import LONGEST_TEXT, normalise


@pytest.fixture(scope="module")
def screen(book: IntentBook) -> DangerScreen:
    return load_screen(book.folder / "shared" / "danger_screen.yaml", book.intents)


def manners(screen: DangerScreen, text: str, label: str) -> set[Said]:
    return {sign.said for sign in screen.look(normalise(text)) if sign.label == label}


REPORTED = {
    "danger.bleeding": "I'm bleeding",
    "danger.belly_pain": "I have cramps in my lower belly",
    "danger.discharge": "my discharge is green and it smells",
    "danger.fluid": "my waters broke",
    "danger.urine": "it burns when I pee",
    "danger.severe_pain": "my back pain is unbearable",
    "danger.spreading_pain": "the pain shoots down my leg",
    "danger.numbness": "I can't feel my legs",
    "danger.fever": "I have a fever and chills",
    "danger.fall": "I fell down the stairs",
    "danger.contractions": "I'm having contractions",
    "danger.baby_moves_less": "my baby is not moving",
    "danger.preeclampsia": "I have a terrible headache and blurred vision",
    "danger.faint": "I passed out this morning",
    "danger.breath": "I can't breathe",
    "danger.leg_clot": "one calf is swollen and hot",
    "danger.vomit": "I keep vomiting",
    "danger.fit": "she is having a seizure",
    "danger.birth_now": "the baby's head is coming out",
    "danger.shoulder_tip": "the tip of my shoulder hurts",
    "danger.itch": "my palms itch at night",
    "danger.worry": "something is not right with me",
    "danger.self_harm": "I want to kill myself",
    "danger.abuse": "my husband hits me",
    "danger.emergency": "call an ambulance",
}


@pytest.mark.parametrize("label", REPORTED)
def test_a_plain_report_is_seen(screen: DangerScreen, label: str) -> None:
    assert Said.REPORTED in manners(screen, REPORTED[label], label)


def test_every_danger_has_rules_and_a_plain_report_here(screen: DangerScreen, book: IntentBook) -> None:
    dangers = {intent.label for intent in book.dangers}
    assert dangers <= screen.labels
    assert dangers == set(REPORTED)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("I'm not bleeding", "danger.bleeding"),
        ("there is no blood at all", "danger.bleeding"),
        ("I haven't got a fever", "danger.fever"),
        ("no headache and no blurred vision", "danger.preeclampsia"),
        ("my calf is not swollen", "danger.leg_clot"),
        ("my leg is not numb", "danger.numbness"),
        ("I never passed out", "danger.faint"),
        ("I don't have any contractions", "danger.contractions"),
    ],
)
def test_a_denied_sign_is_denied_and_nothing_else(screen: DangerScreen, text: str, label: str) -> None:
    assert manners(screen, text, label) == {Said.DENIED}


@pytest.mark.parametrize(
    "text", ["it won't stop bleeding", "I'm not sure why I'm bleeding", "no pain but I am bleeding", "it's not just spotting it's blood"]
)
def test_a_no_that_denies_nothing(screen: DangerScreen, text: str) -> None:
    assert Said.REPORTED in manners(screen, text, "danger.bleeding")


def test_each_clause_is_judged_by_itself(screen: DangerScreen) -> None:
    text = "I am not bleeding but I have a fever"
    assert manners(screen, text, "danger.bleeding") == {Said.DENIED}
    assert manners(screen, text, "danger.fever") == {Said.REPORTED}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("is bleeding dangerous in pregnancy", Said.ASKED),
        ("what does bleeding mean", Said.ASKED),
        ("years ago I was bleeding", Said.PAST),
        ("in my first pregnancy I had some blood", Said.PAST),
        ("my dog is bleeding", Said.OTHERS),
        ("my husband's finger is bleeding", Said.OTHERS),
    ],
)
def test_asked_past_and_somebody_elses_are_no_reports(screen: DangerScreen, text: str, said: Said) -> None:
    assert manners(screen, text, "danger.bleeding") == {said}


@pytest.mark.parametrize("text", ["my wife is bleeding", "my sister is pregnant and she is bleeding", "my daughter has blood in her pants"])
def test_people_speak_for_each_other(screen: DangerScreen, text: str) -> None:
    assert Said.REPORTED in manners(screen, text, "danger.bleeding")


def test_a_question_that_reports_is_a_report(screen: DangerScreen) -> None:
    assert manners(screen, "is it normal that I am bleeding", "danger.bleeding") == {Said.REPORTED}


@pytest.mark.parametrize(
    "text",
    [
        "my blood pressure is fine",
        "they took a blood test",
        "the bloody chair is too low",
        "bleed the radiator",
        "what's the temperature outside",
    ],
)
def test_words_that_only_look_like_a_sign(screen: DangerScreen, text: str) -> None:
    assert not any(sign.said is Said.REPORTED for sign in screen.look(normalise(text)))


@pytest.mark.parametrize(
    ("label", "others", "text", "tier"),
    [
        ("danger.bleeding", [], "i am bleeding and passing clots", Tier.EMERGENCY),
        ("danger.bleeding", [], "i am bleeding it soaked a pad an hour", Tier.EMERGENCY),
        ("danger.bleeding", [], "i am bleeding and it won't stop", Tier.EMERGENCY),
        ("danger.bleeding", [], "i am bleeding and i am very pale", Tier.EMERGENCY),
        ("danger.bleeding", ["danger.faint"], "i am bleeding", Tier.EMERGENCY),
        ("danger.bleeding", ["danger.severe_pain"], "i am bleeding", Tier.EMERGENCY),
        ("danger.bleeding", ["danger.itch"], "i am bleeding a little", Tier.NONE),
        ("danger.bleeding", [], "a little blood no clots", Tier.NONE),
        ("danger.bleeding", [], "i am bleeding not much pain but clots", Tier.EMERGENCY),
        ("danger.urine", ["danger.fever"], "it burns when i pee", Tier.NOW),
        ("danger.urine", [], "it burns when i pee and i am shaking", Tier.NOW),
        ("danger.urine", [], "it burns when i pee and my back hurts", Tier.NOW),
        ("danger.urine", [], "it burns when i pee and there is blood", Tier.NOW),
        ("danger.urine", [], "it burns when i pee and i am vomiting", Tier.NOW),
        ("danger.urine", [], "it burns when i pee but no fever", Tier.NONE),
        ("danger.discharge", [], "my discharge is watery", Tier.NOW),
        ("danger.discharge", [], "my discharge is bloody", Tier.NOW),
        ("danger.discharge", ["danger.fever"], "my discharge smells", Tier.NOW),
        ("danger.discharge", [], "my discharge smells", Tier.NONE),
        ("danger.spreading_pain", [], "pain down both legs", Tier.EMERGENCY),
        ("danger.faint", [], "i fainted", Tier.EMERGENCY),
        ("danger.faint", [], "i feel dizzy", Tier.NONE),
    ],
)
def test_pairs_of_signs_raise_the_tier(screen: DangerScreen, label: str, others: list[str], text: str, tier: Tier) -> None:
    assert screen.raised(label, others, text) is tier


words = some.sampled_from(
    ["i", "am", "not", "bleeding", "no", "but", "clots", "fever", "my", "dog", "is", "+", "/", "*", "it", "won't", "stop"]
)


@given(some.text(max_size=100) | some.lists(words, max_size=40).map(" ".join))
@settings(max_examples=200, deadline=None)
def test_whatever_is_said_the_screen_gives_signs(screen: DangerScreen, text: str) -> None:
    signs = screen.look(normalise(text))
    assert len({(sign.label, sign.said) for sign in signs}) == len(signs)
    assert {sign.label for sign in signs} <= screen.labels
    assert all(sign.words.strip() for sign in signs)


@pytest.mark.parametrize("piece", ["i am bleeding and my belly hurts ", "no ", "and ", "'", "blood", "a"])
def test_a_text_of_the_greatest_length_ends_soon(screen: DangerScreen, piece: str) -> None:
    text = normalise((piece * LONGEST_TEXT)[:LONGEST_TEXT])
    assert {sign.label for sign in screen.look(text)} <= screen.labels


# --- mistakes in the rules ---------------------------------------------------------------------------------------------

RULES = """denials: ["no", not]
clause_ends: [but]
questions: [is]
reports: [i am]
past: [years ago]
others: [dog]
hers: [my]
dangers:
  danger.fever:
    signs: [fever]
starts_at: {danger.fever: today}
raises:
  - {label: danger.fever, to: emergency, with_words: [chills]}
"""
LABELS = {"danger.fever": None, "danger.fit": None}


def test_good_rules_are_read(tmp_path: Path) -> None:
    path = tmp_path / "danger_screen.yaml"
    path.write_text(RULES)
    screen = load_screen(path, LABELS)
    assert [sign.label for sign in screen.look("i have a fever")] == ["danger.fever"]
    assert screen.starts_at == {"danger.fever": Tier.TODAY}


@pytest.mark.parametrize(
    ("before", "after", "where", "what"),
    [
        ("danger.fever:\n    signs", "danger.feber:\n    signs", "line 9, key dangers danger.feber", "no intent file"),
        ("signs: [fever]", "signs: []", "line 10, key dangers danger.fever signs", "empty"),
        ("signs: [fever]", "signs: [fever, hot +]", "line 10, key dangers danger.fever signs item 2", "+"),
        ("signs: [fever]", "signs: ['/']", "line 10, key dangers danger.fever signs item 1", "+"),
        ("    signs:", "    sings: []\n    signs:", "line 10, key dangers danger.fever sings", "not known"),
        ("{danger.fever: today}", "{danger.fever: soon}", "line 11, key starts_at danger.fever", "'soon'"),
        ("{danger.fever: today}", "{danger.feber: today}", "line 11, key starts_at danger.feber", "intent file"),
        ("to: emergency", "to: none", "line 13, key raises item 1 to", "today, now or emergency"),
        ("label: danger.fever,", "label: danger.feber,", "line 13, key raises item 1", "danger.feber"),
        (", with_words: [chills]", "", "line 13, key raises item 1", "with_labels or with_words"),
        ('"no", not', "no, not", "line 1, key denials item 1", 'write "no"'),
        ("past: [years ago]\n", "", "key past", "missing"),
        ("hers: [my]", "hers: [", "line ", "bracket opens in this line"),
    ],
)  # fmt: skip
def test_each_mistake_in_the_rules_is_named(tmp_path: Path, before: str, after: str, where: str, what: str) -> None:
    path = tmp_path / "danger_screen.yaml"
    assert RULES.count(before) == 1
    path.write_text(RULES.replace(before, after))
    with pytest.raises(IntentError) as caught:
        load_screen(path, LABELS)
    (sentence,) = caught.value.problems
    assert sentence.startswith(str(path))
    assert where in sentence
    assert what in sentence


def test_missing_rules(tmp_path: Path) -> None:
    with pytest.raises(IntentError, match="cannot be read"):
        load_screen(tmp_path / "danger_screen.yaml", LABELS)
