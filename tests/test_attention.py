"""What counts as said to it: the policy alone, with understandings made by hand."""

from __future__ import annotations

import pytest

from skill.answering.conversation import Conversation
from skill.attention import (
    AT_ONCE_SECONDS,
    CONVERSATION_SECONDS,
    FURTHER_DB,
    QUESTION_SECONDS,
    SAID_AGAIN_SECONDS,
    WOKEN_SECONDS,
    Attention,
    HalfHeard,
    Standing,
    UsualLevel,
    is_further,
    standing,
)
from skill.messages import Alternative, Certainty, HeardWord, Match, Tier, Transcript, Understanding
from skill.wake_phrase import WakePhrase

OPEN_WAY = Attention(not_sure=frozenset({"not sure", "i can't tell"}))
BY_PHRASE = Attention(WakePhrase("hello back care"), OPEN_WAY.not_sure)
SURE, UNSURE = Certainty.SURE, Certainty.UNSURE


def meaning(
    *labels: str,
    certainty: Certainty = SURE,
    text: str = "words",
    denied: tuple[str, ...] = (),
    score: float = 0.7,
    nothing: float = 0.0,
) -> Understanding:
    tiers = {label: Tier.NOW if label.startswith("danger.") else Tier.NONE for label in labels}
    return Understanding(text, tuple(Match(label, tier, certainty, score) for label, tier in tiers.items()), denied, nothing)


NOTHING = meaning()


@pytest.mark.parametrize("attention", [OPEN_WAY, BY_PHRASE])
@pytest.mark.parametrize("now", list(Standing))
@pytest.mark.parametrize("certainty", list(Certainty))
def test_a_danger_is_never_left_out(attention: Attention, now: Standing, certainty: Certainty) -> None:
    danger = meaning("danger.fever", "relief.shoes", certainty=certainty)
    assert attention.meant_for_it(danger, now) == danger
    assert not attention.begins_anew(danger, now)


@pytest.mark.parametrize("attention", [OPEN_WAY, BY_PHRASE])
@pytest.mark.parametrize("heard", [NOTHING, meaning("relief.shoes", certainty=UNSURE), meaning("control.more")])
def test_in_a_conversation_everything_counts(attention: Attention, heard: Understanding) -> None:
    assert attention.meant_for_it(heard, Standing.OPEN) == heard


@pytest.mark.parametrize("attention", [OPEN_WAY, BY_PHRASE])
def test_in_a_pause_of_it_what_is_not_understood_is_the_talk_of_the_room(attention: Attention) -> None:
    assert attention.meant_for_it(NOTHING, Standing.PAUSING) is None
    for heard in (
        meaning("relief.shoes", certainty=UNSURE),
        meaning("control.more"),
        meaning(denied=("danger.bleeding",)),
        meaning(text="not sure"),
        meaning(text="i am ten weeks pregnant"),
    ):
        assert attention.meant_for_it(heard, Standing.PAUSING) == heard


@pytest.mark.parametrize("label", ["relief.shoes", "control.help", "control.greet", "control.check", "control.stop", "control.repeat"])
def test_outside_of_one_a_sure_question_and_what_begins_a_talk_count(label: str) -> None:
    assert OPEN_WAY.meant_for_it(meaning(label), Standing.CLOSED) == meaning(label)
    assert BY_PHRASE.meant_for_it(meaning(label), Standing.CLOSED) is None


@pytest.mark.parametrize(
    "heard",
    [
        NOTHING,
        meaning("relief.shoes", certainty=UNSURE),
        meaning("relief.sleep", "relief.exercise", certainty=UNSURE),
        meaning("control.help", certainty=UNSURE),
        *map(
            meaning, ("control.yes", "control.no", "control.more", "control.thanks", "control.goodbye", "control.louder", "control.slower")
        ),
        meaning(denied=("danger.bleeding",)),
    ],
)
def test_outside_of_one_the_rest_is_left_alone(heard: Understanding) -> None:
    assert OPEN_WAY.meant_for_it(heard, Standing.CLOSED) is None
    assert BY_PHRASE.meant_for_it(heard, Standing.CLOSED) is None


def test_of_two_meanings_the_sure_one_counts() -> None:
    sure, unsure = Match("relief.shoes", Tier.NONE, SURE, 0.7), Match("relief.sleep", Tier.NONE, UNSURE, 0.4)
    assert OPEN_WAY.meant_for_it(Understanding("words", (sure, unsure)), Standing.CLOSED) == Understanding("words", (sure,))


