"""The page for the family says what is so: its pictures are there, and what it tells people to say is understood."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from skill.assistant import DANGER_KEPT_SECONDS
from skill.attention import CONVERSATION_SECONDS, QUESTION_SECONDS, Attention, Standing
from skill.messages import Certainty, Tone, Transcript
from skill.panel import HELD_SECONDS
from skill.settings import GROUP_OF, WAKE_WORDS, Hearing
from skill.stages import Interpreter
from skill.understanding.intents import IntentBook
from tests.knowledge import ROOT, book, cache_folder, interpreter, needs_encoder

__all__ = ["book", "cache_folder", "interpreter"]

PAGE = ROOT / "docs" / "at_home.md"
TEXT = PAGE.read_text(encoding="utf-8")
PICTURES = sorted((ROOT / "docs" / "pictures").glob("*.svg"))
SVG = "{http://www.w3.org/2000/svg}"
QUESTIONS = re.findall(r'^- "(.+)"$', TEXT, re.MULTILINE)
MOST_WORDS_A_SENTENCE = 20


def test_each_picture_is_shown_and_is_there() -> None:
    shown = {PAGE.parent / name for name in re.findall(r"\]\((pictures/[^)]+)\)", TEXT)}
    assert shown == set(PICTURES)
    assert len(PICTURES) >= 5
    assert all(alt for alt in re.findall(r"!\[(.*?)\]", TEXT))


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_pictures_have_few_words_are_described_and_fetch_nothing(path: Path) -> None:
    root = ElementTree.parse(path).getroot()
    described = [root.findtext(f"{SVG}{name}") for name in ("title", "desc")]
    assert all(described)
    words = " ".join(element.text or "" for element in root.iter(f"{SVG}text")).split()
    assert len(words) <= 10
    assert "href" not in path.read_text(encoding="utf-8")
    width, height = (float(root.attrib[name]) for name in ("width", "height"))
    assert root.attrib["viewBox"] == f"0 0 {width:g} {height:g}"


@needs_encoder
@pytest.mark.parametrize("question", QUESTIONS)
def test_what_it_tells_people_to_say_is_answered_also_as_the_first_words(question: str, interpreter: Interpreter) -> None:
    understood = interpreter.interpret(Transcript(question.lower(), "vosk"))
    assert Attention().meant_for_it(understood, Standing.CLOSED) == understood
    assert understood.matches[0].certainty is Certainty.SURE


@needs_encoder
@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("louder", "louder"),
        ("slower", "slower"),
        ("tell me more", "more"),
        ("thank you", "thanks"),
        ("goodbye", "goodbye"),
        ("stop", "stop"),
    ],
)
def test_the_control_words_that_it_names(word: str, label: str, interpreter: Interpreter, book: IntentBook) -> None:
    assert f'"{word}"' in TEXT
    assert interpreter.interpret(Transcript(word, "vosk")).labels == (f"control.{label}",)


def test_it_names_the_phrase_the_times_and_every_tone() -> None:
    assert f'say "{Hearing().wake_phrase}"' in TEXT
    assert f'say "{Hearing().wake_word}"' in TEXT
    assert len(WAKE_WORDS) == 5
    assert "name four others" in TEXT
    assert QUESTION_SECONDS == 300
    assert "waits for five minutes" in TEXT
    assert CONVERSATION_SECONDS == 90
    assert "for a minute and a half" in TEXT
    table = TEXT.partition("| you hear | it means |\n|---|---|\n")[2].partition("\n\n")[0]
    assert len(table.splitlines()) == len(Tone)


def test_what_it_says_of_the_button_is_so() -> None:
    assert HELD_SECONDS <= 2
    assert "Press for two seconds." in TEXT
    assert DANGER_KEPT_SECONDS == 3600
    assert "After an hour it forgets the danger line." in TEXT
    assert {"led_pin", "button_pin"} <= set(GROUP_OF)


def test_its_danger_signs_are_those_that_are_spoken(book: IntentBook) -> None:
    answer = book.intents["control.check"].answer
    assert answer is not None
    for sign in ("bleed", "fever", "belly pain", "very bad back pain", "head is very sore", "baby moves less", "leg is numb", "pass out"):
        assert sign in TEXT
        assert sign in answer.say


def test_its_sentences_are_short() -> None:
    plain = re.sub(r"!\[.*?\]\(.*?\)|[*`|_#]|\]\(.*?\)", " ", TEXT)
    long = [words for words in re.split(r"[.!?:]\s|\n\s*\n|\n- |\n\d\.", plain) if len(words.split()) > MOST_WORDS_A_SENTENCE]
    assert long == []
