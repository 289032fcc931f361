"""The folder of intents: what the real one holds, and each mistake that people make in it, named by file, line and key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from skill.errors import IntentError
from skill.messages import Tier
from skill.understanding.intents import IntentBook, load_intents

LABELS = Path(__file__).resolve().parents[3] / "shared" / "labels.md"
LINES = "now: {say: 'Go now.', source: test}\nnow_with_number: {say: 'Go now, {number}.', source: test}\nreviewed: no\n"
SHOES = """label: relief.shoes
means: shoes
tier: none
reviewed: no
answer:
  say: Flat shoes.
  source: test
people_say:
  - which shoes
"""
FEVER = """label: danger.fever
means: fever
tier: now
reviewed: no
answer: {say: "{now} A fever.", source: test}
unsure: {say: "If you have a fever, go now.", source: test}
at_tier:
  emergency: {say: Call now., source: test}
if_yes: emergency
more:
  - {say: More., source: test}
people_say:
  - i have a fever
  - {say: hot and which shoes, also: [relief.shoes], tier: emergency}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "en"


def write(folder: Path, files: Mapping[str, str]) -> Path:
    (folder / "shared").mkdir(parents=True, exist_ok=True)
    for name, content in {"shared/lines.yaml": LINES, **files}.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def mistakes(folder: Path, files: Mapping[str, str]) -> list[str]:
    with pytest.raises(IntentError) as caught:
        load_intents(write(folder, files))
    assert caught.value.exit_code == 2
    assert list(caught.value.problems) == str(caught.value).splitlines()
    return list(caught.value.problems)


def test_a_good_folder_is_read_whole(folder: Path) -> None:
    book = load_intents(write(folder, {"relief.shoes.yaml": SHOES, "danger.fever.yaml": FEVER}))
    fever, shoes = book.intents["danger.fever"], book.intents["relief.shoes"]
    assert fever.is_danger
    assert (fever.tier, fever.if_yes, fever.reviewed) == (Tier.NOW, Tier.EMERGENCY, "")
    assert fever.place == f"{folder / 'danger.fever.yaml'}, line 1, key label"
    assert fever.at_tier[Tier.EMERGENCY].say == "Call now."
    assert [(example.text, example.labels, example.tier) for example in fever.examples] == [
        ("i have a fever", ("danger.fever",), Tier.NOW),
        ("hot and which shoes", ("danger.fever", "relief.shoes"), Tier.EMERGENCY),
    ]
    assert not shoes.is_danger
    assert shoes.reviewed == ""
    assert len({part.key for part in fever.parts}) == 4
    assert book.dangers == (fever,)