def test_how_far_she_is_may_be_told_first_and_is_no_danger() -> None:
    told = meaning("danger.fever", text="i am ten weeks pregnant")
    assert OPEN_WAY.meant_for_it(told, Standing.CLOSED) is not None
    assert BY_PHRASE.meant_for_it(told, Standing.CLOSED) is None


@pytest.mark.parametrize("attention", [OPEN_WAY, BY_PHRASE])
@pytest.mark.parametrize(
    "answer",
    [
        meaning("control.yes"),
        meaning("control.no"),
        meaning("control.repeat"),
        meaning(text="i can't tell"),
        meaning(text="it does not fill a pad", denied=("danger.bleeding",)),
    ],
)
def test_an_answer_to_a_question_that_waits_counts(attention: Attention, answer: Understanding) -> None:
    assert attention.meant_for_it(answer, Standing.WAITING) == answer
    assert not attention.begins_anew(answer, Standing.WAITING)


@pytest.mark.parametrize(
    "heard",
    [
        NOTHING,
        meaning("control.yes", certainty=UNSURE),
        meaning("control.no", text="no way she said that to him in front of everybody at the party"),
        meaning("relief.shoes", certainty=UNSURE),
    ],
)
def test_the_talk_of_the_room_is_no_answer(heard: Understanding) -> None:
    assert OPEN_WAY.meant_for_it(heard, Standing.WAITING) is None


def test_another_question_ends_the_waiting() -> None:
    assert OPEN_WAY.meant_for_it(meaning("relief.shoes"), Standing.WAITING) == meaning("relief.shoes")
    assert OPEN_WAY.begins_anew(meaning("relief.shoes"), Standing.WAITING)
    assert not OPEN_WAY.begins_anew(meaning("relief.shoes"), Standing.OPEN)
    assert not OPEN_WAY.begins_anew(NOTHING, Standing.WAITING)


# --- how the talk stands -----------------------------------------------------------------------------------------------

TALKING = Conversation(talking=True)
ASKED = Conversation(talking=True, asked_about="danger.bleeding", yes_leads_to=Tier.EMERGENCY, action=Tier.NOW)
IN_CHECK = Conversation(talking=True, step=2)
AFTER_STOP = Conversation(asked_about="danger.bleeding", yes_leads_to=Tier.EMERGENCY, action=Tier.NOW)
GATE = Conversation(talking=True, asked_about="relief.sleep", yes_leads_to=Tier.NOW)


@pytest.mark.parametrize(
    ("conversation", "seconds", "now"),
    [
        (Conversation(), 1, Standing.CLOSED),
        (TALKING, AT_ONCE_SECONDS, Standing.FRESH),
        (TALKING, AT_ONCE_SECONDS + 1, Standing.PAUSING),
        (TALKING, CONVERSATION_SECONDS, Standing.PAUSING),
        (IN_CHECK, CONVERSATION_SECONDS, Standing.OPEN),
        (TALKING, CONVERSATION_SECONDS + 1, Standing.CLOSED),
        (Conversation(choice=("relief.sleep", "relief.exercise")), CONVERSATION_SECONDS, Standing.OPEN),
        (ASKED, CONVERSATION_SECONDS, Standing.OPEN),
        (ASKED, CONVERSATION_SECONDS + 1, Standing.WAITING),
        (ASKED, QUESTION_SECONDS, Standing.WAITING),
        (ASKED, QUESTION_SECONDS + 1, Standing.CLOSED),
        (AFTER_STOP, 1, Standing.OPEN),
        (AFTER_STOP, QUESTION_SECONDS, Standing.WAITING),
        (IN_CHECK, QUESTION_SECONDS, Standing.WAITING),
        (GATE, AT_ONCE_SECONDS, Standing.FRESH),
        (GATE, AT_ONCE_SECONDS + 1, Standing.PAUSING),
        (GATE, CONVERSATION_SECONDS + 1, Standing.CLOSED),
    ],
)
def test_how_the_talk_stands(conversation: Conversation, seconds: float, now: Standing) -> None:
    assert standing(conversation, seconds) is now


@pytest.mark.parametrize(
    ("conversation", "now"),
    [
        (TALKING, Standing.CLOSED),
        (ASKED, Standing.WAITING),
        (IN_CHECK, Standing.WAITING),
        (GATE, Standing.WAITING),
        (Conversation(choice=("relief.sleep", "relief.exercise")), Standing.WAITING),
        (Conversation(), Standing.CLOSED),
    ],
)
def test_somebody_further_away_is_in_the_talk_only_where_it_asked_something(conversation: Conversation, now: Standing) -> None:
    assert standing(conversation, 1, further=True) is now


