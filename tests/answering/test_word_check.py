"""The rules for spoken words: each finds what it is there for, names it, and leaves good lines alone; and all that is spoken keeps them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from skill.answering.countries import load_countries
from skill.answering.phrases import Phrases, Surroundings
from skill.answering.script import Script, load_script
from skill.answering.word_check import WordCheck, heard_seconds, reading_grade, sentences_of, words_of
from skill.answering.words import load_words
from skill.errors import IntentError
from skill.messages import Line, Pace
from skill.speaking.sound import sentences_of as voice_sentences
from skill.speaking.syllables import syllable_counter
from skill.understanding.intents import IntentBook, Part
from tests.knowledge import ENGLISH

SOURCE = "clinical reference, section 2 row 8 [49]"
GOOD = "Go to a hospital now. Take someone with you if you can."


@pytest.fixture(scope="session")
def syllables() -> Callable[[str], int]:
    return syllable_counter()


@pytest.fixture(scope="session")
def check(syllables: Callable[[str], int]) -> WordCheck:
    return WordCheck(load_words(ENGLISH), syllables)


@pytest.fixture(scope="session")
def script(book: IntentBook) -> Script:
    return load_script(ENGLISH, book.intents)


def found(check: WordCheck, text: str, source: str = SOURCE, pace: Pace = Pace.ORDINARY) -> list[tuple[str, tuple[str, ...]]]:
    return [(finding.rule, finding.words) for finding in check.findings(Line(text, pace), source)]


# --- what is spoken ----------------------------------------------------------------------------------------------------


def test_everything_that_is_spoken_keeps_the_rules(check: WordCheck, book: IntentBook, script: Script) -> None:
    numbers = {None, *(country.number for country in load_countries(ENGLISH / "shared" / "countries.yaml").values())}
    problems = {
        problem
        for number in numbers
        for problem in check.problems(
            Phrases(book, script, Surroundings(number, "Saint Mary", "Mary", "0123456789", "hello back care")).spoken()
        )
    }
    assert sorted(problems) == []


def test_nothing_is_rendered_that_is_not_checked(book: IntentBook, script: Script) -> None:
    phrases = Phrases(book, script, Surroundings("112", "Saint Mary", "Mary", "0123", "hello back care"))
    assert {line.text for _, line in phrases.spoken()} == {line.text for line in phrases.all_lines()}
    assert {part.key for part, _ in phrases.spoken()} >= {part.key for intent in book.intents.values() for part in intent.parts}
    assert {part.key for part, _ in phrases.spoken()} >= {part.key for part in script.parts}
    without = {part.key for part, _ in Phrases(book, script).spoken()} | {part.key for part, _ in phrases.spoken()}
    assert without >= {part.key for part in book.lines.values()}


def test_sentences_are_those_between_which_the_voice_pauses(book: IntentBook, script: Script) -> None:
    for line in Phrases(book, script, Surroundings("911")).all_lines():
        assert sentences_of(line.text) == list(voice_sentences(line))


def test_each_part_knows_its_file_and_line(book: IntentBook, script: Script) -> None:
    parts = [*book.lines.values(), *script.parts, *(part for intent in book.intents.values() for part in intent.parts)]
    for part in parts:
        path, rest = part.place.split(", line ")
        number, key = rest.split(", key ")
        assert "say:" in Path(path).read_text(encoding="utf-8").splitlines()[int(number) - 1], part.place
        assert key.endswith("say")
        first = part.say.split()[0]
        below = "\n".join(Path(path).read_text(encoding="utf-8").splitlines()[int(number) - 1 : int(number) + 1])
        assert first in below, part.place


# --- one rule after the other -------------------------------------------------------------------------------------------


def test_a_good_line_has_nothing(check: WordCheck) -> None:
    assert found(check, GOOD) == []


@pytest.mark.parametrize(
    "text",
    [
        "In the last three months, go to sleep on your side. Left or right is fine. If you wake up on your back, do not worry.",
        "Warm is fine. Hot is not. Twenty minutes will do. If you have a fever, do not use heat. Go and get checked.",
        "Worry can make pain feel worse. It is not your fault.",
        "I cannot tell you that all is well. If anything changes, go and get checked.",
        "If your baby moves less than usual, go now. Going late can leave damage that does not go away.",
        "On most mobile phones you can try one, one, two. Fever means thirty eight degrees.",
        "If you must, carry two small loads, close to your body. It is safe to ask. See a nurse today.",
        "If a doctor gave you a low dose of aspirin, keep taking it. Ask before you give it up.",
        "Don't stay. You're right to ask. It\u2019s your body.",
    ],
)
def test_lines_like_those_of_the_clinical_reference_are_left_alone(check: WordCheck, text: str) -> None:
    assert found(check, text) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("If it hurts, stop. Then rest.", ("stop",)),
        ("Waiting is hard. Stopping is too.", ("Waiting", "Stopping")),
        ("Twenty minutes is ENOUGH. Be quiet.", ("ENOUGH", "quiet")),
        ("The weight of your baby is nonstop fun.", ()),
    ],
)
def test_it_never_says_what_makes_it_silent(check: WordCheck, text: str, words: tuple[str, ...]) -> None:
    assert [finding[1] for finding in found(check, text) if finding[0] == "stop word"] == ([words] if words else [])


def test_what_is_too_hard_is_told_with_its_grade(check: WordCheck) -> None:
    text = "Regular physiotherapy considerably alleviates uncomfortable muscular tension during pregnancy in many situations."
    rules = {finding.rule: finding for finding in check.findings(Line(text), SOURCE)}
    assert rules["too hard"].words == ("physiotherapy",)
    assert "at most 5.5" in str(rules["too hard"])


def test_a_short_question_is_not_graded_but_may_hold_no_monster(check: WordCheck) -> None:
    assert found(check, "Is water coming from your vagina?") == []
    assert found(check, "Do you have pyelonephritis?") == [("too hard", ("pyelonephritis",))]


def test_the_grade_is_the_formula_of_kincaid(syllables: Callable[[str], int]) -> None:
    # Ten words, two sentences, twelve syllables by the CMU Pronouncing Dictionary.
    text = "Go to a hospital now. Do not wait for me."
    assert len(words_of(text)) == 10
    assert reading_grade(text, syllables) == pytest.approx(0.39 * 10 / 2 + 11.8 * 12 / 10 - 15.59)


@pytest.mark.parametrize(
    ("word", "number"),
    [
        *(("pee", 1), ("moves", 1), ("any", 2), ("little", 2), ("over", 2), ("trouble", 2), ("hospital", 3), ("ambulance", 3)),
        *(("emergency", 4), ("midwife", 2), ("pregnancy", 3), ("paracetamol", 5), ("ibuprofen", 4), ("thirty eight degrees", 5)),
    ],
)
def test_syllables_are_those_of_the_dictionary(syllables: Callable[[str], int], word: str, number: int) -> None:
    assert syllables(word) == number


def test_a_sentence_of_more_than_fifteen_words(check: WordCheck) -> None:
    fifteen = "go and sit in the sun as long as it is warm out here now"
    assert found(check, f"{fifteen}. Go now.") == []
    assert len(words_of(fifteen)) == 15
    assert found(check, f"Go now. So {fifteen}!") == [("long sentence", (f"So {fifteen}!",))]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("If it hurts to urinate, go now.", "urinate"),
        ("Does urination hurt? Go now.", "urination"),
        ("Is your ABDOMEN sore? Go now.", "abdomen"),
        ("It is a haemorrhage. Go now.", "haemorrhage"),
        ("In the third trimester, lie on your side.", "trimester"),
        ("Do you have other symptoms? Go now.", "symptoms"),
        ("It can be pregnancy  poisoning. Go now.", "pregnancy poisoning"),
    ],
)
def test_banned_words_in_all_their_forms(check: WordCheck, text: str, word: str) -> None:
    assert ("banned word", (word,)) in found(check, text)


def test_a_banned_word_comes_with_what_to_say_instead(check: WordCheck) -> None:
    assert [str(finding) for finding in check.findings(Line("Go now if it hurts to urinate."), SOURCE)] == [
        'banned word, "urinate": say instead: pee'
    ]


def test_only_whole_words_are_banned(check: WordCheck) -> None:
    assert found(check, "Ask the consul.") == []  # "consult*"


@pytest.mark.parametrize("word", ["38", "24/7", "&", "%", "°", "3.5", "(now)", "\u2013", "…", "é", "*"])
def test_figures_and_signs(check: WordCheck, word: str) -> None:
    assert "no word" in [rule for rule, _ in found(check, f"Go now {word} to a hospital.")]


@pytest.mark.parametrize("word", ["e.g.", "i.e.", "kg", "km", "Dr", "vs", "NHS", "UTI", "approx", "etc", "mins"])
def test_short_forms(check: WordCheck, word: str) -> None:
    assert "short form" in [rule for rule, _ in found(check, f"Go now {word} to a hospital.")]


def test_no_before_a_full_stop_which_the_natural_voice_reads_as_number(check: WordCheck) -> None:
    assert ("short form", ("no.",)) in found(check, "Say yes or no. Then wait.")
    assert found(check, "Say no, or say yes. No. I am here.") == [("short form", ("no.",))]
    assert found(check, "Say no or yes.") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ask first. Then take two.", ("take two",)),
        ("Ask first. One tablet will do.", ("one tablet",)),
        ("Ask first. Not more than five hundred milligrams.", ("milligrams",)),
        ("Ask first. Not more than three times a day.", ("three times a day",)),
        ("Ask first. Twice a day, every six hours.", ("twice a day", "every six hours")),
        ("Ask first. Half a spoonful.", ("spoonful",)),
        ("Ask first. Take it, 500 mg.", ("500 mg",)),
        ("Ask first. Take it, 500mg.", ("500 mg",)),
        ("Ask first. Take 1,000 mg.", ("take 1,000", "mg")),
        ("Ask first. Two tablets, or 2 tablets.", ("two tablets", "2 tablets")),
        ("Ask first. Not more than 3 times a day.", ("3 times a day",)),
        ("Ask first. Every 6 hours, 0.4 \u00b5g.", ("every 6 hours", "0.4 \u00b5g")),
        ("Ask first. Five hundred mg.", ("hundred mg",)),
    ],
)
def test_a_dose_in_words_or_in_figures_is_a_dose_and_nothing_to_be_spelt_otherwise(
    check: WordCheck, text: str, words: tuple[str, ...]
) -> None:
    assert found(check, text) == [("dose", words)]


def test_figures_and_short_forms_that_are_no_dose_are_told_beside_one(check: WordCheck) -> None:
    assert found(check, "Take 5 mg & ask e.g. a nurse.") == [("no word", ("&",)), ("short form", ("e.g.",)), ("dose", ("take 5", "mg"))]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("You will be fine. Go and get checked.", "you will be fine"),
        ("You'll be fine. Go and get checked.", "you will be fine"),
        ("Do not worry. Go and get checked.", "do not worry"),
        ("Don't worry, go and get checked.", "do not worry"),
        ("Everything's OK. Go and get checked.", "everything is ok"),
        ("I guarantee that. Go and get checked.", "guarantee"),
        ("The pain will go away. Go and get checked.", "will go away"),
        ("All is well. Go and get checked.", "all is well"),
    ],
)
def test_a_promise(check: WordCheck, text: str, words: str) -> None:
    assert ("promise", (words,)) in found(check, text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("You should have come. Go now.", "you should have"),
        ("You shouldn't have done that. Go now.", "you should not have"),
        ("It is your fault. Go now.", "your fault"),
        ("It is not your fault, but it is your fault.", "your fault"),
        ("Why did you wait? Go now.", "why did you"),
    ],
)
def test_blame(check: WordCheck, text: str, words: str) -> None:
    assert ("blame", (words,)) in found(check, text)


@pytest.mark.parametrize("calming", ["common", "normal", "fine", "usually there", "there most of the time"])
def test_what_calms_says_in_the_same_answer_when_to_go(check: WordCheck, calming: str) -> None:
    rule = "calms and does not say when to go"
    assert [name for name, _ in found(check, f"Back pain is {calming}. Rest a little.")] == [rule]
    for gate in ("If you bleed, go to a hospital now.", "If it burns, see a health worker today.", "Faint? Call for an ambulance."):
        assert found(check, f"Back pain is {calming}. {gate}") == []


@pytest.mark.parametrize(
    "source", ["clinical reference", "source article", "the internet", "section two", "clinical reference, section 2", "x"]
)
def test_a_source_names_section_and_row(check: WordCheck, source: str) -> None:
    assert found(check, GOOD, source) == [("no source", (source,))]


@pytest.mark.parametrize(
    "source",
    [
        "clinical reference, section 2 row 8 [49]",
        "source article, section 1 weight gain",
        "clinical reference, section 1 [1][34]",
        "NHS, back pain in pregnancy, 2026: https://www.nhs.uk/pregnancy/related-conditions/back-pain/",
        "design section 3; says nothing medical",
    ],
)
def test_sources_that_can_be_looked_up(check: WordCheck, source: str) -> None:
    assert found(check, GOOD, source) == []


def test_what_is_too_long_to_hear(check: WordCheck) -> None:
    ten = "Go to a hospital or birth clinic now with me. "
    assert len(words_of(ten)) == 10
    assert heard_seconds(Line(ten * 6)) == pytest.approx(60 * 60 / 130)
    assert found(check, ten * 6) == []
    assert found(check, ten * 6, pace=Pace.DANGER) == [("too long to hear", ())]  # danger is spoken more slowly: 30 seconds
    assert found(check, ten * 7) == [("too long to hear", ())]


def test_a_line_without_words_is_no_crash(check: WordCheck) -> None:
    assert found(check, "...") == []


def test_all_breaches_of_a_line_are_told_at_once(check: WordCheck) -> None:
    text = "Don't worry, e.g. your abdomen is normal. You should have taken two tablets."
    assert {rule for rule, _ in found(check, text, "")} == {
        *("banned word", "short form", "dose", "promise", "blame", "calms and does not say when to go", "no source")
    }


def test_a_problem_names_place_rule_words_and_what_to_do_and_comes_once(check: WordCheck) -> None:
    part = Part("{now} Your abdomen.", SOURCE, "relief.shoes answer", "relief.shoes.yaml, line 7, key answer say")
    heard = [(part, Line("Go now. Your abdomen.")), (part, Line("Go now. Your abdomen. One, one, two."))]
    (problem,) = check.problems(heard)
    assert problem.startswith("relief.shoes.yaml, line 7, key answer say, heard as ")
    assert problem.endswith('banned word, "abdomen": say instead: belly')


# --- the file of words --------------------------------------------------------------------------------------------------


def words_file(tmp_path: Path, old: str, new: str) -> Path:
    folder = tmp_path / "en"
    (folder / "shared").mkdir(parents=True)
    file = folder / "shared" / "words.yaml"
    text = (ENGLISH / "shared" / "words.yaml").read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"urinat*": pee', '"urinat(": pee', "'urinat('"),
        ('"urinat*": pee', '"Urinate": pee', "'Urinate'"),
        ('"urinat*": pee', "urinate:", "this is empty"),
        ('"urinat*": pee', '"": pee', "''"),
        ('- "teaspoon*"', '- "*"', "'*'"),
        ('- "teaspoon*"', "- no", "without quotes"),
        ('- "teaspoon*"', '- "go now. run"', "full stop"),
        ("blame:\n", "blam:\n", "blam"),
        ("blame:\n", "blame: []\nother:\n", "blame"),
    ],
)
def test_mistakes_in_the_file_of_words_are_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(IntentError) as caught:
        load_words(words_file(tmp_path, old, new))
    assert all("words.yaml" in problem for problem in caught.value.problems)
    assert any(said in problem and ", line " in problem for problem in caught.value.problems), caught.value.problems


def test_a_word_that_is_added_is_found(tmp_path: Path, syllables: Callable[[str], int]) -> None:
    check = WordCheck(load_words(words_file(tmp_path, '"urinat*": pee', '"urinat*": pee\n  "birth clinic": maternity home')), syllables)
    assert found(check, "Go to a birth clinic now.") == [("banned word", ("birth clinic",))]


def test_no_file_of_words(tmp_path: Path) -> None:
    with pytest.raises(IntentError, match=r"words\.yaml: cannot be read"):
        load_words(tmp_path)


def test_the_words_are_those_of_the_real_folder(tmp_path: Path) -> None:
    shutil.copytree(ENGLISH / "shared", tmp_path / "shared")
    assert load_words(tmp_path) == load_words(ENGLISH)
