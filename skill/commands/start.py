"""run_assistant.py without a command: listens and answers. With --typed it takes typed questions, with --demo it asks itself."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TextIO

from pydantic import BaseModel, ConfigDict, Field

from skill import assembly
from skill.answering.phrases import Phrases
from skill.assistant import Assistant
from skill.attention import Attention
from skill.commands.attended_ear import AttendedEar
from skill.errors import BackCareError, HearingError, IntentError, ModelError, PanelError, SettingsError, SpeakingError
from skill.hearing.lasting_ear import LastingEar
from skill.hearing.listener import Listener
from skill.hearing.stop_listener import StopListener
from skill.interruption import Interruption, Listening
from skill.little_memory import is_small, memory_at_start
from skill.memory import begin_loading, settle_memory
from skill.messages import TYPED, Heard, Line, Partial, Reply, Tone, Transcript, Turn
from skill.mouth import Mouth
from skill.panel import Panel, PanelMicrophone, PanelSpeaker
from skill.reloading import know
from skill.service import Vitals, Watchdog, is_service, keep_words_out_of_the_log
from skill.settings import Settings, state_file
from skill.stages import Microphone, Recogniser
from skill.state import HEARING, RECOGNISER, SPEAKING, STORE, UNDERSTANDING, StateFile
from skill.taking_up import Edits, RenewedEar
from skill.watched import WatchedMicrophone, WatchedSpeaker
from skill.yaml_source import read_yaml, validate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--typed", action="store_true", help="take typed questions instead of listening")
    way.add_argument("--demo", action="store_true", help="ask recorded questions in its own voice, hear and answer them")
    parser.add_argument("--debug", action="store_true", help="show what is heard as it is heard (nothing is kept)")


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """0 when the conversation ended by itself; an error that ends it is said aloud first, where a voice is left, and raised."""
    begin_loading()
    keep_words_out_of_the_log(os.environ)
    state = None if arguments.typed or arguments.demo else StateFile(state_file(), tell=_tell)
    with Vitals(state, Watchdog(os.environ)) as vitals:
        return _run(settings, arguments, vitals)


def _run(settings: Settings, arguments: argparse.Namespace, vitals: Vitals) -> int:
    if is_small(settings.machine.memory):
        vitals.runs_on_smallest_set()
        _tell(_why_small(settings.machine.memory))
    loading = None if arguments.typed or arguments.demo else _Loading(settings, vitals)
    known = know(settings, _teller(vitals, UNDERSTANDING))
    phrases = known.phrases
    with ExitStack() as stack:
        panel = stack.enter_context(closing(_panel(settings)))
        mouth = stack.enter_context(closing(_mouth(settings, vitals, panel)))
        assistant = Assistant(known.interpreter, known.responder, weeks=settings.answering.weeks)
        if arguments.demo:
            return _demo(settings, assistant, mouth)
        _welcome(settings, phrases, mouth)
        edits = Edits(known, arguments.settings, vitals, assistant, mouth, _tell)
        if loading is None:
            return _typed(assistant, mouth, edits)
        try:
            settings, first = _with_wake_word(settings, loading.recogniser.result())
            recogniser = assembly.lasting_recogniser(settings, first)
            ear = stack.enter_context(closing(_ear(settings, recogniser, vitals, panel)))
            hears = _opened(ear, waits=is_service(os.environ))
        except (HearingError, ModelError) as error:
            key = "recogniser_broken" if isinstance(error, ModelError) else "ear_missing"
            vitals.failed(HEARING, str(error))
            _tell(f"{error} You can type your questions instead.")
            mouth.say(Reply((phrases.shared(key),)))
            return _typed(assistant, mouth, edits)
        phrases = assembly.phrases(settings, known.book)
        attention = assistant.attention = _attention(settings, phrases, recogniser)
        mouth.interruption = _interruption(settings, assistant, ear, recogniser, loading)
        how = f'Say "{attention.phrase.text}", then ask.' if attention.phrase else "Ask aloud."
        if hears:
            _tell(f"{recogniser.name} listens. {how} Enter stops the speech, Ctrl-C ends.")
            mouth.say(Reply((phrases.ready(attention.phrase is not None),)))
            mouth.tone(Tone.LISTENING)
            ear.reset()
        settle_memory()
        _stop_on_enter(mouth)
        panel.connect(mouth.stop, ear.give)
        with closing(edits.watch(recogniser, settings.hearing.wake)):
            _listen(assistant, ear, edits, mouth, phrases, arguments.debug, vitals)
    return 0


def _ear(settings: Settings, recogniser: Recogniser, vitals: Vitals, panel: Panel) -> LastingEar:
    def watched(microphone: Microphone) -> Microphone:
        return WatchedMicrophone(PanelMicrophone(microphone, panel), vitals)

    return LastingEar(lambda anew: assembly.microphone(settings, anew), recogniser, watched)


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


class _Loading:
    """What is loaded beside the intents, on another core: that takes as long as they do.

    stop_listener: None where nothing more need be loaded for it, because Whisper listens, or because nobody listens for these words alone:
    the sound server takes its own voice out of the sound.
    """

    def __init__(self, settings: Settings, vitals: Vitals) -> None:
        loader = ThreadPoolExecutor(1, "loading")
        self.recogniser: Future[Recogniser] = loader.submit(assembly.recogniser, settings, _teller(vitals, RECOGNISER))
        self.stop_listener: Future[StopListener | None] = loader.submit(self._stop_listener, settings)

    def _stop_listener(self, settings: Settings) -> StopListener | None:
        recogniser = self.recogniser.result()
        if settings.hearing.echo == "cancelled" or recogniser.name == "whisper":
            return None
        return assembly.stop_listener(settings, recogniser)


def _why_small(wanted: str) -> str:
    memory = memory_at_start()
    found = "" if wanted == "small" or memory is None else f"{memory.available} MB of {memory.total} MB of memory are free. "
    return f"{found}It runs on its smallest set: it understands by words alone, which misses more. `memory: full` takes everything."


def _attention(settings: Settings, phrases: Phrases, recogniser: Recogniser) -> Attention:
    """A phrase that can never be heard would make it deaf to all but danger: then it listens without one, and says so here."""
    try:
        return assembly.attention(settings, phrases.script, recogniser)
    except SettingsError as error:
        _tell(f"{error} Until then it listens without a wake phrase.")
        return assembly.attention(settings.woken_by("open"), phrases.script, recogniser)


def _interruption(settings: Settings, assistant: Assistant, ear: LastingEar, recogniser: Recogniser, loading: _Loading) -> Interruption:
    if settings.hearing.echo == "cancelled":
        return Listening(ear, ear, assistant.judge, None, hears_all=True)
    stop_listener = None
    try:
        stop_listener = loading.stop_listener.result() or assembly.stop_listener(settings, recogniser)
    except HearingError as error:
        _tell(f"{error} Until then it hears you between its sentences only, and not while it speaks one.")
    return Listening(ear, ear, assistant.judge, stop_listener)


def _listen(assistant: Assistant, ear: LastingEar, edits: Edits, mouth: Mouth, phrases: Phrases, debug: bool, vitals: Vitals) -> None:
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
        attended = AttendedEar(ear, mouth, phrases, vitals, _tell)
        assistant.converse(RenewedEar(attended, edits.take_up), mouth, on_turn, on_other)
    except (BackCareError, MemoryError):
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

    def show(text: str) -> None:
        _print(f"Back Care: {text}", sys.stdout)

    speaker, voice, problem = assembly.lasting_speaker(settings), None, ""
    try:
        voice = assembly.lasting_voice(settings, _tell, _teller(vitals, STORE))
        speaker.open()
    except SpeakingError as error:
        problem = str(error)
        vitals.failed(SPEAKING, problem)
        _tell(f"{error} Answers are shown here instead.")
    mouth = Mouth(voice, WatchedSpeaker(PanelSpeaker(speaker, panel), vitals), assembly.tones(), show, _teller(vitals, SPEAKING))
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
        _print(f"You: {turn.transcript.text}", sys.stdout)


def _stop_on_enter(mouth: Mouth) -> None:
    if not sys.stdin.isatty():
        return

    def watch() -> None:
        for _ in sys.stdin:
            mouth.stop()

    threading.Thread(target=watch, name="enter", daemon=True).start()


def _tell(what: str) -> None:
    _print(what, sys.stderr)


def _print(what: str, stream: TextIO) -> None:
    """Where that goes to a file on a full disk it is lost; what is spoken is not."""
    try:
        print(what, file=stream, flush=True)
    except BrokenPipeError:
        raise
    except OSError:
        return


def _teller(vitals: Vitals, part: str) -> Callable[[str], None]:
    """For what works less well than it should, and goes on."""

    def tell(problem: str) -> None:
        vitals.failed(part, problem)
        _tell(problem)

    return tell


# --- typed ------------------------------------------------------------------------------------------------------------


class _Keyboard:
    """Typed lines as an Ear: the same loop, without sound."""

    def heard(self) -> Iterator[Heard]:
        _tell("Type a question and press Enter; an empty line or Ctrl-D ends.")
        for line in sys.stdin:
            if not line.strip():
                return
            yield Transcript(line.strip(), TYPED)

    def reset(self) -> None:
        """Nothing to forget: typing is not heard through the air."""


def _typed(assistant: Assistant, mouth: Mouth, edits: Edits) -> int:
    settle_memory()
    assistant.begin()
    with closing(edits.watch()):
        assistant.converse(RenewedEar(_Keyboard(), edits.take_up), mouth, lambda turn: None, lambda heard: None)
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
    settle_memory()
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
