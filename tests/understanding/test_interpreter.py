"""What is understood, on the real intents: behaviour only, with the sentence encoder and without it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from skill.messages import Alternative, Certainty, Tier, Transcript, Understanding
from skill.understanding import open_interpreter
from skill.understanding.intents import IntentBook, load_intents
from skill.understanding.interpreter import ExampleInterpreter
from tests.knowledge import ENCODER, needs_encoder, short_intents


def understood(interpreter: ExampleInterpreter, text: str, *alternatives: str) -> Understanding:
    return interpreter.interpret(Transcript(text, "typed", alternatives=tuple(Alternative(other, 0.3) for other in alternatives)))


def dangers(understanding: Understanding) -> set[str]:
    return {match.label for match in understanding.matches if match.is_danger}


PLAIN_DANGERS = {
    "i'm bleeding and i'm pregnant": "danger.bleeding",
    "i have bad cramps in my lower belly": "danger.belly_pain",
    "my discharge is green and it smells": "danger.discharge",
    "my waters broke": "danger.fluid",
    "it burns when i pee": "danger.urine",
    "the pain in my back is unbearable it does not stop": "danger.severe_pain",
    "the pain shoots down my leg": "danger.spreading_pain",
    "i can't feel my legs": "danger.numbness",
    "i have a fever and chills": "danger.fever",
    "i fell down the stairs on my belly": "danger.fall",
    "i'm having contractions every five minutes": "danger.contractions",
    "my baby is not moving": "danger.baby_moves_less",
    "i have a terrible headache and blurred vision": "danger.preeclampsia",
    "i passed out": "danger.faint",
    "i can't breathe and my chest hurts": "danger.breath",
    "my calf is swollen hot and painful": "danger.leg_clot",
    "i keep vomiting and can't keep water down": "danger.vomit",
    "she is having a seizure": "danger.fit",
    "the baby's head is coming out": "danger.birth_now",
    "the tip of my shoulder hurts and i am six weeks pregnant": "danger.shoulder_tip",
    "my palms and soles itch at night": "danger.itch",
    "something is wrong with me i feel terribly ill": "danger.worry",
    "i want to kill myself": "danger.self_harm",
    "my husband hits me": "danger.abuse",
    "call an ambulance": "danger.emergency",
}


@pytest.mark.parametrize("text", PLAIN_DANGERS)
def test_a_plain_danger_is_found_and_comes_first(interpreter: ExampleInterpreter, book: IntentBook, text: str) -> None:
    understanding = understood(interpreter, text)
    assert PLAIN_DANGERS[text] in dangers(understanding)
    assert understanding.matches[0].is_danger
    assert understanding.tier >= Tier.TODAY
    assert understanding.matches[0].tier is understanding.tier


def test_the_plain_dangers_name_every_danger_there_is(book: IntentBook) -> None:
    assert set(PLAIN_DANGERS.values()) == {intent.label for intent in book.dangers}


@pytest.mark.parametrize(
    ("text", "tier"),
    [
        ("i am bleeding a little", Tier.NOW),
        ("i am bleeding heavily and passing clots", Tier.EMERGENCY),
        ("i am bleeding and i fainted", Tier.EMERGENCY),
        ("it burns when i pee", Tier.TODAY),
        ("it burns when i pee and i have a fever and shaking", Tier.NOW),
        ("i feel dizzy and light headed", Tier.NOW),
        ("i passed out", Tier.EMERGENCY),
        ("the pain shoots down my leg", Tier.TODAY),
        ("i can't feel my legs", Tier.EMERGENCY),
    ],
)
def test_the_tier_of_what_she_says(interpreter: ExampleInterpreter, text: str, tier: Tier) -> None:
    assert understood(interpreter, text).tier is tier


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("my back aches and i am bleeding a little", "danger.bleeding"),
        ("hello i have a fever and chills", "danger.fever"),
        ("my back hurts and i have a fever how should i sleep", "danger.fever"),
        ("i am bleeding should i lie on my left side", "danger.bleeding"),
        ("which pillow should i use and i am bleeding", "danger.bleeding"),
        ("what shoes are good and my baby stopped moving today", "danger.baby_moves_less"),
        ("thank you that helped but now my waters broke", "danger.fluid"),
    ],
)
def test_danger_comes_first_whatever_else_is_said(interpreter: ExampleInterpreter, text: str, label: str) -> None:
    understanding = understood(interpreter, text)
    assert label in dangers(understanding)
    assert understanding.matches[0].is_danger


def test_several_meanings_are_found_the_most_serious_first(interpreter: ExampleInterpreter) -> None:
    understanding = understood(interpreter, "i have a fever and chills and my waters broke and i can't breathe")
    assert len(dangers(understanding)) >= 2
    tiers = [match.tier for match in understanding.matches]
    assert tiers == sorted(tiers, reverse=True)
    assert understanding.matches[0].label == "danger.breath"


@needs_encoder
def test_a_danger_and_a_question_are_both_understood(interpreter: ExampleInterpreter) -> None:
    understanding = understood(interpreter, "what pillow should i use for my back oh and i've been spotting")
    assert understanding.labels == ("danger.bleeding", "relief.sleep")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("why does my back hurt", "cause.overview"),
        ("how should i sleep", "relief.sleep"),
        ("which shoes should i wear", "relief.shoes"),
        ("can i take a hot bath", "relief.warmth"),
        ("is it safe to carry my shopping", "relief.lifting"),
        ("can i take paracetamol for the pain", "relief.medicine"),
        ("is spotting normal in pregnancy", "care.bleeding_question"),
        ("when should i see a doctor", "care.when"),
        ("hello", "control.greet"),
        ("thank you", "control.thanks"),
        ("what can you do", "control.help"),
        ("Say that again, please.", "control.repeat"),
        ("tell me more", "control.more"),
        ("Stop!", "control.stop"),
        ("yes", "control.yes"),
        ("no", "control.no"),
        ("slower please", "control.slower"),
        ("louder", "control.louder"),
        ("goodbye", "control.goodbye"),
    ],
)
def test_a_plain_question_or_command_is_understood_and_is_no_danger(interpreter: ExampleInterpreter, text: str, label: str) -> None:
    understanding = understood(interpreter, text)
    assert understanding.labels[0] == label
    assert understanding.tier is Tier.NONE


@pytest.mark.parametrize(
    "text",
    [
        "what is the weather tomorrow",
        "who won the football last night",
        "he scored a goal and the crowd went wild",
        *(
            pytest.param(text, marks=needs_encoder)
            for text in ("play some music", "turn on the kitchen light", "set a timer for ten minutes", "put the kettle on")
        ),
    ],
)
def test_chatter_is_left_alone(interpreter: ExampleInterpreter, text: str) -> None:
    understanding = understood(interpreter, text)
    assert understanding.labels == ()
    assert not understanding.is_ours


@pytest.mark.parametrize("text", ["", "   ", "?!", "...", "语言", "😀", "\x00"])
def test_no_words_are_nothing_of_ours(interpreter: ExampleInterpreter, text: str) -> None:
    assert understood(interpreter, text) == Understanding("")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("i am not bleeding how should i sleep", "danger.bleeding"),
        pytest.param("i'm not bleeding", "danger.bleeding", marks=needs_encoder),
        pytest.param("no i haven't fallen", "danger.fall", marks=needs_encoder),
        pytest.param("no bleeding and no fever can i swim", "danger.bleeding", marks=needs_encoder),
    ],
)
def test_what_she_denies_is_no_danger(interpreter: ExampleInterpreter, text: str, label: str) -> None:
    understanding = understood(interpreter, text)
    assert label not in understanding.labels


def test_what_she_denies_is_told_apart_from_what_was_not_said(interpreter: ExampleInterpreter) -> None:
    assert "danger.bleeding" in understood(interpreter, "i am not bleeding how should i sleep").denied
    assert understood(interpreter, "how should i sleep").denied == ()


def test_a_danger_in_another_reading_is_spoken_of_with_if(interpreter: ExampleInterpreter) -> None:
    understanding = understood(interpreter, "what is the weather tomorrow", "what is the feather tomorrow", "my waters broke")
    assert [(match.label, match.certainty) for match in understanding.matches if match.is_danger] == [("danger.fluid", Certainty.UNSURE)]
    assert understanding.text == "what is the weather tomorrow"


def test_harmless_other_readings_change_nothing(interpreter: ExampleInterpreter) -> None:
    understanding = understood(interpreter, "what is the weather tomorrow", "what was the weather tomorrow", "", "?!")
    assert (understanding.matches, understanding.denied) == ((), ())
    assert understanding.nothing > 0.9


def test_a_word_that_is_wrong_in_one_reading_is_right_in_others(interpreter: ExampleInterpreter) -> None:
    others = ("when do thyroid love test in pregnancy", "when do thyroid blood test in pregnancy")
    assert understood(interpreter, "when do i write blood test in pregnancy", *others).labels[:1] == ("care.thyroid",)


@pytest.mark.parametrize(("word", "is_danger"), [("flooring", False), ("pouring", False), ("bleeding", True), ("fainting", True)])
def test_one_word_that_was_heard_is_a_danger_only_when_it_is_surely_one(
    interpreter: ExampleInterpreter, word: str, is_danger: bool
) -> None:
    assert bool(dangers(interpreter.interpret(Transcript(word, "whisper")))) is is_danger


def test_a_sure_reading_is_not_outvoted_by_unlikely_ones(interpreter: ExampleInterpreter) -> None:
    readings = tuple(Alternative(text, 0.01) for text in ("when a bleeding hard", "wham bleeding art", "what a leading heart"))
    understanding = interpreter.interpret(Transcript("which side should i sleep on tonight", "whisper", alternatives=readings))
    assert understanding.labels[:1] == ("relief.sleep",)
    assert dangers(understanding) == set()


def test_a_denial_in_another_reading_is_no_danger(interpreter: ExampleInterpreter) -> None:
    assert dangers(understood(interpreter, "how should i sleep", "i am not bleeding how should i sleep")) == set()


def test_the_same_words_are_understood_the_same(interpreter: ExampleInterpreter) -> None:
    first = understood(interpreter, "i'm bleeding")
    understood(interpreter, "my husband hits me")
    assert understood(interpreter, "i'm bleeding") == first
    assert understood(interpreter, "  I\u2019M   Bleeding!! ") == first


def test_every_match_says_what_it_rests_on(interpreter: ExampleInterpreter) -> None:
    for text in ("i'm bleeding", "how should i sleep", "stop"):
        assert all(match.evidence and all(match.evidence) and 0 <= match.score <= 1 for match in understood(interpreter, text).matches)


WORDS = [
    *("i", "am", "not", "bleeding", "my", "dog's", "back", "hurts", "and", "no", "fever", "when", "can", "which", "shoes", "yes"),
    *("stop", "call", "weather", "baby", "38", "911", "he", "she"),
]


@given(
    text=some.text(max_size=120) | some.lists(some.sampled_from(WORDS), max_size=50).map(" ".join),
    other=some.text(max_size=30) | some.lists(some.sampled_from(WORDS), max_size=9).map(" ".join),
)
@settings(max_examples=100, deadline=None)
def test_whatever_is_said_something_is_understood(interpreter: ExampleInterpreter, book: IntentBook, text: str, other: str) -> None:
    understanding = understood(interpreter, text, other)
    assert set(understanding.labels) <= set(book.intents) - {"none"}
    assert len(set(understanding.labels)) == len(understanding.labels)
    for match in understanding.matches:
        assert match.is_danger == match.label.startswith("danger.")
        assert match.tier <= Tier.EMERGENCY
    tiers = [match.tier for match in understanding.matches]
    assert tiers == sorted(tiers, reverse=True)


@pytest.mark.parametrize("piece", ["i am bleeding and ", "a", "and ", "9", "my back hurts so much but ", "語", "'"])
def test_a_text_of_any_length_is_judged(interpreter: ExampleInterpreter, book: IntentBook, piece: str) -> None:
    understanding = understood(interpreter, piece * 100_000)
    assert set(understanding.labels) <= set(book.intents)
    assert ("danger.bleeding" in understanding.labels) or "bleeding" not in piece


def test_a_danger_at_the_end_of_a_long_ramble_is_found(interpreter: ExampleInterpreter) -> None:
    ramble = "so i was hanging out the washing and my mother was telling me about her neighbour and "
    assert "danger.bleeding" in understood(interpreter, ramble + "then i saw that i am bleeding").labels


# --- opening it --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return short_intents(tmp_path_factory.mktemp("intents"))


def test_an_intent_added_in_yaml_works_at_the_next_start(short: Path, tmp_path: Path, cache_folder: Path) -> None:
    folder = shutil.copytree(short, tmp_path / "en")
    before = open_interpreter(load_intents(folder), ENCODER, tmp_path / "cache")
    assert "relief.trampoline" not in understood(before, "may i jump on the trampoline").labels
    examples = [
        "may i jump on a trampoline",
        "trampoline",
        "is the trampoline safe",
        "trampoline jumping okay",
        "bouncing on the trampoline",
    ]
    (folder / "relief.trampoline.yaml").write_text(
        "label: relief.trampoline\nmeans: trampolines\ntier: none\nreviewed: no\n"
        "answer: {say: Leave the trampoline to others., source: test}\npeople_say:\n" + "".join(f"  - {one}\n" for one in examples)
    )
    after = open_interpreter(load_intents(folder), ENCODER, tmp_path / "cache")
    assert understood(after, "may i jump on the trampoline").labels == ("relief.trampoline",)
    assert "danger.bleeding" in understood(after, "i'm bleeding").labels


def test_an_example_added_in_yaml_works_at_the_next_start(short: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(short, tmp_path / "en")
    text = "the gribble is on the frob"
    assert understood(open_interpreter(load_intents(folder), ENCODER, None), text).labels != ("relief.shoes",)
    with (folder / "relief.shoes.yaml").open("a") as file:
        file.write("".join(f"  - {prefix}{text}\n" for prefix in ("", "oh ", "say ", "and ")))
    assert understood(open_interpreter(load_intents(folder), ENCODER, None), text).labels == ("relief.shoes",)


@pytest.mark.parametrize("damage", ["missing", "garbage", "truncated", "folder"])
def test_a_damaged_encoder_leaves_the_words(short: Path, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "encoder"
    if damage != "missing":
        folder.mkdir()
        (folder / "tokenizer.json").write_text("{")
    if damage == "garbage":
        (folder / "encoder.onnx").write_bytes(b"\x08\x07 no model" * 100)
    elif damage == "truncated":
        whole = ENCODER / "encoder.onnx"
        (folder / "encoder.onnx").write_bytes(whole.read_bytes()[:100_000] if whole.is_file() else b"\x08\x07")
    elif damage == "folder":
        (folder / "encoder.onnx").mkdir()
    interpreter = open_interpreter(load_intents(short), folder, tmp_path / "cache")
    assert understood(interpreter, "i'm bleeding").labels[0] == "danger.bleeding"
    assert understood(interpreter, "stop").labels == ("control.stop",)


@needs_encoder
@pytest.mark.parametrize("damage", ["garbage", "truncated", "folder"])
def test_a_damaged_cache_costs_only_time(short: Path, tmp_path: Path, damage: str) -> None:
    book = load_intents(short)
    fresh = understood(open_interpreter(book, ENCODER, tmp_path), "how should i sleep")
    stores = sorted(tmp_path.iterdir())
    assert [store.name for store in stores] == ["understanding.npz", "words.npz"]
    for store in stores:
        content = store.read_bytes()
        store.unlink()
        if damage == "folder":
            store.mkdir()
        else:
            store.write_bytes({"garbage": b"PK\x03\x04 no", "truncated": content[: len(content) // 2]}[damage])
    assert understood(open_interpreter(book, ENCODER, tmp_path), "how should i sleep") == fresh


@needs_encoder
def test_a_cache_that_cannot_be_written_costs_only_time(short: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    interpreter = open_interpreter(load_intents(short), ENCODER, tmp_path / "file" / "cache")
    assert understood(interpreter, "i'm bleeding").labels[0] == "danger.bleeding"