# What is changed in a good file, and what the one sentence must name.
SHOES_MISTAKES = {
    "unknown key": ("means: shoes", "meens: shoes\nmeans: shoes", "line 2, key meens", "not known"),
    "unknown inner key": ("  say: Flat", "  sya: Flat\n  say: Flat", "line 6, key answer sya", "not known"),
    "misspelt key": ("means: shoes", "meens: shoes", "line 2, key meens", "did you mean means?"),
    "misspelt tier": ("tier: none", "teir: none", "line 3, key teir", "did you mean tier?"),
    "misspelt inner key": ("  say: Flat", "  sya: Flat", "line 6, key answer sya", "did you mean say?"),
    "misspelt answer": ("answer:", "anwser:", "line 5, key anwser", "did you mean answer?"),
    "misspelt key of a sentence": ("- which shoes", "- {sya: which shoes}", "line 9, key people_say item 1 sya", "did you mean say?"),
    "doubled key": ("tier: none", "tier: none\ntier: none", "line 4, key tier", "twice"),
    "missing means": ("means: shoes\n", "", "key means", "missing"),
    "missing source": ("  source: test\n", "", "key answer source", "missing"),
    "blank source": ("source: test", "source: ' '", "line 7, key answer source", "empty"),
    "missing people_say": ("people_say:\n  - which shoes\n", "", "key people_say", "missing"),
    "no examples": ("people_say:\n  - which shoes\n", "people_say: []\n", "line 8, key people_say", "empty"),
    "empty answer": ("Flat shoes.", "''", "line 6, key answer say", "empty"),
    "blank answer": ("Flat shoes.", "'  '", "line 6, key answer say", "empty"),
    "no answer": ("answer:\n  say: Flat shoes.\n  source: test\n", "", "key answer", "`silent:`"),
    "answer and silence": ("answer:", "silent: chatter\nanswer:", "line 5, key silent", "keep one"),
    "unquoted no": ("- which shoes", "- which shoes\n  - no", "line 10, key people_say item 2", 'write "no"'),
    "unquoted yes": ("means: shoes", "means: yes", "line 2, key means", 'write "yes"'),
    "number for text": ("- which shoes", "- 42", "line 9, key people_say item 1", "text"),
    "wrong tier": ("tier: none", "tier: soon", "line 3, key tier", "none, today, now, emergency"),
    "tier without danger": ("tier: none", "tier: now", "line 3, key tier", "must be none"),
    "label and file differ": ("label: relief.shoes", "label: relief.boots", "line 1, key label", "make them the same"),
    "unknown placeholder": ("Flat shoes.", "Flat {shooes}.", "line 6, key answer say", "{shooes}"),
    "number in an answer": ("Flat shoes.", "Call {number}.", "line 6, key answer say", "{number}"),
    "line of the number": ("Flat shoes.", "Flat {now_with_number}.", "line 6, key answer say", "write {now}"),
    "example twice": ("- which shoes", "- which shoes\n  - old ones\n  - Which SHOES?", "line 11, key people_say item 3", "line 9"),
    "blank example": ("- which shoes", "- '?!'", "line 9, key people_say item 1", "empty"),
    "example of an unknown label": ("- which shoes", "- {say: which, also: [relief.boots]}", "line 9, key people_say item 1", "boots"),
    "example with a tier": ("- which shoes", "- {say: which, tier: now}", "line 9, key people_say item 1 tier", "take `tier: now` away"),
    "example with tier none": ("- which shoes", "- {say: which, tier: none}", "key people_say item 1 tier", "take `tier: none` away"),
    "sentence with a colon": ("- which shoes", "- my nurse said: wear flats", "line 9, key people_say item 1", '"my nurse said: wear'),
    "sentence with a comma": ("- which shoes", "- {say: which, and why}", "line 9, key people_say item 1", "in double quotes"),
    "sentences joined": ("- which shoes", "- which shoes - and which socks", "line 9, key people_say item 1", "each sentence starts with"),
    "dash too far in": ("- which shoes", "- which shoes\n   - which socks", "line 9, key people_say item 1", "each sentence starts with"),
    "dash forgotten": ("- which shoes", "- which shoes\n    which socks", "line 9, key people_say item 1", "each sentence starts with"),
    "no space behind the dashes": ("  - which shoes", "  -which shoes\n  -why", "line 8, key people_say: ", "each sentence starts"),
    "words not indented": ("Flat shoes.", ">-\n  Flat shoes.", "line 7: ", "further in than `say`"),
    "words missing": ("Flat shoes.", ">-", "line 6, key answer say", "further in than `say`"),
    "keys with a dash": ("  say: Flat shoes.\n", "  - say: Flat shoes.\n  - ", "line 5, key answer", "without a dash"),
    "reviewed by nobody": ("reviewed: no", "reviewed: yes", "line 4, key reviewed", "write both, in quotes, like"),
    "reviewed by nobody, in quotes": ("reviewed: no", 'reviewed: "true"', "line 4, key reviewed", "write both, in quotes, like"),
    "reviewed by an unquoted date": ("reviewed: no", "reviewed: 2026-12-01", "line 4, key reviewed", "write both, in quotes, like"),
    "reviewed by a date": ("reviewed: no", 'reviewed: "2026-12-01"', "line 4, key reviewed", "who has reviewed"),
    "reviewed on no day": ("reviewed: no", "reviewed: A. Midwife", "line 4, key reviewed", "who has reviewed the words and when"),
    "reviewed on a day that is none": ("reviewed: no", "reviewed: A. Midwife, 2026-02-30", "line 4, key reviewed", "and when"),
    "reviewed and nothing": ("reviewed: no", "reviewed:", "line 4, key reviewed", "or no"),
    "reviewed but for which words": ("reviewed: no", "reviewed: A. Midwife, 2026-12-01", "line 4, key reviewed", "2026-12-01, words "),
    "reviewed for other words": ("reviewed: no", 'reviewed: "A. Midwife, 2026-12-01, words 3f2a9c"', "key reviewed", "have changed"),
    "alias": ("- which shoes", "- &a which shoes", "line 9", "anchors and aliases"),
    "truncated": ("  - which shoes\n", "  - 'which sh", "line 9: ", "a quote opens in this line"),
    "not a mapping": ("answer:\n  say: Flat shoes.\n  source: test\n", "answer: Flat shoes.\n", "line 5, key answer", ""),
}  # fmt: skip
FEVER_MISTAKES = {
    "danger without unsure": ('unsure: {say: "If you have a fever, go now.", source: test}\n', "", "key unsure", "conditional line"),
    "misspelt unsure": ("unsure:", "unsrue:", "line 6, key unsrue", "did you mean unsure?"),
    "example of a wrong tier": (
        "tier: emergency}",
        "tier: soon}",
        "line 14, key people_say item 2 tier",
        "'soon' is not a tier of a danger sign",
    ),
    "example of no tier": ("tier: emergency}", "tier: none}", "line 14, key people_say item 2 tier", "write today, now, emergency"),
    "danger without a tier": ("tier: now", "tier: none", "line 3, key tier", "today, now or emergency"),
    "answer for no tier": ("  emergency: {say: Call", "  none: {say: Call", "key at_tier", "today, now, emergency"),
    "yes leads nowhere": ("if_yes: emergency", "if_yes: none", "line 9, key if_yes", "today, now, emergency"),
    "more without source": ("{say: More., source: test}", "{say: More.}", "line 11, key more item 1 source", "missing"),
}


