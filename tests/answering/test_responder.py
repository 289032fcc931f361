"""What is said, on the real intents: the action first, the right ending for each tier, and what yes, no and the rest do in each state."""

from __future__ import annotations

import re

import pytest

from skill import assembly
from skill.answering.conversation import Conversation
from skill.answering.phrases import Phrases
from skill.messages import Certainty, Effect, Line, Match, Pace, Reply, Tier, Understanding
from skill.settings import Answering, Settings
from skill.stages import Responder
from skill.understanding.intents import IntentBook

ABUSE, SELF_HARM = "danger.abuse", "danger.self_harm"
PRIVATE = (ABUSE, SELF_HARM)
# What a line for a danger may begin with: the action, or "if …" with the action behind it. The two private ones first comfort.
ACTION = re.compile(r"(Go|Call|See|Get) |This is an emergency\. Call for an ambulance now")
CONDITION = re.compile(
    r"If [^.?]*, (go|call|see|get|tell) |(Go|Call|See|Get) |A fit[^.?]* is an emergency\. Call |If [^.?]*, this is an emergency\. Call "
)


@pytest.fixture(scope="module")
def phrases(book: IntentBook) -> Phrases:
    return assembly.phrases(Settings(), book)


@pytest.fixture(scope="module")
def responder(book: IntentBook) -> Responder:
    return assembly.responder(Settings(), book)


def of_danger(label: str, tier: Tier, certainty: Certainty = Certainty.SURE, *more: str) -> Understanding:
    questions = tuple(Match(other, Tier.NONE, Certainty.SURE, 0.9) for other in more)
    return Understanding("she says something", (Match(label, tier, certainty, 0.9), *questions))


def meaning(*labels: str, text: str = "she says something") -> Understanding:
    return Understanding(text, tuple(Match(label, Tier.NONE, Certainty.SURE, 0.9) for label in labels))


NOTHING = Understanding("she says something")
BLEEDING = of_danger("danger.bleeding", Tier.NOW)


def talk(responder: Responder, *said: Understanding, begin: Conversation | None = None) -> list[Reply]:
    conversation = begin or Conversation()
    replies = []
    for one in said:
        reply, conversation = responder.respond(one, conversation)
        replies.append(reply)
    return replies


# --- danger ------------------------------------------------------------------------------------------------------------


def test_every_danger_begins_with_the_action_at_every_tier(responder: Responder, book: IntentBook) -> None:
    for intent in book.dangers:
        for tier in {intent.tier, *intent.at_tier, Tier.EMERGENCY}:
            (reply,) = talk(responder, of_danger(intent.label, tier))
            assert reply.tier is tier
            assert reply.labels == (intent.label,)
            assert all(line.pace is Pace.DANGER for line in reply.lines[:1])
            assert intent.label in PRIVATE or ACTION.match(reply.text), (intent.label, reply.text)


def test_every_danger_that_is_not_sure_is_said_with_if(responder: Responder, book: IntentBook) -> None:
    for intent in book.dangers:
        (reply,) = talk(responder, of_danger(intent.label, intent.tier, Certainty.UNSURE))
        assert reply.tier is intent.tier
        assert intent.label in PRIVATE or CONDITION.match(reply.text), (intent.label, reply.text)
        assert not reply.text.split(".")[0].rstrip().endswith("?")


def test_no_danger_line_asks_before_it_says_what_to_do(responder: Responder, book: IntentBook) -> None:
    for intent in book.dangers:
        for certainty in Certainty:
            (reply,) = talk(responder, of_danger(intent.label, intent.tier, certainty))
            assert "?" not in re.split(r"(?<=[.?])\s", reply.text)[0], (intent.label, reply.text)


def test_an_emergency_calls_for_an_ambulance_and_now_sends_to_a_hospital(responder: Responder, book: IntentBook) -> None:
    for intent in book.dangers:
        if intent.label in PRIVATE:
            continue
        texts = {tier: talk(responder, of_danger(intent.label, tier))[0].text for tier in (Tier.NOW, Tier.EMERGENCY)}
        assert "ambulance now" in texts[Tier.EMERGENCY], intent.label
        assert "hospital" in texts[Tier.NOW], intent.label


@pytest.mark.parametrize(("tier", "words"), [(Tier.TODAY, "today"), (Tier.NOW, "now"), (Tier.EMERGENCY, "ambulance")])
def test_each_tier_has_an_ending(phrases: Phrases, tier: Tier, words: str) -> None:
    line = phrases.ending(tier)
    assert words in line.text
    assert ACTION.match(line.text)
    assert line.pace is Pace.DANGER


