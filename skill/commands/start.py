"""run_assistant.py without a command: listens and answers. With --typed it takes typed questions, with --demo it asks itself."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from skill import assembly
from skill.answering.phrases import Phrases
from skill.assistant import Assistant, Mouth
from skill.attention import Attention
from skill.commands.attended_ear import AttendedEar
from skill.errors import BackCareError, HearingError, IntentError, ModelError, PanelError, SettingsError, SpeakingError
from skill.hearing.lasting_ear import LastingEar
from skill.hearing.listener import Listener
from skill.interruption import Interruption, Listening
from skill.memory import give_back_memory
from skill.messages import Heard, Line, Partial, Reply, Tone, Transcript, Turn
from skill.panel import Panel, PanelMicrophone, PanelSpeaker
from skill.service import Vitals, Watchdog, is_service, keep_words_out_of_the_log
from skill.settings import Settings, state_file
from skill.stages import Microphone, Recogniser
from skill.state import HEARING, SPEAKING, StateFile
from skill.watched import WatchedMicrophone, WatchedSpeaker
from skill.yaml_source import read_yaml, validate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--typed", action="store_true", help="take typed questions instead of listening")
    way.add_argument("--demo", action="store_true", help="ask recorded questions in its own voice, hear and answer them")
    parser.add_argument("--debug", action="store_true", help="show what is heard as it is heard (nothing is kept)")


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """0 when the conversation ended by itself; an error that ends it is said aloud first, where a voice is left, and raised."""
    keep_words_out_of_the_log(os.environ)
    state = None if arguments.typed or arguments.demo else StateFile(state_file())
    with Vitals(state, Watchdog(os.environ)) as vitals:
        return _run(settings, arguments, vitals)


def _run(settings: Settings, arguments: argparse.Namespace, vitals: Vitals) -> int:
    loading = None if arguments.typed or arguments.demo else _loading_recogniser(settings)
    book = assembly.intent_book(settings)
    phrases = assembly.phrases(settings, book)
    with ExitStack() as stack:
        panel = stack.enter_context(closing(_panel(settings)))
        mouth = stack.enter_context(closing(_mouth(settings, vitals, panel)))
        assistant = Assistant(assembly.interpreter(settings, book), assembly.responder(settings, book), weeks=settings.answering.weeks)
        if arguments.demo:
            return _demo(settings, assistant, mouth)
        _welcome(settings, phrases, mouth)
        if loading is None:
            return _typed(assistant, mouth)
        try:
            settings, recogniser = _with_wake_word(settings, loading.result())
            ear = stack.enter_context(closing(_ear(settings, recogniser, vitals, panel)))
            hears = _opened(ear, waits=is_service(os.environ))
        except (HearingError, ModelError) as error:
            key = "recogniser_broken" if isinstance(error, ModelError) else "ear_missing"
            vitals.failed(HEARING, str(error))
            _tell(f"{error} You can type your questions instead.")
            mouth.say(Reply((phrases.shared(key),)))
            return _typed(assistant, mouth)
        phrases = assembly.phrases(settings, book)
        attention = assistant.attention = _attention(settings, phrases, recogniser)
        mouth.interruption = _interruption(settings, assistant, ear)
        how = f'Say "{attention.phrase.text}", then ask.' if attention.phrase else "Ask aloud."
        if hears:
            _tell(f"{recogniser.name} listens. {how} Enter stops the speech, Ctrl-C ends.")
            mouth.say(Reply((phrases.ready(attention.phrase is not None),)))
            mouth.tone(Tone.LISTENING)
            ear.reset()
        give_back_memory()
        _stop_on_enter(mouth)
        panel.connect(mouth.stop, ear.give)
        _listen(assistant, ear, mouth, phrases, arguments.debug, vitals)
    return 0


def _ear(settings: Settings, recogniser: Recogniser, vitals: Vitals, panel: Panel) -> LastingEar:
    def watched(microphone: Microphone) -> Microphone:
        return WatchedMicrophone(PanelMicrophone(microphone, panel), vitals)

    return LastingEar(lambda anew: assembly.microphone(settings, anew), assembly.lasting_recogniser(settings, recogniser), watched)


def _opened(ear: LastingEar, waits: bool) -> bool:
    """Whether it hears. waits: nobody is there to type, so a microphone that is missing is waited for while it listens."""
    try:
        ear.open()
    except HearingError:
        if not waits:
            raise
        return False
    return True


def _with_wake_word(settings: Settings, recogniser: Recogniser) -> tuple[Settings, Recogniser]:
    """A wake word that cannot be known by its sound is replaced by the wake phrase, which needs nothing but the recogniser."""
    if settings.hearing.wake != "word":
        return settings, recogniser
    try:
        return settings, assembly.waking(settings, recogniser)
    except HearingError as error:
        _tell(f'{error} Until then it waits for "{settings.hearing.wake_phrase}" instead.')
        return settings.woken_by("phrase"), recogniser


def _loading_recogniser(settings: Settings) -> Future[Recogniser]:
    """Loaded beside the intents, on another core: each takes about a second."""
    return ThreadPoolExecutor(1, "recogniser").submit(assembly.recogniser, settings)


def _attention(settings: Settings, phrases: Phrases, recogniser: Recogniser) -> Attention:
    """A phrase that can never be heard would make it deaf to all but danger: then it listens without one, and says so here."""
    try:
        return assembly.attention(settings, phrases.script, recogniser)
    except SettingsError as error:
        _tell(f"{error} Until then it listens without a wake phrase.")
        return assembly.attention(settings.woken_by("open"), phrases.script, recogniser)


def _interruption(settings: Settings, assistant: Assistant, ear: LastingEar) -> Interruption:
    if settings.hearing.echo == "cancelled":
        return Listening(ear, ear, assistant.judge, None, hears_all=True)
    stop_listener = None
    try:
        stop_listener = assembly.stop_listener(settings)
    except HearingError as error:
        _tell(f"{error} Until then it hears you between its sentences only, and not while it speaks one.")
    return Listening(ear, ear, assistant.judge, stop_listener)


def _listen(assistant: Assistant, ear: LastingEar, mouth: Mouth, phrases: Phrases, debug: bool, vitals: Vitals) -> None:
    lost = 0

    def on_turn(turn: Turn) -> None:
        nonlocal lost
        vitals.answering(turn.reply)
        if debug or sys.stdout.isatty():  # a service's output is kept in the system's log, and her words are not to be
            _show_turn(turn)
        if ear.lost_blocks > lost:
            _tell(f"{ear.lost_blocks - lost} pieces of sound were lost before they could be heard: this computer is too busy.")
            lost = ear.lost_blocks

    def on_other(heard: Heard) -> None:
        if debug:
            _tell(f"… {heard.text}" if isinstance(heard, Partial) else f"… {heard}")

    try:
        assistant.converse(AttendedEar(ear, mouth, phrases, vitals, _tell), mouth, on_turn, on_other)
    except BackCareError:
        mouth.say(Reply((phrases.shared("broken"),)))
        raise


def _panel(settings: Settings) -> Panel:
    try:
        return Panel(settings.panel.led_pin, settings.panel.button_pin)
    except PanelError as error:
        _tell(f"{error} It goes on without them.")
        return Panel()


def _mouth(settings: Settings, vitals: Vitals, panel: Panel) -> Mouth:
    """With a voice and a speaker, which may come later; while they do not work, words on the screen, and why."""

    def tell(problem: str) -> None:
        vitals.failed(SPEAKING, problem)
        _tell(problem)

    def show(text: str) -> None:
        print(f"Back Care: {text}", flush=True)

    speaker, voice, problem = assembly.lasting_speaker(settings), None, ""
    try:
        voice = assembly.lasting_voice(settings, _tell)
        speaker.open()
    except SpeakingError as error:
        problem = str(error)
        vitals.failed(SPEAKING, problem)
        _tell(f"{error} Answers are shown here instead.")
    mouth = Mouth(voice, WatchedSpeaker(PanelSpeaker(speaker, panel), vitals), assembly.tones(), show, tell)
    mouth.problem = problem  # told already
    return mouth


def _welcome(settings: Settings, phrases: Phrases, mouth: Mouth) -> None:
    """The disclaimer: once, at the very first start."""
    mark = settings.storage.cache_folder / "welcomed"
    if mark.exists():
        return
    mouth.say(Reply((phrases.shared("disclaimer"),)))
    try:
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    except OSError:  # it will be said once more at the next start: no harm
        return


def _show_turn(turn: Turn) -> None:
    if turn.understanding.is_ours:
        print(f"You: {turn.transcript.text}", flush=True)


def _stop_on_enter(mouth: Mouth) -> None:
    if not sys.stdin.isatty():
        return

    def watch() -> None:
        for _ in sys.stdin:
            mouth.stop()

    threading.Thread(target=watch, name="enter", daemon=True).start()


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


# --- typed ------------------------------------------------------------------------------------------------------------


class _Keyboard:
    """Typed lines as an Ear: the same loop, without sound."""

    def heard(self) -> Iterator[Heard]:
        _tell("Type a question and press Enter; an empty line or Ctrl-D ends.")
        for line in sys.stdin:
            if not line.strip():
                return
            yield Transcript(line.strip(), "typed")

    def reset(self) -> None:
        """Nothing to forget: typing is not heard through the air."""


def _typed(assistant: Assistant, mouth: Mouth) -> int:
    assistant.begin()
    assistant.converse(_Keyboard(), mouth, lambda turn: None, lambda heard: None)
    return 0


# --- demo -------------------------------------------------------------------------------------------------------------


class _DemoFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    questions: list[str] = Field(min_length=1)


def _demo(settings: Settings, assistant: Assistant, mouth: Mouth) -> int:
    """Each question is rendered, played, heard by the real recogniser and answered."""
    found, problems = validate(read_yaml(settings.storage.language_folder / "shared" / "demo.yaml"), _DemoFile)
    if found is None:
        raise IntentError(problems)
    recogniser = assembly.recogniser(settings)
    _tell(f"{recogniser.name} listens to questions that the assistant asks itself. Ctrl-C ends.")
    with tempfile.TemporaryDirectory() as folder, closing(assembly.voice(settings)) as voice:
        for number, question in enumerate(found.questions):
            path = Path(folder) / f"{number}.wav"
            speech = voice.render(Line(question))
            with closing(assembly.wav_speaker(path)) as writer:
                writer.play(speech)
            mouth.play(speech)
            with closing(assembly.recording(path)) as microphone:
                _hear_demo(question, assistant, Listener(microphone, recogniser), mouth)
            time.sleep(0.5)
    return 0


def _hear_demo(question: str, assistant: Assistant, listener: Listener, mouth: Mouth) -> None:
    turns: list[Turn] = []

    def on_turn(turn: Turn) -> None:
        turns.append(turn)
        print(f'Asked: "{question}"\nHeard: "{turn.transcript.text}"', flush=True)
        if turn.reply.is_silent:
            print("Back Care: (says nothing: this is not for it)", flush=True)

    assistant.converse(listener, mouth, on_turn, lambda heard: None)
    if not turns:
        print(f'Asked: "{question}"\nHeard nothing.', flush=True)
