"""Sound and workers: devices that come and go, a sound server that hangs or dies, a voice's worker that hangs or dies.

The real program, as a service, on a virtual sound card. Seconds are from the fault (or its end) to the line in its log or output.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.faults.rows import Row
from benchmarks.measuring.sound import Tap, spoken_questions
from skill.hearing import open_recogniser
from skill.hearing.lasting_recogniser import LastingRecogniser
from skill.messages import AudioBlock, Heard, Missed
from skill.settings import PROJECT
from tests.fakes import FakeRecogniser
from tests.faults.household import MICROPHONE, SPEAKER, Household, household

LOST, AGAIN = "Back Care: I cannot hear you now", "Back Care: I can hear you again"
SHOES, SLEEP, BATH = "What shoes should I wear?", "How should I sleep?", "Can I take a hot bath?"
ANSWERS = {SHOES: "Back Care: Flat shoes", SLEEP: "go to sleep on your side", BATH: "Back Care: Warm is fine"}
# How long a fault lasts at least, and how long what was begun to be said may take to sound.
SETTLE_SECONDS = 6.0


def run() -> list[Row]:
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        folder = Path(name)
        questions = spoken_questions(tuple(ANSWERS), folder)
        with household(folder) as house:
            _settled(house)
            for fault in (_unplugged, _server_dies, _server_hangs, _source_hangs, _speaker_unplugged, _speaker_blocks, _worker):
                rows += _tried(fault, house, questions)
            rows.append(Row("after all of these", _summary(house)))
        rows += [*_recogniser(), *_no_microphone_at_start(folder)]
    return rows


def _tried(fault: Callable[[Household, dict[str, Path]], list[Row]], house: Household, questions: dict[str, Path]) -> list[Row]:
    """The rows of one fault; what did not come is a row, too."""
    name = fault.__name__[1:].replace("_", " ")
    try:
        rows = fault(house, questions)
        _settled(house)
    except AssertionError as error:
        print(error, file=sys.stderr)
        return [Row(name, "NOT OUTLIVED: what was waited for did not come")]
    print(f"{name}: done", file=sys.stderr, flush=True)
    return rows


def _settled(house: Household) -> None:
    """Until it hears, says nothing, and nothing is broken."""
    time.sleep(SETTLE_SECONDS)
    house.until_well()


def _took(house: Household, act: Callable[[], object], words: str, seconds: float = 60.0) -> float:
    """From the act to the line with these words."""
    began = time.monotonic()
    act()
    return house.wait_for(words, seconds) - began


def _unplugged(house: Household, questions: dict[str, Path]) -> list[Row]:
    lost = _took(house, lambda: house.plug("other", SPEAKER), LOST)
    time.sleep(SETTLE_SECONDS)
    back = _took(house, lambda: house.plug("other", SPEAKER, MICROPHONE), AGAIN)
    _settled(house)
    answered = _took(house, lambda: house.ask(questions[SHOES]), ANSWERS[SHOES])
    _settled(house)
    return [
        Row("microphone pulled out", "it says that it cannot hear", lost),
        Row("plugged in again, with another number", "found by its name; it says that it hears again", back),
        Row("a question asked then", "answered (the time holds the question itself)", answered),
    ]


def _server_dies(house: Household, questions: dict[str, Path]) -> list[Row]:
    lost = _took(house, house.card.kill, LOST)
    time.sleep(3)
    back = _took(house, house.card.start_again, AGAIN)
    return [
        Row("sound server killed (SIGKILL)", "noticed and written down; there is nothing to say it with", lost),
        Row("a new sound server started", "it says that it hears again", back),
    ]


def _server_hangs(house: Household, questions: dict[str, Path]) -> list[Row]:
    lost = _took(house, lambda: house.card.server.send_signal(signal.SIGSTOP), LOST)
    time.sleep(15)
    back = _took(house, lambda: house.card.server.send_signal(signal.SIGCONT), AGAIN)
    return [
        Row("sound server hangs (SIGSTOP)", "noticed and written down; no call waits longer than three seconds for it", lost),
        Row("it goes on (SIGCONT)", "it says that it hears again", back),
    ]


def _source_hangs(house: Household, questions: dict[str, Path]) -> list[Row]:
    lost = _took(house, lambda: house.card.pactl("suspend-source", "microphone", "1"), LOST)
    time.sleep(SETTLE_SECONDS)
    back = _took(house, lambda: house.card.pactl("suspend-source", "microphone", "0"), AGAIN)
    return [
        Row("microphone gives no sound, and no error (source suspended)", "it says that it cannot hear", lost),
        Row("it gives sound again", "it says that it hears again", back),
    ]


def _speaker_unplugged(house: Household, questions: dict[str, Path]) -> list[Row]:
    house.plug(MICROPHONE, "other")
    mute = _took(house, lambda: house.ask(questions[SHOES]), 'No speaker has "')
    time.sleep(3)
    back = _took(house, lambda: house.plug("other", MICROPHONE, SPEAKER), "It can speak again")
    return [
        Row("speaker pulled out, then a question", "the answer is shown; that it cannot be heard is written down", mute),
        Row("speaker plugged in again, with another number", "it says so, and the answer that was not heard", back),
    ]


def _speaker_blocks(house: Household, questions: dict[str, Path]) -> list[Row]:
    house.card.pactl("suspend-sink", "speaker", "1")
    mute = _took(house, lambda: house.ask(questions[SHOES]), "it takes no more sound")
    time.sleep(3)
    back = _took(house, lambda: house.card.pactl("suspend-sink", "speaker", "0"), "It can speak again")
    _settled(house)
    return [
        Row("speaker takes no more sound (sink suspended), then a question", "given up and written down; it listens on", mute),
        Row("it takes sound again", "it says so, and the answer that was not heard", back),
    ]


def _worker(house: Household, questions: dict[str, Path]) -> list[Row]:
    rows = []
    for name, blow, words in (("killed", signal.SIGKILL, SLEEP), ("hangs", signal.SIGSTOP, BATH)):
        before = house.worker()
        os.kill(before, blow)
        with Tap("speaker", house.card.environment) as speaker:
            house.ask(questions[words])
            shown_at = house.wait_for(ANSWERS[words])
            heard_at = speaker.wait_for_loud(shown_at, 60.0)
        seconds = heard_at - shown_at if heard_at and house.worker() != before else None
        rows.append(
            Row(f"the voice's worker {name} ({blow.name}), then a question", "a new worker renders the answer; until it sounds", seconds)
        )
        _settled(house)
    return rows


class _Throwing(FakeRecogniser):
    name = "whisper"

    def accept(self, block: AudioBlock) -> Sequence[Heard]:
        raise RuntimeError


def _recogniser() -> list[Row]:
    """In this process: nothing makes the real one throw from outside."""
    model = PROJECT / "models" / "whisper-tiny.en"
    lasting = LastingRecogniser(_Throwing(), [lambda: open_recogniser("whisper", model)])
    began = time.monotonic()
    heard = lasting.accept(AudioBlock(bytes(640), 16_000))
    built = isinstance(heard[0], Missed)
    return [
        Row("recogniser throws", "a fresh one was built; it says that it missed the words" if built else "deaf", time.monotonic() - began)
    ]


def _no_microphone_at_start(folder: Path) -> list[Row]:
    with household(folder, SPEAKER, listens=False) as house:
        began = time.monotonic()
        missing = house.wait_for("Back Care: I cannot hear you. There is no microphone", 240) - began
        time.sleep(SETTLE_SECONDS)
        back = _took(house, lambda: house.plug(SPEAKER, MICROPHONE), AGAIN)
        return [
            Row("started with no microphone", "it says so and waits (the time holds the whole start)", missing),
            Row("microphone plugged in", "it says that it hears", back),
        ]


def _summary(house: Household) -> str:
    state = house.state()
    repaired = ", ".join(f"{part} {count} times" for part, count in state.repaired.items())
    broken = ", ".join(state.broken) or "nothing"
    return f"{'the same process runs' if state.starts == 1 else 'started anew'}; broken: {broken}; worked again: {repaired}"
