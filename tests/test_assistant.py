"""One turn and the loop, with the six fakes: when it is deaf, what happens when sound fails, what a reply may ask of the voice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

import pytest

from skill.answering.conversation import Conversation
from skill.answering.phrases import Phrases
from skill.answering.responder import PlainResponder
from skill.answering.script import load_script
from skill.assistant import DANGER_KEPT_SECONDS, LULL_SECONDS, REPEAT_AFTER_SECONDS, Assistant
from skill.attention import CONVERSATION_SECONDS, Attention
from skill.hearing.listener import Listener
from skill.interruption import Cut, Undisturbed
from skill.messages import (
    AudioBlock,
    Certainty,
    Effect,
    Heard,
    Line,
    Match,
    NothingHeard,
    Partial,
    Reply,
    Speaking,
    Speech,
    Tier,
    Tone,
    Transcript,
    Turn,
    Understanding,
    Woken,
)
from skill.mouth import FASTEST, SLOWEST, Mouth
from skill.understanding.intents import IntentBook
from skill.understanding.interpreter import ExampleInterpreter
from skill.wake_phrase import WakePhrase
from tests.fakes import FakeInterpreter, FakeMicrophone, FakeRecogniser, FakeResponder, FakeSpeaker, FakeVoice
from tests.knowledge import book, cache_folder, interpreter

__all__ = ["book", "cache_folder", "interpreter"]

TONES = {tone: Speech(f"({tone.value})".encode(), 8_000) for tone in Tone}
HELLO = Reply((Line("Hello."),))
DANGER = Reply((Line("Go now."), Line("Your nearest hospital is Saint Mary.")), ("danger.fever",), Tier.NOW)


class FakeEar:
    """Hears these values, and writes into the diary when it is made to forget."""

    def __init__(self, heard: Sequence[Heard], diary: list[str]) -> None:
        self.left = list(heard)
        self.diary = diary

    def heard(self) -> Iterator[Heard]:
        for one in self.left:
            self.diary.append("listening")
            yield one

    def reset(self) -> None:
        self.diary.append("reset")


class DiarySpeaker(FakeSpeaker):
    """Writes what it plays into the same diary."""

    def __init__(self, diary: list[str]) -> None:
        super().__init__()
        self.diary = diary

    def play(self, speech: Speech) -> bool:
        self.diary.append(speech.pcm.decode())
        return super().play(speech)


def typed(*texts: str) -> list[Heard]:
    return [Transcript(text, "typed") for text in texts]


def mouth_of(voice: FakeVoice | None, speaker: FakeSpeaker | None, shown: list[str], **more: object) -> Mouth:
    return Mouth(voice, speaker, TONES, shown.append, **more)  # type: ignore[arg-type]


def talk(heard: Sequence[Heard], replies: Sequence[Reply], diary: list[str]) -> list[Turn]:
    turns: list[Turn] = []
    Assistant(FakeInterpreter(), FakeResponder(replies)).converse(
        FakeEar(heard, diary), mouth_of(FakeVoice(), DiarySpeaker(diary), []), turns.append, lambda other: diary.append(f"other {other}")
    )
    return turns


def test_it_forgets_what_it_heard_after_it_has_spoken_and_before_it_listens_again() -> None:
    diary: list[str] = []
    talk(typed("a", "b"), [HELLO, HELLO], diary)
    assert diary == ["listening", "Hello.", "reset", "listening", "Hello.", "reset"]


def test_a_silent_reply_leaves_the_ear_open() -> None:
    diary: list[str] = []
    turns = talk(typed("chatter", "a"), [Reply(), HELLO], diary)
    assert diary == ["listening", "listening", "Hello.", "reset"]
    assert [turn.reply.is_silent for turn in turns] == [True, False]


def test_partial_readings_and_silence_are_no_turns() -> None:
    diary: list[str] = []
    other = [Partial("i am"), NothingHeard("noise")]
    turns = talk([*other, *typed("a")], [HELLO], diary)
    assert [turn.transcript.text for turn in turns] == ["a"]
    assert diary == ["listening", f"other {other[0]}", "listening", f"other {other[1]}", "listening", "Hello.", "reset"]


def test_who_is_further_away_than_she_is_not_told_that_it_did_not_understand() -> None:
    """The talk of the room goes on after an answer; what it says of danger counts all the same."""

    def said(text: str, level_db: float | None) -> Transcript:
        return Transcript(text, "vosk", level_db=level_db)

    danger = Understanding("a danger", (Match("danger.fever", Tier.NOW, Certainty.SURE, 0.9),))
    question = Understanding("a question", (Match("relief.shoes", Tier.NONE, Certainty.SURE, 0.9),))
    interpreter = FakeInterpreter({"a danger": danger, "a question": question})

    class Talking(FakeResponder):
        def respond(self, understanding: Understanding, conversation: Conversation) -> tuple[Reply, Conversation]:
            return self.left.pop(0), Conversation(talking=True)

    assistant = Assistant(interpreter, Talking([HELLO] * 9), attention=Attention())
    assert assistant.take_turn(said("chatter", -30)).reply.is_silent
    assert not assistant.take_turn(said("a question", -30)).reply.is_silent
    assert assistant.take_turn(said("chatter", -45)).reply.is_silent
    assert not assistant.take_turn(said("chatter", -32)).reply.is_silent
    assert not assistant.take_turn(said("chatter", None)).reply.is_silent
    assert not assistant.take_turn(said("a danger", -60)).reply.is_silent


def test_a_danger_half_heard_from_far_away_counts_when_it_is_said_again() -> None:
    danger = Understanding("a danger", (Match("danger.fever", Tier.NOW, Certainty.SURE, 0.9),))
    question = Understanding("a question", (Match("relief.shoes", Tier.NONE, Certainty.SURE, 0.9),))
    interpreter = FakeInterpreter({"a danger": danger, "a question": question})
    half_heard = Transcript("a danger", "vosk", confidence=0.5, level_db=-45)
    assistant = Assistant(interpreter, FakeResponder([HELLO] * 9), attention=Attention())
    assert not assistant.take_turn(half_heard).reply.is_silent  # it does not know yet how loud she speaks
    assistant.forget()
    for _ in range(3):
        assistant.take_turn(Transcript("a question", "vosk", level_db=-30))
    assistant.forget()
    assert [assistant.take_turn(half_heard).reply.is_silent for _ in range(2)] == [True, False]


@pytest.mark.parametrize(("pause", "is_said"), [(1, False), (LULL_SECONDS, True)])
def test_in_the_talk_of_a_room_an_urgent_line_is_said_again_in_a_short_pause(pause: int, is_said: bool) -> None:
    now = [0.0]

    class Urgent(FakeResponder):
        def silence(self, conversation: Conversation) -> tuple[Reply, Conversation]:
            return DANGER, conversation

    assistant = Assistant(FakeInterpreter(), Urgent([DANGER]), clock=lambda: now[0])
    assistant.take_turn(Transcript("a", "typed"))
    now[0] = REPEAT_AFTER_SECONDS - 1
    assert assistant.after_silence(pause).is_silent
    now[0] = REPEAT_AFTER_SECONDS
    assert (assistant.after_silence(pause) == DANGER) is is_said


def test_the_speaker_is_prepared_while_she_speaks() -> None:
    speaker, other = FakeSpeaker(), []
    mouth = mouth_of(FakeVoice(), speaker, [])
    Assistant(FakeInterpreter(), FakeResponder([])).converse(
        FakeEar([Speaking(0), Speaking(1)], []), mouth, lambda turn: None, other.append
    )
    assert (speaker.prepared, other) == (2, [])
    mouth_of(FakeVoice(), None, []).prepare()


def test_the_real_listener_throws_away_what_came_in_while_it_spoke() -> None:
    """What the microphone took in during the answer would, without the reset, be heard as a second utterance."""
    second = AudioBlock(b"\1\1" * 320, 16_000)
    microphone = FakeMicrophone([AudioBlock(bytes(640), 16_000), second, second])
    recogniser = FakeRecogniser([Transcript("a", "fake"), Transcript("its own voice", "fake")])
    turns: list[Turn] = []
    mouth = mouth_of(FakeVoice(), FakeSpeaker(), [])
    recogniser_left_at_reset: list[int] = []
    Assistant(FakeInterpreter(), FakeResponder([HELLO, HELLO])).converse(
        Listener(microphone, recogniser), mouth, turns.append, lambda other: recogniser_left_at_reset.append(0)
    )
    assert microphone.waiting == []
    assert recogniser.resets >= 1
    assert b"\1\1" not in recogniser.pcm


def test_a_turn_holds_what_was_heard_meant_and_said_and_what_each_stage_cost() -> None:
    understanding = Understanding("a", (Match("danger.fever", Tier.NOW, Certainty.SURE, 1.0),))
    transcript = Transcript("a", "fake", compute_seconds=0.25)
    turn = Assistant(FakeInterpreter({"a": understanding}), FakeResponder([DANGER])).take_turn(transcript)
    assert (turn.transcript, turn.understanding, turn.reply) == (transcript, understanding, DANGER)
    assert turn.seconds["hear"] == 0.25
    assert {"hear", "understand", "answer"} <= set(turn.seconds)
    assert all(seconds >= 0 for seconds in turn.seconds.values())


# --- the conversation --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pause", "remembered"), [(CONVERSATION_SECONDS - 1, [0, 1]), (CONVERSATION_SECONDS + 1, [0, 0])])
def test_a_conversation_is_forgotten_after_a_while(pause: float, remembered: list[int]) -> None:
    now = [1_000.0]
    responder = FakeResponder([HELLO, HELLO])
    assistant = Assistant(FakeInterpreter(), responder, clock=lambda: now[0])
    assistant.take_turn(Transcript("a", "typed"))
    now[0] += pause
    assistant.take_turn(Transcript("b", "typed"))
    assert [conversation.missed for conversation in responder.conversations] == remembered


def test_the_time_it_speaks_does_not_count_as_silence() -> None:
    now = [0.0]

    class SlowSpeaker(FakeSpeaker):
        def play(self, speech: Speech) -> bool:
            now[0] += CONVERSATION_SECONDS
            return True

    responder = FakeResponder([HELLO, HELLO])
    assistant = Assistant(FakeInterpreter(), responder, clock=lambda: now[0])
    assistant.converse(FakeEar(typed("a", "b"), []), mouth_of(FakeVoice(), SlowSpeaker(), []), lambda turn: None, lambda other: None)
    assert [conversation.missed for conversation in responder.conversations] == [0, 1]


def test_only_what_is_ours_renews_the_conversation() -> None:
    now = [0.0]
    shoes = Understanding("shoes", (Match("relief.shoes", Tier.NONE, Certainty.SURE, 1.0),))
    responder = FakeResponder([HELLO] * 4)
    assistant = Assistant(FakeInterpreter({"shoes": shoes}), responder, clock=lambda: now[0])
    for at, text in ((0, "shoes"), (60, "shoes"), (120, "chatter"), (180, "chatter")):
        now[0] = at
        assistant.take_turn(Transcript(text, "typed"))
    assert [conversation.missed for conversation in responder.conversations] == [0, 1, 2, 0]


def test_a_pause_ends_where_she_begins_to_speak() -> None:
    now = [0.0]
    responder = FakeResponder([HELLO, HELLO])
    assistant = Assistant(FakeInterpreter(), responder, clock=lambda: now[0])
    assistant.take_turn(Transcript("a", "typed"))
    now[0] = CONVERSATION_SECONDS + 10
    assistant.take_turn(Transcript("a long story", "vosk", start_seconds=5.0, end_seconds=17.0))
    assert [conversation.missed for conversation in responder.conversations] == [0, 1]


def test_called_by_its_phrase_alone_it_sounds_its_tone_and_then_listens() -> None:
    diary: list[str] = []
    assistant = Assistant(FakeInterpreter(), FakeResponder([HELLO]), attention=Attention(WakePhrase("hello back care")))
    assistant.converse(
        FakeEar(typed("chatter", "hello back care", "a"), diary),
        mouth_of(FakeVoice(), DiarySpeaker(diary), []),
        lambda turn: None,
        lambda other: None,
    )
    assert diary == ["listening", "listening", "(listening)", "reset", "listening", "Hello.", "reset"]


def test_what_was_not_said_to_it_is_not_kept_in_the_turn() -> None:
    """What a turn holds of meaning is shown on the screen."""
    shoes = Understanding("shoes", (Match("relief.shoes", Tier.NONE, Certainty.UNSURE, 0.4),))
    turn = Assistant(FakeInterpreter({"shoes": shoes}), FakeResponder([]), attention=Attention()).take_turn(Transcript("shoes", "vosk"))
    assert not turn.understanding.is_ours
    assert turn.reply == Reply()


def test_a_danger_that_shows_only_together_with_the_phrase_counts() -> None:
    danger = Understanding("whole", (Match("danger.fever", Tier.NOW, Certainty.SURE, 1.0),))
    attention = Attention(WakePhrase("hello back care"))
    for heard in ("hello back care", "hello back care i burn"):
        assistant = Assistant(FakeInterpreter({heard: danger}), FakeResponder([DANGER]), attention=attention)
        assert assistant.take_turn(Transcript(heard, "vosk")).understanding == danger


def test_called_without_words_it_sounds_its_tone_and_what_she_says_then_counts() -> None:
    """By the button, or by the sound of a wake word; also in the middle of a conversation, which goes on."""
    diary: list[str] = []
    responder = FakeResponder([HELLO, HELLO])
    assistant = Assistant(FakeInterpreter(), responder, attention=Attention(WakePhrase("hello back care")))
    assistant.converse(
        FakeEar([*typed("chatter"), Woken(), *typed("a"), Woken(), *typed("b")], diary),
        mouth_of(FakeVoice(), DiarySpeaker(diary), []),
        lambda turn: None,
        lambda other: None,
    )
    assert [word for word in diary if word not in ("listening", "reset")] == ["(listening)", "Hello.", "(listening)", "Hello."]
    assert [conversation.missed for conversation in responder.conversations] == [0, 1]


def talk_with_button(now: list[float], later: float, *before: str, book: IntentBook, interpreter: ExampleInterpreter) -> list[Reply]:
    """The answers to these words, and what the button, held down so much later, brings; by the real parts."""
    script = load_script(book.folder, book.intents)
    assistant = Assistant(interpreter, PlainResponder(book, script, Phrases(book, script)), clock=lambda: now[0], attention=Attention())
    replies = [assistant.take_turn(Transcript(text, "typed")).reply for text in before]
    now[0] += later
    return [*replies, assistant.asked_again(), assistant.take_turn(Transcript("yes", "typed")).reply]


def test_asked_again_it_says_the_last_danger_line_and_its_question_is_open(book: IntentBook, interpreter: ExampleInterpreter) -> None:
    for later in (1.0, DANGER_KEPT_SECONDS - 1):
        first, again, answer = talk_with_button([0.0], later, "i am bleeding", book=book, interpreter=interpreter)
        assert again == first
        assert again.tier > Tier.NONE
        assert answer.tier is Tier.EMERGENCY


def test_asked_again_after_the_answer_to_something_else_it_still_says_the_danger_line(
    book: IntentBook, interpreter: ExampleInterpreter
) -> None:
    first, _, again, _ = talk_with_button([0.0], 1.0, "i am bleeding", "what shoes should i wear", book=book, interpreter=interpreter)
    assert again == first


@pytest.mark.parametrize(
    ("later", "before"), [(1.0, ()), (DANGER_KEPT_SECONDS + 1, ("i am bleeding",)), (1.0, ("i am bleeding", "my husband beats me"))]
)
def test_where_there_is_no_danger_line_to_say_again_it_helps(
    later: float, before: tuple[str, ...], book: IntentBook, interpreter: ExampleInterpreter
) -> None:
    """None was said, or long ago; or it was private, and somebody else may hold the button."""
    *_, helped, _ = talk_with_button([0.0], later, *before, book=book, interpreter=interpreter)
    assert helped.labels == ("control.help",)
    assert helped.lines


def test_forgetting_and_beginning() -> None:
    responder = FakeResponder([HELLO] * 4)
    assistant = Assistant(FakeInterpreter(), responder)
    assistant.take_turn(Transcript("a", "typed"))
    assistant.forget()
    assistant.take_turn(Transcript("b", "typed"))
    assistant.begin()
    assistant.take_turn(Transcript("c", "typed"))
    assert responder.conversations == [Conversation(), Conversation(), Conversation(talking=True)]


# --- the mouth ---------------------------------------------------------------------------------------------------------


def test_every_line_is_spoken_and_shown_once() -> None:
    speaker, shown = FakeSpeaker(), list[str]()
    assert mouth_of(FakeVoice(), speaker, shown).say(Reply((Line("One."), Line("Two."))))
    assert [words for words, _ in speaker.played] == ["One.", "Two."]
    assert shown == ["One. Two."]


def test_a_tone_goes_before_a_danger_line_and_never_before_another() -> None:
    speaker = FakeSpeaker()
    mouth = mouth_of(FakeVoice(), speaker, [])
    mouth.say(DANGER)
    mouth.say(HELLO)
    assert [words for words, _ in speaker.played] == ["(danger)", "Go now.", "Your nearest hospital is Saint Mary.", "Hello."]


@pytest.mark.parametrize("key", ["ear_lost", "ear_missing", "recogniser_broken", "missed"])
def test_a_low_tone_goes_before_the_words_that_it_cannot_hear(key: str, book: IntentBook) -> None:
    line = Phrases(book, load_script(book.folder, book.intents)).shared(key)
    speaker = FakeSpeaker()
    mouth_of(FakeVoice(), speaker, []).say(Reply((line,)))
    assert [words for words, _ in speaker.played] == ["(cannot hear)", line.text]


def test_no_tone_sounds_where_the_words_cannot_be_spoken() -> None:
    speaker = FakeSpeaker()
    mouth_of(FakeVoice(broken=True), speaker, []).say(DANGER)
    assert speaker.played == []


def test_a_discreet_reply_is_spoken_low_whole_and_without_a_tone() -> None:
    speaker = FakeSpeaker()
    mouth = mouth_of(FakeVoice(), speaker, [])
    mouth.say(Reply((Line("I am sorry."), Line("Get to a safe place.")), ("danger.abuse",), Tier.EMERGENCY, discreet=True))
    (first, low), (second, _) = speaker.played
    assert (first, second) == ("I am sorry.", "Get to a safe place.")
    assert 0 < low < 80
    assert speaker.volume == 80


def test_a_discreet_reply_is_never_louder_than_she_wants() -> None:
    speaker = FakeSpeaker()
    speaker.volume = 20
    mouth_of(FakeVoice(), speaker, []).say(Reply((Line("I am sorry."),), discreet=True))
    assert speaker.played == [("I am sorry.", 20)]


def test_nothing_is_rendered_or_played_for_a_silent_reply() -> None:
    speaker, shown = FakeSpeaker(), list[str]()
    assert mouth_of(FakeVoice(broken=True), speaker, shown).say(Reply())
    assert (speaker.played, shown) == ([], [])


def test_stop_ends_the_speech_at_once() -> None:
    speaker = FakeSpeaker()
    mouth = mouth_of(FakeVoice(), speaker, [])
    speaker.stop()
    assert not mouth.say(DANGER)
    assert [words for words, _ in speaker.played] == ["(danger)"]


def test_a_stop_while_the_next_line_is_rendered_is_kept() -> None:
    speaker = FakeSpeaker()

    class StoppedVoice(FakeVoice):
        def render(self, line: Line) -> Speech:
            if line.text == "Two.":
                mouth.stop()
                speaker.stopped = False  # a real speaker that plays nothing has nothing to stop
            return super().render(line)

    mouth = mouth_of(StoppedVoice(), speaker, [])
    assert not mouth.say(Reply((Line("One."), Line("Two."), Line("Three."))))
    assert [words for words, _ in speaker.played] == ["One."]
    assert mouth.say(HELLO)


class StoppedResponder(FakeResponder):
    """Notes in the conversation that she made it silent."""

    def stopped(self, conversation: Conversation) -> Conversation:
        return replace(conversation, topic="stopped")


class StoppingSpeaker(FakeSpeaker):
    """Somebody makes it silent while it plays its first line."""

    mouth: Mouth

    def play(self, speech: Speech) -> bool:
        if not self.played:
            self.mouth.stop()
        return super().play(speech)


def test_the_answers_know_that_she_made_it_silent() -> None:
    speaker, responder = StoppingSpeaker(), StoppedResponder([HELLO, HELLO])
    mouth = speaker.mouth = mouth_of(FakeVoice(), speaker, [])
    Assistant(FakeInterpreter(), responder).converse(FakeEar(typed("a", "b"), []), mouth, lambda turn: None, lambda heard: None)
    assert [conversation.topic for conversation in responder.conversations] == ["", "stopped"]


def test_what_is_said_into_its_speech_is_judged() -> None:
    def of(label: str, tier: Tier = Tier.NONE, certainty: Certainty = Certainty.SURE) -> Understanding:
        return Understanding(label, (Match(label, tier, certainty, 1.0),))

    known = {
        "bleeding": of("danger.bleeding", Tier.NOW, Certainty.UNSURE),
        "stop": of("control.stop"),
        "maybe stop": of("control.stop", certainty=Certainty.UNSURE),
        "louder": of("control.louder"),
        "sleep": of("relief.sleep"),
    }
    judge = Assistant(FakeInterpreter(known), FakeResponder([])).judge
    cuts = {text: judge(Transcript(text, "fake")) for text in (*known, "chatter")}
    assert cuts == {
        "bleeding": Cut.ANSWER,
        "stop": Cut.SILENCE,
        "maybe stop": Cut.NOTHING,
        "louder": Cut.ANSWER,
        "sleep": Cut.NOTHING,
        "chatter": Cut.NOTHING,
    }


def test_a_question_in_a_pause_of_its_speech_is_answered_but_what_to_do_in_danger_is_said_first() -> None:
    question = Understanding("sleep", (Match("relief.sleep", Tier.NONE, Certainty.SURE, 0.9),))
    fever = Understanding("fever", (Match("danger.fever", Tier.NOW, Certainty.SURE, 0.9),))

    class Answering(FakeResponder):
        def respond(self, understanding: Understanding, conversation: Conversation) -> tuple[Reply, Conversation]:
            return HELLO, Conversation(talking=True, urgent=understanding.tier > Tier.NONE)

    assistant = Assistant(FakeInterpreter({"sleep": question, "fever": fever}), Answering([]), attention=Attention())
    near, far = (Transcript("sleep", "vosk", confidence=0.6, level_db=level_db) for level_db in (-30, -45))
    assistant.take_turn(near)
    assert assistant.judge(near) is Cut.ANSWER
    assert assistant.judge(far) is Cut.NOTHING
    assert assistant.judge(Transcript("fever", "vosk", confidence=0.9, level_db=-45)) is Cut.ANSWER
    assistant.take_turn(Transcript("fever", "vosk", level_db=-30))
    assert assistant.judge(near) is Cut.NOTHING


def test_what_is_said_into_its_speech_is_answered_next() -> None:
    class Interrupted(Undisturbed):
        said: ClassVar[list[Transcript]] = [Transcript("i am bleeding", "fake")]

        def heard(self) -> Transcript | None:
            return self.said.pop() if self.said else None

    turns: list[Turn] = []
    mouth = mouth_of(FakeVoice(), FakeSpeaker(), [])
    mouth.interruption = Interrupted()
    assistant = Assistant(FakeInterpreter(), FakeResponder([HELLO, DANGER]))
    assistant.converse(FakeEar(typed("a"), []), mouth, turns.append, lambda heard: None)
    assert [turn.transcript.text for turn in turns] == ["a", "i am bleeding"]


def test_she_can_ask_it_to_stop() -> None:
    speaker = FakeSpeaker()
    mouth_of(FakeVoice(), speaker, []).say(Reply(effects=(Effect.STOP,)))
    assert speaker.stopped


def test_when_the_voice_fails_the_words_are_shown_and_why_is_told() -> None:
    shown, told = list[str](), list[str]()
    mouth = mouth_of(FakeVoice(broken=True), FakeSpeaker(), shown, tell=told.append)
    assert not mouth.say(HELLO)
    assert shown == ["Hello."]
    assert told == [mouth.problem] == ["The fake voice is broken. Mend it."]


def test_what_could_not_be_said_is_kept_until_sound_is_made_again() -> None:
    speaker, shown = FakeSpeaker(broken=True), list[str]()
    mouth = mouth_of(FakeVoice(), speaker, shown)
    mouth.say(DANGER)
    assert mouth.unsaid is not None
    assert mouth.unsaid.reply == DANGER
    speaker.broken = False
    assert mouth.aloud(HELLO)
    assert (mouth.problem, mouth.unsaid) == ("", None)
    assert shown == [DANGER.text]  # what is only spoken was shown before
    mouth.close()
    assert speaker.closed


def test_when_the_speaker_fails_the_words_are_shown_why_is_told_once_and_the_talk_goes_on() -> None:
    shown, told, diary = list[str](), list[str](), list[str]()
    mouth = mouth_of(FakeVoice(), FakeSpeaker(broken=True), shown, tell=told.append)
    turns: list[Turn] = []
    Assistant(FakeInterpreter(), FakeResponder([HELLO, DANGER])).converse(
        FakeEar(typed("a", "b"), diary), mouth, turns.append, lambda other: None
    )
    assert len(turns) == 2
    assert shown == ["Hello.", DANGER.text]
    assert told == [mouth.problem] == ["The fake speaker is broken. Plug it in."]
    assert diary.count("reset") == 2


@pytest.mark.parametrize(("voice", "speaker"), [(None, None), (FakeVoice(), None), (None, FakeSpeaker())])
def test_without_voice_or_speaker_the_words_are_shown(voice: FakeVoice | None, speaker: FakeSpeaker | None) -> None:
    shown: list[str] = []
    mouth = mouth_of(voice, speaker, shown)
    assert not mouth.say(Reply(DANGER.lines, tier=Tier.NOW, effects=(Effect.LOUDER, Effect.SLOWER)))
    mouth.tone(Tone.LISTENING)
    mouth.stop()
    mouth.close()
    assert shown == [DANGER.text]


def test_speed_changes_by_steps_and_stays_understandable() -> None:
    voice = FakeVoice()
    mouth = mouth_of(voice, FakeSpeaker(), [])
    mouth.say(Reply(effects=(Effect.SLOWER,)))
    assert SLOWEST < voice.speed < 1.0
    mouth.say(Reply(effects=(Effect.FASTER,)))
    assert voice.speed == pytest.approx(1.0)
    for effect, bound in ((Effect.SLOWER, SLOWEST), (Effect.FASTER, FASTEST)):
        for _ in range(30):
            mouth.say(Reply(effects=(effect,)))
        assert voice.speed == bound


def test_the_answer_to_louder_is_already_louder() -> None:
    speaker = FakeSpeaker()
    mouth_of(FakeVoice(), speaker, []).say(Reply((Line("All right."),), effects=(Effect.LOUDER,)))
    assert speaker.played[0][1] > 80


def test_volume_stays_between_hearable_and_full() -> None:
    speaker = FakeSpeaker()
    mouth = mouth_of(FakeVoice(), speaker, [])
    for _ in range(30):
        mouth.say(Reply(effects=(Effect.LOUDER,)))
    assert speaker.volume == 100
    for _ in range(30):
        mouth.say(Reply(effects=(Effect.QUIETER,)))
    assert 0 < speaker.volume <= 20


def test_quieter_never_makes_it_louder() -> None:
    speaker = FakeSpeaker()
    speaker.volume = 5
    mouth_of(FakeVoice(), speaker, []).say(Reply(effects=(Effect.QUIETER,)))
    assert speaker.volume <= 5