def test_danger_comes_first_in_every_state(responder: Responder) -> None:
    states = (
        [meaning("control.check")],
        [BLEEDING],
        [meaning("relief.sleep")],
        [NOTHING, NOTHING, NOTHING],
        [of_danger(ABUSE, Tier.EMERGENCY)],
        [meaning("control.goodbye")],
        [meaning("control.stop")],
        [Understanding("?", tuple(Match(label, Tier.NONE, Certainty.UNSURE, 0.3) for label in ("relief.sleep", "relief.shoes")))],
    )
    for state in states:
        reply = talk(responder, *state, of_danger("danger.fever", Tier.NOW, Certainty.SURE, "relief.sleep"))[-1]
        assert reply.labels[0] == "danger.fever"
        assert reply.tier is Tier.NOW
        assert ACTION.match(reply.text)


def test_the_most_serious_of_several_dangers_is_spoken_of(responder: Responder) -> None:
    both = Understanding(
        "two", (Match("danger.breath", Tier.EMERGENCY, Certainty.SURE, 0.5), Match("danger.itch", Tier.TODAY, Certainty.SURE, 0.9))
    )
    (reply,) = talk(responder, both)
    assert reply.tier is Tier.EMERGENCY
    assert reply.labels == ("danger.breath", "danger.itch")


# --- yes and no --------------------------------------------------------------------------------------------------------


def test_a_yes_after_the_questions_about_bleeding_is_an_emergency_at_once(responder: Responder) -> None:
    first, yes = talk(responder, BLEEDING, meaning("control.yes"))
    assert "?" in first.text
    assert yes.tier is Tier.EMERGENCY
    assert yes.text.startswith("This is an emergency. Call for an ambulance now.")
    assert yes.labels == ("danger.bleeding",)


def test_a_no_after_the_questions_about_bleeding_says_again_what_to_do(responder: Responder) -> None:
    first, no = talk(responder, BLEEDING, meaning("control.no"))
    assert no.tier is first.tier is Tier.NOW
    assert no.text.startswith("Go to a hospital or birth clinic now")


def test_the_question_is_closed_once_it_is_answered(responder: Responder) -> None:
    _, no, yes = talk(responder, BLEEDING, meaning("control.no"), meaning("control.yes"))
    assert no.tier is Tier.NOW
    assert yes.tier is Tier.NONE


def test_a_yes_to_any_dangers_questions_leads_where_the_intent_says(responder: Responder, book: IntentBook) -> None:
    asked = 0
    for intent in book.dangers:
        first, yes = talk(responder, of_danger(intent.label, intent.tier), meaning("control.yes"))
        if "?" in first.lines[0].text and intent.if_yes is not None:
            asked += 1
            assert yes.tier is intent.if_yes >= first.tier, intent.label
            assert ACTION.match(yes.text), intent.label
        else:
            assert yes.tier is Tier.NONE, intent.label
    assert asked >= 8


@pytest.mark.parametrize("label", ["control.yes", "control.no"])
def test_yes_and_no_without_a_question_are_no_danger(responder: Responder, label: str) -> None:
    assert talk(responder, meaning(label))[0].tier is Tier.NONE


# --- control -----------------------------------------------------------------------------------------------------------


def test_say_that_again_says_the_same_again(responder: Responder) -> None:
    for before in (BLEEDING, meaning("relief.sleep"), meaning("control.help")):
        first, again, once_more = talk(responder, before, meaning("control.repeat"), meaning("control.repeat"))
        assert again.lines == first.lines == once_more.lines
        assert again.tier is first.tier


def test_say_that_again_before_anything_was_said(responder: Responder) -> None:
    (reply,) = talk(responder, meaning("control.repeat"))
    assert reply.tier is Tier.NONE
    assert "not said anything" in reply.text


def test_more_goes_on_and_ends(responder: Responder, book: IntentBook) -> None:
    intent = book.intents["relief.sleep"]
    replies = talk(responder, meaning(intent.label), *[meaning("control.more")] * (len(intent.more) + 1))
    assert replies[0].text.startswith(intent.answer.say if intent.answer else "?")
    assert [reply.text for reply in replies[1:-1]] == [part.say for part in intent.more]
    assert "all I have" in replies[-1].text


