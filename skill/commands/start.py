"""run_assistant.py without a command: listens and answers. With --typed it takes typed questions, with --demo it asks itself."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing

from skill import assembly
from skill.answering.phrases import Phrases
from skill.assistant import Assistant
from skill.attention import Attention
from skill.commands.attended_ear import AttendedEar
from skill.commands.demo import ask_itself
from skill.commands.telling import print_line, tell
from skill.commands.typed import converse_typed
from skill.errors import BackCareError, HearingError, ModelError, PanelError, SettingsError, SpeakingError
from skill.hearing.lasting_ear import LastingEar
from skill.hearing.stop_listener import StopListener
from skill.interruption import Interruption, Listening
from skill.little_memory import is_small, memory_at_start
from skill.memory import begin_loading, settle_memory
from skill.messages import Heard, Partial, Reply, Tone, Turn
from skill.mouth import Mouth
from skill.panel import Panel, PanelMicrophone, PanelSpeaker
from skill.reloading import know
from skill.service import Vitals, Watchdog, is_service, keep_words_out_of_the_log
from skill.settings import Settings, state_file
from skill.stages import Microphone, Recogniser
from skill.state import HEARING, RECOGNISER, SPEAKING, STORE, UNDERSTANDING, StateFile
from skill.taking_up import Edits, RenewedEar
from skill.watched import WatchedMicrophone, WatchedSpeaker


def add_arguments(parser: argparse.ArgumentParser) -> None:
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--typed", action="store_true", help="take typed questions instead of listening")
    way.add_argument("--demo", action="store_true", help="ask recorded questions in its own voice, hear and answer them")
    parser.add_argument("--debug", action="store_true", help="show what is heard as it is heard (nothing is kept)")


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """0 when the conversation ended by itself; an error that ends it is said aloud first, where a voice is left, and raised."""
    begin_loading()
    keep_words_out_of_the_log(os.environ)
    state = None if arguments.typed or arguments.demo else StateFile(state_file(), tell=tell)
    with Vitals(state, Watchdog(os.environ)) as vitals:
        return _run(settings, arguments, vitals)


def _run(settings: Settings, arguments: argparse.Namespace, vitals: Vitals) -> int:
    if is_small(settings.machine.memory):
        vitals.runs_on_smallest_set()
        tell(_why_small(settings.machine.memory))
    loading = None if arguments.typed or arguments.demo else _Loading(settings, vitals)
    known = know(settings, _teller(vitals, UNDERSTANDING))
    phrases = known.phrases
    with ExitStack() as stack:
        panel = stack.enter_context(closing(_panel(settings)))
        mouth = stack.enter_context(closing(_mouth(settings, vitals, panel)))
        assistant = Assistant(known.interpreter, known.responder, weeks=settings.answering.weeks)
        if arguments.demo:
            return ask_itself(settings, assistant, mouth)
        _welcome(settings, phrases, mouth)
        edits = Edits(known, arguments.settings, vitals, assistant, mouth, tell)
        if loading is None:
            return converse_typed(assistant, mouth, edits)
        try:
            settings, first = _with_wake_word(settings, loading.recogniser.result())
            recogniser = assembly.lasting_recogniser(settings, first)
            ear = stack.enter_context(closing(_ear(settings, recogniser, vitals, panel)))
            hears = _opened(ear, waits=is_service(os.environ))
        except (HearingError, ModelError) as error:
            key = "recogniser_broken" if isinstance(error, ModelError) else "ear_missing"
            vitals.failed(HEARING, str(error))
            tell(f"{error} You can type your questions instead.")
            mouth.say(Reply((phrases.shared(key),)))
            return converse_typed(assistant, mouth, edits)
        phrases = assembly.phrases(settings, known.book)
        attention = assistant.attention = _attention(settings, phrases, recogniser)
        mouth.interruption = _interruption(settings, assistant, ear, recogniser, loading)
        how = f'Say "{attention.phrase.text}", then ask.' if attention.phrase else "Ask aloud."
        if hears:
            tell(f"{recogniser.name} listens. {how} Enter stops the speech, Ctrl-C ends.")
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
        tell(f'{error} Until then it waits for "{settings.hearing.wake_phrase}" instead.')
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
        tell(f"{error} Until then it listens without a wake phrase.")
        return assembly.attention(settings.woken_by("open"), phrases.script, recogniser)


def _interruption(settings: Settings, assistant: Assistant, ear: LastingEar, recogniser: Recogniser, loading: _Loading) -> Interruption:
    if settings.hearing.echo == "cancelled":
        return Listening(ear, ear, assistant.judge, None, hears_all=True)
    stop_listener = None
    try:
        stop_listener = loading.stop_listener.result() or assembly.stop_listener(settings, recogniser)
    except HearingError as error:
        tell(f"{error} Until then it hears you between its sentences only, and not while it speaks one.")
    return Listening(ear, ear, assistant.judge, stop_listener)


def _listen(assistant: Assistant, ear: LastingEar, edits: Edits, mouth: Mouth, phrases: Phrases, debug: bool, vitals: Vitals) -> None:
    lost = 0

    def on_turn(turn: Turn) -> None:
        nonlocal lost
        vitals.answering(turn.reply)
        if debug or sys.stdout.isatty():  # a service's output is kept in the system's log, and her words are not to be
            _show_turn(turn)
        if ear.lost_blocks > lost:
            tell(f"{ear.lost_blocks - lost} pieces of sound were lost before they could be heard: this computer is too busy.")
            lost = ear.lost_blocks

    def on_other(heard: Heard) -> None:
        if debug:
            tell(f"… {heard.text}" if isinstance(heard, Partial) else f"… {heard}")

    try:
        attended = AttendedEar(ear, mouth, phrases, vitals, tell)
        assistant.converse(RenewedEar(attended, edits.take_up), mouth, on_turn, on_other)
    except (BackCareError, MemoryError):
        mouth.say(Reply((phrases.shared("broken"),)))
        raise


def _panel(settings: Settings) -> Panel:
    try:
        return Panel(settings.panel.led_pin, settings.panel.button_pin)
    except PanelError as error:
        tell(f"{error} It goes on without them.")
        return Panel()


def _mouth(settings: Settings, vitals: Vitals, panel: Panel) -> Mouth:
    """With a voice and a speaker, which may come later; while they do not work, words on the screen, and why."""

    def show(text: str) -> None:
        print_line(f"Back Care: {text}", sys.stdout)

    speaker, voice, problem = assembly.lasting_speaker(settings), None, ""
    try:
        voice = assembly.lasting_voice(settings, tell, _teller(vitals, STORE))
        speaker.open()
    except SpeakingError as error:
        problem = str(error)
        vitals.failed(SPEAKING, problem)
        tell(f"{error} Answers are shown here instead.")
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
        print_line(f"You: {turn.transcript.text}", sys.stdout)


def _stop_on_enter(mouth: Mouth) -> None:
    if not sys.stdin.isatty():
        return

    def watch() -> None:
        for _ in sys.stdin:
            mouth.stop()

    threading.Thread(target=watch, name="enter", daemon=True).start()


def _teller(vitals: Vitals, part: str) -> Callable[[str], None]:
    """For what works less well than it should, and goes on."""

    def told(problem: str) -> None:
        vitals.failed(part, problem)
        tell(problem)

    return told