@pytest.mark.parametrize("mistake", [*SHOES_MISTAKES, *FEVER_MISTAKES])
def test_each_mistake_is_named_once_with_file_line_and_key(folder: Path, mistake: str) -> None:
    good, name = (SHOES, "relief.shoes.yaml") if mistake in SHOES_MISTAKES else (FEVER, "danger.fever.yaml")
    before, after, where, what = (SHOES_MISTAKES | FEVER_MISTAKES)[mistake]
    assert good.count(before) == 1
    files = {"relief.shoes.yaml": SHOES, "danger.fever.yaml": FEVER, name: good.replace(before, after)}
    (sentence,) = (found for found in mistakes(folder, files) if name in found)
    assert sentence.startswith(str(folder / name))
    assert where in sentence
    assert what in sentence
    assert not re.search(r"datetime|_\w*File|YAML", sentence.replace("is read by YAML", ""))


def test_all_mistakes_of_all_files_are_shown_at_once(folder: Path) -> None:
    shoes = SHOES.replace("means: shoes", "meens: shoes").replace("Flat shoes.", "Flat {shooes}.") + "  - yes\n  - which shoes\n"
    fever = FEVER.replace("unsure:", "unsrue:").replace("tier: now", "tier: none")
    sentences = mistakes(folder, {"relief.shoes.yaml": shoes, "danger.fever.yaml": fever, "relief.sleep.yaml": "- no keys\n"})
    for part in (
        "key meens",
        "{shooes}",
        "item 2",
        "item 3",
        "key unsrue",
        "key tier",
        "relief.sleep.yaml, line 1",
    ):
        assert any(part in sentence for sentence in sentences), part
    assert not any("no line of" in sentence or "{now}" in sentence for sentence in sentences)


# --- signatures ---------------------------------------------------------------------------------------------------------


def signed(folder: Path, name: str, good: str) -> str:
    """The file with the signature that the mistake tells to write."""
    (sentence,) = mistakes(folder, {name: good.replace("reviewed: no", "reviewed: A. Midwife, 2026-12-01")})
    told = re.search(r'write ("A\. Midwife, 2026-12-01, words [0-9a-f]{6}")$', sentence)
    assert told, sentence
    return good.replace("reviewed: no", f"reviewed: {told[1]}")


@pytest.fixture
def signed_fever(folder: Path) -> str:
    write(folder, {"relief.shoes.yaml": SHOES})
    return signed(folder, "danger.fever.yaml", FEVER.replace("more:", "at_weeks: [{from_week: 9, say: Go soon., source: test}]\nmore:"))