def test_more_without_a_topic_is_no_answer_about_something(responder: Responder) -> None:
    (reply,) = talk(responder, meaning("control.more"), begin=Conversation(talking=True))
    assert reply.tier is Tier.NONE
    assert set(reply.labels) <= {"control.more"}


@pytest.mark.parametrize("state", [[], [BLEEDING], [meaning("control.check")], [meaning("relief.sleep")], [NOTHING]], ids=str)
def test_help_and_repeat_work_in_every_state(responder: Responder, book: IntentBook, state: list[Understanding]) -> None:
    help_ = book.intents["control.help"]
    assert help_.answer is not None
    assert help_.answer.say in talk(responder, *state, meaning("control.help"))[-1].text
    *before, again = talk(responder, *state, meaning("control.repeat"))
    assert not again.is_silent
    if before and not before[-1].is_silent:
        assert again.lines[-1] == before[-1].lines[-1]  # of the symptom check the question, not its introduction


@pytest.mark.parametrize(
    ("label", "effect"),
    [
        ("control.slower", Effect.SLOWER),
        ("control.faster", Effect.FASTER),
        ("control.louder", Effect.LOUDER),
        ("control.quieter", Effect.QUIETER),
        ("control.stop", Effect.STOP),
        ("control.goodbye", Effect.END_CONVERSATION),
    ],
)
def test_each_command_has_its_effect(responder: Responder, label: str, effect: Effect) -> None:
    (reply,) = talk(responder, meaning(label))
    assert reply.effects == (effect,)


def test_stop_is_answered_with_silence(responder: Responder) -> None:
    assert talk(responder, meaning("relief.sleep"), meaning("control.stop"))[-1].is_silent


def test_what_to_do_in_danger_is_said_once_more_in_few_words_after_she_stopped_it(responder: Responder, phrases: Phrases) -> None:
    reply, conversation = responder.respond(BLEEDING, Conversation())
    again, conversation = responder.silence(responder.stopped(conversation))
    assert again.lines == (phrases.ending(Tier.NOW),)
    assert again.tier is Tier.NOW
    assert len(again.text) < len(reply.text)
    assert responder.silence(conversation)[0].is_silent
    assert talk(responder, meaning("control.yes"), begin=conversation)[0].tier is Tier.EMERGENCY  # its question is still open


@pytest.mark.parametrize("said", [meaning("relief.sleep"), *(of_danger(label, Tier.EMERGENCY) for label in sorted(PRIVATE))])
def test_nothing_more_is_said_after_she_stopped_anything_else(responder: Responder, said: Understanding) -> None:
    _, conversation = responder.respond(said, Conversation())
    conversation = responder.stopped(conversation)
    assert responder.silence(conversation)[0].is_silent
    assert talk(responder, NOTHING, begin=conversation)[0].is_silent


def test_slower_does_not_lose_what_can_be_said_again(responder: Responder) -> None:
    first, _, again = talk(responder, BLEEDING, meaning("control.slower"), meaning("control.repeat"))
    assert again.lines == first.lines
    assert again.effects == ()


def test_goodbye_ends_the_conversation(responder: Responder) -> None:
    _, goodbye, yes, again = talk(responder, BLEEDING, meaning("control.goodbye"), meaning("control.yes"), meaning("control.repeat"))
    assert not goodbye.is_silent
    assert yes.tier is Tier.NONE
    assert "danger.bleeding" not in again.labels


# --- private -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", PRIVATE)
@pytest.mark.parametrize("certainty", Certainty)
def test_what_someone_might_overhear_is_low_and_neither_repeated_nor_kept(responder: Responder, label: str, certainty: Certainty) -> None:
    before = [meaning("relief.sleep")]
    private = of_danger(label, Tier.EMERGENCY, certainty)
    reply, conversation = responder.respond(private, responder.respond(before[0], Conversation())[1])
    assert reply.discreet
    assert not reply.is_silent
    assert conversation.last is None
    assert label not in repr(conversation)
    for after in ("control.repeat", "control.more", "control.yes", "control.no", "control.help"):
        said = talk(responder, meaning(after), begin=conversation)[0]
        assert label not in said.labels
        assert not set(said.lines) & set(reply.lines)


def test_no_other_danger_is_discreet(responder: Responder, book: IntentBook) -> None:
    loud = {intent.label for intent in book.dangers if not talk(responder, of_danger(intent.label, intent.tier))[0].discreet}
    assert loud == {intent.label for intent in book.dangers} - set(PRIVATE)