def test_further_away_is_who_speaks_much_more_quietly_than_who_began() -> None:
    assert is_further(-30 - FURTHER_DB - 1, -30)
    assert not is_further(-30 - FURTHER_DB + 1, -30)
    assert not is_further(-10, -30)
    assert not is_further(None, -30)
    assert not is_further(-60, None)


@pytest.mark.parametrize("now", [Standing.CLOSED, Standing.PAUSING])
def test_a_control_word_in_a_long_sentence_is_the_talk_of_the_room(now: Standing) -> None:
    assert OPEN_WAY.meant_for_it(meaning("control.greet", text="good evening and welcome to the news at six"), now) is None
    assert OPEN_WAY.meant_for_it(meaning("control.greet", text="good evening"), now) is not None
    long = meaning("relief.shoes", text="and what kind of shoes should i wear when i go to the market")
    assert OPEN_WAY.meant_for_it(long, now) == long


def test_a_question_about_danger_waits_at_least_five_minutes() -> None:
    assert QUESTION_SECONDS >= 300


def test_woken_by_the_phrase_alone_it_stays_open_for_a_short_while() -> None:
    assert standing(TALKING, WOKEN_SECONDS, WOKEN_SECONDS) is Standing.OPEN
    assert standing(TALKING, WOKEN_SECONDS + 1, WOKEN_SECONDS) is Standing.CLOSED


# --- the phrase --------------------------------------------------------------------------------------------------------


def test_the_open_way_is_not_called_by_anything() -> None:
    assert OPEN_WAY.called(Transcript("hello back care", "vosk")) is None


def test_a_call_alone_and_a_call_with_a_question() -> None:
    alone = BY_PHRASE.called(Transcript("hello back care", "vosk"))
    assert alone is not None
    assert alone.behind is None
    heard = Transcript(
        "hello back care which shoes",
        "vosk",
        0.8,
        (Alternative("hello back care which juice", 0.2), Alternative("yellow bag of witches", 0.1), Alternative("hello back care", 0.1)),
        (HeardWord("hello", 0.0, 0.4, 0.9),),
        end_seconds=2.0,
    )
    call = BY_PHRASE.called(heard)
    assert call is not None
    assert call.behind == Transcript("which shoes", "vosk", 0.8, (Alternative("which juice", 0.2),), end_seconds=2.0)
    assert BY_PHRASE.called(Transcript("which shoes", "vosk")) is None


# --- a wake word, by its sound ----------------------------------------------------------------------------------------

BY_WORD = Attention(WakePhrase("hey jarvis"))
# What a recogniser may make of a name that it does not know.
GARBLED = (HeardWord("hay", 1.0, 1.3, 0.6), HeardWord("drivers", 1.3, 1.9, 0.4))
QUESTION = (HeardWord("which", 2.2, 2.4, 0.9), HeardWord("shoes", 2.4, 2.9, 0.9))


def test_what_is_behind_the_sound_of_the_word_is_what_was_said_to_it() -> None:
    others = (Alternative("hey drivers which juice", 0.2), Alternative("hey drivers", 0.1))
    heard = Transcript("hay drivers which shoes", "vosk", 0.8, others, GARBLED + QUESTION, woken_seconds=2.0)
    call = BY_WORD.called(heard)
    assert call is not None
    assert call.behind is not None
    assert (call.behind.text, call.behind.words, call.behind.alternatives) == ("which shoes", QUESTION, (Alternative("which juice", 0.2),))


@pytest.mark.parametrize("woken_seconds", [1.7, 2.0])
def test_the_sound_of_the_word_alone_is_a_call(woken_seconds: float) -> None:
    call = BY_WORD.called(Transcript("hay drivers", "vosk", words=GARBLED, woken_seconds=woken_seconds))
    assert call is not None
    assert call.behind is None


def test_the_word_counts_by_its_letters_where_its_sound_was_missed() -> None:
    call = BY_WORD.called(Transcript("hey jarvis which shoes", "vosk"))
    assert call is not None
    assert call.behind is not None
    assert call.behind.text == "which shoes"
    assert BY_WORD.called(Transcript("hay drivers which shoes", "vosk", words=GARBLED + QUESTION)) is None


# --- half heard and half understood ------------------------------------------------------------------------------------


@pytest.mark.parametrize("now", [Standing.CLOSED, Standing.PAUSING, Standing.FRESH])
def test_a_danger_that_is_sure_counts_however_badly_it_is_heard(now: Standing) -> None:
    danger = meaning("danger.bleeding", score=0.6)
    assert OPEN_WAY.meant_for_it(danger, now, confidence=0.1) == danger


