"""The product as she meets it: asked through a virtual microphone, answered through a virtual speaker, by the real parts."""

from __future__ import annotations

import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from skill.hearing import open_recogniser
from skill.hearing.listener import Listener
from skill.hearing.recording import RecordingMicrophone
from skill.messages import Transcript
from tests.commands.program import program
from tests.knowledge import cache_folder
from tests.virtual_sound import WAV_HEADER_BYTES, VirtualSoundCard

__all__ = ["cache_folder"]

START_SECONDS = 90.0
ANSWER_SECONDS = 60.0
ASK_AGAIN_SECONDS = 20.0
# From "… listens." until the microphone is open: the ready line and the tone.
READY_SECONDS = 6.0


class Conversation:
    """A running assistant. Its lines come through threads, so that waiting for one cannot hang."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.said: list[str] = []
        self._lines: queue.Queue[str] = queue.Queue()
        for stream in (process.stdout, process.stderr):
            threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream: object) -> None:
        for line in stream:  # type: ignore[attr-defined]
            self._lines.put(line.decode())

    def wait_for(self, words: str, seconds: float) -> str:
        """The next line with these words."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=left)
            except queue.Empty:
                break
            self.said.append(line)
            if words in line:
                return line
        pytest.fail(f"{words!r} did not come within {seconds} s; what came: {self.said}")

    def answer_to(self, ask: Callable[[], None], words: str, seconds: float) -> str:
        """Asks until a line with these words comes: on a busy machine the first question may fall into its own "I am listening"."""
        until = time.monotonic() + seconds
        while True:
            ask()
            again = time.monotonic() + ASK_AGAIN_SECONDS
            while time.monotonic() < min(until, again):
                try:
                    line = self._lines.get(timeout=1)
                except queue.Empty:
                    continue
                self.said.append(line)
                if words in line:
                    return line
            if time.monotonic() >= until:
                pytest.fail(f"{words!r} did not come within {seconds} s; what came: {self.said}")

    def questions_heard(self) -> list[str]:
        while not self._lines.empty():
            self.said.append(self._lines.get())
        return [line for line in self.said if line.startswith("You: ")]


@pytest.fixture
def converse(tmp_path: Path, cache_folder: Path, sound_card: VirtualSoundCard) -> Callable[..., Iterator[Conversation]]:
    """Starts the assistant on the virtual sound card and waits until its ear is open."""

    @contextmanager
    def start(**variables: str | Path) -> Iterator[Conversation]:
        (cache_folder / "welcomed").touch()
        assistant = program(tmp_path / "home", BACK_CARE_CACHE_FOLDER=cache_folder, **variables).start("--debug")
        try:
            conversation = Conversation(assistant)
            conversation.wait_for(" listens.", START_SECONDS)
            time.sleep(READY_SECONDS)
            yield conversation
        finally:
            assistant.send_signal(signal.SIGTERM)
            assistant.wait(20)

    return start


@pytest.fixture(params=["whisper", pytest.param("vosk", marks=pytest.mark.official_vosk)])
def recogniser(request: pytest.FixtureRequest) -> str:
    request.getfixturevalue({"whisper": "whisper_model", "vosk": "vosk_english_model"}[request.param])
    return str(request.param)


@pytest.fixture
def words_of(whisper_model: Path) -> Callable[[Path], str]:
    """What a recogniser hears in a recording."""

    def words(recording: Path) -> str:
        listener = Listener(RecordingMicrophone(recording), open_recogniser("whisper", whisper_model))
        return " ".join(heard.text for heard in listener.heard() if isinstance(heard, Transcript))

    return words


def test_she_asks_aloud_and_hears_the_answer(
    converse: Callable, sound_card: VirtualSoundCard, spoken: Callable[[str], Path], words_of: Callable, recogniser: str, tmp_path: Path
) -> None:
    """The first answer after the start is whole: its first words and its last ones."""
    recording = tmp_path / "answer.wav"
    with converse(BACK_CARE_RECOGNISER=recogniser) as conversation, sound_card.record_speaker(recording):
        sound_card.play_into_microphone(spoken("What shoes should I wear?"))
        answer = conversation.wait_for("Back Care: Flat shoes", ANSWER_SECONDS)
        time.sleep(len(answer.split()) / 130 * 60 + 4)
    heard = words_of(recording)
    for words in ("flat shoes", "high heels", "get checked"):
        assert words in heard