def test_who_signs_is_told_what_to_add_and_then_it_counts(folder: Path, signed_fever: str) -> None:
    book = load_intents(write(folder, {"danger.fever.yaml": signed_fever}))
    assert re.fullmatch(r"A\. Midwife, 2026-12-01, words [0-9a-f]{6}", book.intents["danger.fever"].reviewed)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A fever.", "A fewer."),
        ("If you have a fever, go now.", "If you have a fever, stay."),
        ("Call now.", "Call later."),
        ("More.", "Less."),
        ("Go soon.", "Go late."),
        ("from_week: 9", "from_week: 10"),
        ("from_week: 9", "from_week: 9, until_week: 20"),
        ("tier: now", "tier: today"),
        ("if_yes: emergency", "if_yes: now"),
        ("  emergency: {say: Call", "  today: {say: Call"),
        ("if_yes: emergency\n", ""),
    ],
)
def test_a_signature_does_not_outlive_the_words_nor_when_they_are_said(folder: Path, signed_fever: str, before: str, after: str) -> None:
    assert signed_fever.count(before) == 1
    (sentence,) = mistakes(folder, {"danger.fever.yaml": signed_fever.replace(before, after)})
    assert "line 4, key reviewed: the words, or when they are said, have changed since this was signed" in sentence


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  - i have a fever\n", "  - i have a fever\n  - i am hot\n"),
        ("means: fever", "means: heat"),
        ("source: test", "source: another"),
        ("More.,", '"More.",  '),
    ],
)
def test_what_is_not_spoken_leaves_a_signature_as_it_is(folder: Path, signed_fever: str, before: str, after: str) -> None:
    assert before in signed_fever
    assert load_intents(write(folder, {"danger.fever.yaml": signed_fever.replace(before, after)})).intents["danger.fever"].reviewed


@pytest.mark.parametrize("who", ["Jane Doe, midwife, 2026-12-01", "Dr. Zo\u00eb \u00c5str\u00f6m 2026-12-01", "\u738b\u82b3, 2026-12-01"])
def test_names_of_all_kinds_may_sign(folder: Path, who: str) -> None:
    (sentence,) = mistakes(folder, {"relief.shoes.yaml": SHOES.replace("reviewed: no", f"reviewed: {who}")})
    assert f'write "{who}, words ' in sentence


def test_no_in_quotes_is_no_signature(folder: Path) -> None:
    book = load_intents(write(folder, {"relief.shoes.yaml": SHOES.replace("reviewed: no", 'reviewed: "no"')}))
    assert book.intents["relief.shoes"].reviewed == ""


def test_the_shared_lines_are_signed_in_the_same_way(folder: Path) -> None:
    write(folder, {"relief.shoes.yaml": SHOES})
    lines = signed(folder, "shared/lines.yaml", LINES)
    assert load_intents(write(folder, {"shared/lines.yaml": lines})).lines_reviewed.startswith("A. Midwife")
    (sentence,) = mistakes(folder, {"shared/lines.yaml": lines.replace("'Go now.'", "'Go soon.'")})
    assert "lines.yaml, line 3, key reviewed: the words" in sentence
    for wrong in ("yes", "2026-12-01", "A. Midwife"):
        (sentence,) = mistakes(folder, {"shared/lines.yaml": LINES.replace("reviewed: no", f"reviewed: {wrong}")})
        assert "line 3, key reviewed: this does not tell who" in sentence


# --- several files ------------------------------------------------------------------------------------------------------


def test_a_label_in_two_files(folder: Path) -> None:
    sentences = mistakes(folder, {"relief.shoes.yaml": SHOES, "relief.boots.yaml": SHOES.replace("which shoes", "which boots")})
    assert any(
        f"{folder / 'relief.shoes.yaml'}, line 1, key label: relief.shoes stands in {folder / 'relief.boots.yaml'} too" in s
        for s in sentences
    )


def test_an_example_under_two_labels(folder: Path) -> None:
    sleep = SHOES.replace("relief.shoes", "relief.sleep").replace("- which shoes", "- how to sleep\n  - Which shoes?")
    (sentence,) = mistakes(folder, {"relief.shoes.yaml": SHOES, "relief.sleep.yaml": sleep})
    assert sentence.startswith(f"{folder / 'relief.sleep.yaml'}, line 10, key people_say item 2")
    assert "relief.shoes.yaml" in sentence


def test_a_missing_folder_and_an_empty_one(tmp_path: Path) -> None:
    for folder in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(IntentError, match=rf"{re.escape(str(folder))}: no intents here"):
            load_intents(folder)