@pytest.mark.parametrize("now", [Standing.CLOSED, Standing.PAUSING, Standing.WAITING])
def test_a_danger_neither_sure_nor_well_heard_is_the_talk_of_the_room(now: Standing) -> None:
    faint = meaning("danger.self_harm", certainty=UNSURE, score=0.24)
    assert OPEN_WAY.meant_for_it(faint, now, confidence=0.9) is None
    assert OPEN_WAY.meant_for_it(meaning("danger.breath", certainty=UNSURE, score=0.4), now, confidence=0.9) is not None
    assert OPEN_WAY.meant_for_it(faint, Standing.OPEN, confidence=0.9) == faint


def test_a_question_that_is_hardly_heard_does_not_open_a_talk() -> None:
    for now in (Standing.CLOSED, Standing.PAUSING):
        assert OPEN_WAY.meant_for_it(meaning("relief.shoes", score=0.55), now, confidence=0.6) is None
        assert OPEN_WAY.meant_for_it(meaning("relief.shoes", score=0.95), now, confidence=0.6) is not None


def test_in_the_middle_of_a_talk_sure_chatter_gets_no_answer_and_a_riddle_does() -> None:
    chatter, riddle = meaning(nothing=0.95), meaning(nothing=0.6)
    assert OPEN_WAY.meant_for_it(chatter, Standing.FRESH) is None
    assert OPEN_WAY.meant_for_it(riddle, Standing.FRESH) == riddle
    assert BY_PHRASE.meant_for_it(chatter, Standing.FRESH) == chatter
    assert OPEN_WAY.meant_for_it(chatter, Standing.OPEN) == chatter


# --- further away than those it is used to ------------------------------------------------------------------------------

NOT_OPEN = [now for now in Standing if now is not Standing.OPEN]


@pytest.mark.parametrize("now", NOT_OPEN)
@pytest.mark.parametrize(
    "heard", [meaning("danger.breath", score=0.97), meaning("relief.shoes", score=0.8), meaning("control.no", score=0.9)]
)
def test_from_far_away_only_what_is_well_heard_counts(heard: Understanding, now: Standing) -> None:
    assert OPEN_WAY.meant_for_it(heard, now, confidence=0.55, far=True) is None


@pytest.mark.parametrize("attention", [OPEN_WAY, BY_PHRASE])
@pytest.mark.parametrize("now", list(Standing))
def test_a_danger_from_far_away_that_is_well_heard_counts(attention: Attention, now: Standing) -> None:
    danger = meaning("danger.breath", score=0.9)
    assert attention.meant_for_it(danger, now, confidence=0.8, far=True) == danger
    assert attention.meant_for_it(danger, Standing.OPEN, confidence=0.1, far=True) == danger


def test_a_question_from_far_away_that_is_well_heard_counts() -> None:
    assert OPEN_WAY.meant_for_it(meaning("relief.shoes", score=0.9), Standing.CLOSED, confidence=0.8, far=True) is not None


def test_a_danger_half_heard_twice_is_a_danger() -> None:
    half_heard, danger = HalfHeard(), meaning("danger.breath")
    assert not half_heard.is_said_again(danger, 0.5, 100)
    assert not half_heard.is_said_again(meaning("relief.shoes"), 0.5, 105)
    assert not half_heard.is_said_again(meaning("danger.fever"), 0.5, 105)
    assert half_heard.is_said_again(danger, 0.5, 100 + SAID_AGAIN_SECONDS)
    assert not half_heard.is_said_again(danger, 0.5, 200 + 2 * SAID_AGAIN_SECONDS)


def test_what_is_hardly_a_danger_is_none_when_it_is_heard_twice() -> None:
    half_heard, faint = HalfHeard(), meaning("danger.self_harm", certainty=UNSURE, score=0.24)
    assert not half_heard.is_said_again(meaning("danger.self_harm"), 0.5, 100)
    assert not half_heard.is_said_again(faint, 0.9, 105)


def test_how_far_she_is_said_twice_is_no_danger() -> None:
    half_heard, told = HalfHeard(), meaning("danger.fever", text="i am ten weeks pregnant")
    assert not half_heard.is_said_again(told, 0.5, 100)
    assert not half_heard.is_said_again(told, 0.5, 101)


def test_the_usual_level_is_that_of_the_last_few_and_one_shout_does_not_change_it() -> None:
    usual = UsualLevel()
    assert usual.level_db is None
    for level_db in (-30.0, None, -31.0, -5.0):
        usual.answered(level_db)
    assert usual.level_db == -30
    for _ in range(3):  # the device was put elsewhere
        usual.answered(-40.0)
    assert usual.level_db == -40