# --- nothing of ours ---------------------------------------------------------------------------------------------------


def test_chatter_before_a_conversation_is_left_alone(responder: Responder) -> None:
    assert all(reply.is_silent for reply in talk(responder, NOTHING, NOTHING, NOTHING))


def test_in_a_conversation_it_says_shortly_that_it_did_not_understand_and_then_is_silent(responder: Responder) -> None:
    _, first, *others = talk(responder, meaning("relief.shoes"), *[NOTHING] * 6)
    assert "did not understand" in first.text
    assert len(first.text.split()) <= 30
    assert all(reply.is_silent for reply in others[1:])


def test_after_something_it_understood_it_says_so_again(responder: Responder) -> None:
    *_, last = talk(responder, meaning("relief.shoes"), *[NOTHING] * 4, meaning("relief.sleep"), NOTHING)
    assert "did not understand" in last.text


# --- questions ---------------------------------------------------------------------------------------------------------


def test_every_question_gets_its_own_answer(responder: Responder, book: IntentBook) -> None:
    for intent in book.intents.values():
        if intent.is_danger or intent.label.startswith("control.") or intent.answer is None:
            continue
        (reply,) = talk(responder, meaning(intent.label))
        assert reply.labels == (intent.label,)
        assert reply.lines[0].key.startswith(intent.label)
        assert reply.tier is Tier.NONE


def test_two_questions_get_two_answers(responder: Responder) -> None:
    (reply,) = talk(responder, meaning("relief.sleep", "relief.shoes"))
    keys = [line.key for line in reply.lines]
    assert any(key.startswith("relief.sleep") for key in keys)
    assert any(key.startswith("relief.shoes") for key in keys)


# --- words -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "number"), [("US", "nine, one, one"), ("IN", "one, one, two"), ("AU", "zero, zero, zero"), ("PK", "one, one, two, two")]
)
def test_the_countrys_number_is_said_digit_by_digit(book: IntentBook, country: str, number: str) -> None:
    settings = Settings(answering=Answering(country=country))
    (reply,) = talk(assembly.responder(settings, book), of_danger("danger.breath", Tier.EMERGENCY))
    assert f"The number is {number}." in reply.text


def test_an_unknown_country_gives_the_unknown_line(responder: Responder) -> None:
    (reply,) = talk(responder, of_danger("danger.breath", Tier.EMERGENCY))
    assert "The number is" not in reply.text
    assert "ask someone to take you" in reply.text


def test_whatever_can_be_said_is_rendered_ahead(responder: Responder, phrases: Phrases, book: IntentBook) -> None:
    ahead = {(line.text, line.pace) for line in phrases.all_lines()}
    turns: list[list[Understanding]] = [[meaning(label)] for label in book.intents if not label.startswith("danger.") and label != "none"]
    for intent in book.dangers:
        for tier in list(Tier)[1:]:
            for certainty in Certainty:
                for answer in ("control.yes", "control.no"):
                    turns.append([of_danger(intent.label, tier, certainty, "relief.shoes"), meaning(answer)])
    turns += [[meaning("control.check"), *[meaning(answer)] * 30] for answer in ("control.yes", "control.no")]
    turns += [[meaning("control.check"), NOTHING, NOTHING], [meaning("relief.shoes"), NOTHING, NOTHING]]
    said: set[Line] = {line for turn in turns for reply in talk(responder, *turn) for line in reply.lines}
    assert len(said) > 100
    assert {(line.text, line.pace) for line in said} <= ahead


def test_no_line_holds_a_placeholder_or_a_figure(book: IntentBook) -> None:
    settings = Settings(answering=Answering(country="PK", hospital="Saint Mary", helper_name="Mary", helper_number="0712 345"))
    lines = assembly.phrases(settings, book).all_lines()
    assert len(lines) > 100
    assert [line.text for line in lines if re.search(r"[{}0-9]|\s\s|^\s|\s$", line.text)] == []
    assert len({(line.text, line.pace) for line in lines}) == len(lines)


def test_the_symptom_check_never_says_that_she_is_fine(responder: Responder) -> None:
    replies = talk(responder, meaning("control.check"), *[meaning("control.no")] * 40)
    end = next(reply for reply in replies if "if anything changes" in reply.text.lower())
    assert end.tier is Tier.NONE
    assert not re.search(r"\b(you are fine|nothing is wrong|you are well)\b", " ".join(reply.text for reply in replies).lower())