def test_files_that_cannot_be_read_are_named_and_the_others_still_looked_at(folder: Path) -> None:
    write(
        folder, {"relief.shoes.yaml": SHOES.replace("tier: none", "tier: soon"), "relief.empty.yaml": "", "relief.wrong.yaml": "label: x"}
    )
    (folder / "relief.latin.yaml").write_bytes(SHOES.replace("Flat", "Fl\xe4t").encode("latin-1"))
    (folder / "relief.folder.yaml").mkdir()
    (folder / "relief.deep.yaml").write_text("label: " + "[" * 9_999)
    with (folder / "relief.big.yaml").open("wb") as big:
        big.truncate(10**10)
    sentences = mistakes(folder, {})
    expected = {
        "shoes": "'soon'",
        "empty": "empty",
        "latin": "not UTF-8",
        "folder": "directory",
        "deep": "deeply",
        "big": "larger",
        "wrong": "'x'",
    }
    for name, what in expected.items():
        assert any(sentence.startswith(str(folder / f"relief.{name}.yaml")) and what in sentence for sentence in sentences), name


@pytest.mark.parametrize(
    ("lines", "where", "what"),
    [
        ("now: {say: '', source: test}\n", "line 1, key now say", "empty"),
        ("now: {say: Go.}\n", "line 1, key now source", "missing"),
        ("now: {say: Go., source: test}\n", "line 1, key reviewed", "missing"),
        ("now: Go.\n", "line 1", "keys with values"),
        ("now: {say: 'Go {wehn}.', source: test}\n", "line 1, key now say", "{wehn}"),
        ("now: {say: 'Call {number}.', source: test}\n", "line 1, key now say", "{number}"),
        ("now: {say: 'Go {now}.', source: test}\n", "line 1, key now say", "in itself"),
        ("now: {say: '{b}', source: test}\nb: {say: '{now}', source: test}\n", "line 2, key b say", "in itself"),
        ("- a list\n", "line 1", "spoken lines"),
        ("", "", "empty"),
    ],
)
def test_mistakes_in_the_shared_lines(folder: Path, lines: str, where: str, what: str) -> None:
    sentences = mistakes(folder, {"shared/lines.yaml": lines, "relief.shoes.yaml": SHOES})
    file = folder / "shared" / "lines.yaml"
    assert any(sentence.startswith(str(file)) and where in sentence and what in sentence for sentence in sentences), sentences


def test_missing_shared_lines_are_named_once(folder: Path) -> None:
    write(folder, {"danger.fever.yaml": FEVER, "relief.shoes.yaml": SHOES})
    (folder / "shared" / "lines.yaml").unlink()
    with pytest.raises(IntentError) as caught:
        load_intents(folder)
    assert len(caught.value.problems) == 1
    assert "lines.yaml: cannot be read" in caught.value.problems[0]


# --- the real folder ---------------------------------------------------------------------------------------------------


def wanted_labels() -> dict[str, str]:
    """label → the tier's words, of the list that others rely on."""
    text = LABELS.read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")]
    labels = {row[0]: row[2] if len(row) > 2 else "none" for row in rows if "." in row[0]}
    return labels | dict.fromkeys(re.findall(r"control\.[a-z]+", text), "none") | {"none": "none"}


@pytest.mark.skipif(not LABELS.is_file(), reason="the list of labels is not beside the project")
def test_every_label_of_the_list_is_there_with_its_tier(book: IntentBook) -> None:
    wanted = wanted_labels()
    assert len(wanted) > 60
    assert set(wanted) - set(book.intents) == set()
    wrong = [
        label
        for label, words in wanted.items()
        if book.intents[label].tier.word not in re.findall(r"none|today|now|emergency", words)
        or book.intents[label].is_danger != (words != "none")
    ]
    assert wrong == []


def test_every_answer_has_a_source_and_every_intent_says_whether_it_was_reviewed(book: IntentBook) -> None:
    assert all(part.source and part.say for intent in book.intents.values() for part in intent.parts)
    assert all(intent.answer is not None and intent.unsure is not None for intent in book.dangers)
    assert all(example.text for example in book.examples)


def test_a_control_word_and_a_danger_have_examples_enough(book: IntentBook) -> None:
    assert [intent.label for intent in book.intents.values() if len(intent.examples) < 20] == []