def test_a_danger_sign_is_sent_to_care_before_anything_else(
    converse: Callable, sound_card: VirtualSoundCard, spoken: Callable[[str], Path], words_of: Callable, recogniser: str, tmp_path: Path
) -> None:
    recording = tmp_path / "answer.wav"
    with converse(BACK_CARE_RECOGNISER=recogniser) as conversation, sound_card.record_speaker(recording):
        sound_card.play_into_microphone(spoken("My back hurts, and I am bleeding."))
        answer = conversation.wait_for("Back Care: Go to a hospital", ANSWER_SECONDS)
        time.sleep(len(answer.split()) / 120 * 60 + 4)
    assert "go to a hospital" in words_of(recording)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_with_a_wake_phrase_it_answers_what_follows_it_and_danger(
    converse: Callable, sound_card: VirtualSoundCard, spoken: Callable[[str], Path], recogniser: str, tmp_path: Path
) -> None:
    """Chatter and a question without the phrase; the phrase alone, its tone and a question; the phrase with words; danger without it."""
    with converse(BACK_CARE_RECOGNISER=recogniser, BACK_CARE_WAKE="phrase", BACK_CARE_SPEED="1.6") as conversation:

        def ask(words: str, answer: str) -> str:
            sound_card.play_into_microphone(spoken(words))
            said = conversation.wait_for("Back Care: ", ANSWER_SECONDS)
            assert said.startswith(f"Back Care: {answer}"), conversation.said
            return said

        def listen_to_its_end(said: str) -> None:
            time.sleep(len(said.split()) / 130 * 60 / 1.3 + 4)

        ready = "When you want me, say: hello back care."
        if not any(ready in line for line in conversation.said):
            conversation.wait_for(ready, START_SECONDS)
        time.sleep(READY_SECONDS)  # a longer line than without a phrase
        for chatter in ("We need to buy milk and bread.", "How should I sleep?"):
            sound_card.play_into_microphone(spoken(chatter))
        recording = tmp_path / "tone.wav"
        with sound_card.record_speaker(recording):
            sound_card.play_into_microphone(spoken("Hello back care."))
            wait_for_sound(recording)
        listen_to_its_end(ask("What shoes should I wear?", "Flat shoes"))  # its answer is the first that comes
        listen_to_its_end(ask("Goodbye.", "Goodbye"))
        listen_to_its_end(ask("Hello back care, goodbye.", "Goodbye"))
        ask("I am bleeding.", "Go to a hospital")


def wait_for_sound(recording: Path) -> None:
    """Until the speaker, which is being recorded, has been heard."""
    until = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < until:
        pcm = recording.read_bytes()[WAV_HEADER_BYTES:]
        samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], np.int16)
        if len(samples) and np.ptp(samples.astype(np.int32)) > 2_000:
            return
        time.sleep(0.1)
    pytest.fail("no tone was heard")


def test_it_does_not_answer_its_own_voice(converse: Callable, sound_card: VirtualSoundCard, spoken: Callable[[str], Path]) -> None:
    """The room's echo: all that the speaker says goes into the microphone."""
    load = ["pactl", "load-module", "module-loopback", "source=speaker.monitor", "sink=room", "latency_msec=60"]
    loaded = subprocess.run(load, env=sound_card.environment, check=True, capture_output=True, text=True)
    try:
        with converse() as conversation:
            sound_card.play_into_microphone(spoken("Why does my back hurt?"))
            answer = conversation.wait_for("Back Care: ", ANSWER_SECONDS)
            time.sleep(len(answer.split()) / 130 * 60 + 6)
            assert len(conversation.questions_heard()) == 1, conversation.said
    finally:
        subprocess.run(["pactl", "unload-module", loaded.stdout.strip()], env=sound_card.environment, check=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_in_the_middle_of_a_sentence(
    converse: Callable, sound_card: VirtualSoundCard, spoken: Callable[[str], Path], number: signal.Signals
) -> None:
    with converse() as conversation:
        question = spoken("What shoes should I wear?")
        conversation.answer_to(lambda: sound_card.play_into_microphone(question), "Back Care: Flat shoes", ANSWER_SECONDS)
        time.sleep(2)
        asked_at = time.monotonic()
        conversation.process.send_signal(number)
        assert conversation.process.wait(15) == 130
        assert time.monotonic() - asked_at < 10  # the answer has 15 more seconds: it was not spoken to its end
    users = subprocess.run(
        ["pactl", "list", "short", "sink-inputs"], env=sound_card.environment, check=True, capture_output=True, text=True
    )
    listeners = subprocess.run(
        ["pactl", "list", "short", "source-outputs"], env=sound_card.environment, check=True, capture_output=True, text=True
    )
    assert "ALSA" not in users.stdout + listeners.stdout  # the devices are released
