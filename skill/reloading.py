"""Intents and settings that are edited while it runs: taken up between two turns when they are right, refused with the reason when not.

A thread looks once a second whether a file has changed, waits until they are quiet (editors write in parts), and reads them as a start
does, with the same checks. The loop goes on meanwhile with what it has; it takes the new when nobody is in the middle of a turn.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from skill import assembly
from skill.answering.phrases import Phrases
from skill.attention import Attention
from skill.errors import BackCareError, InputError, IntentError, SpeakingError
from skill.service import Vitals
from skill.settings import GROUP_OF, LoadedSettings, Settings, user_file
from skill.stages import Interpreter, Responder
from skill.state import FILES, UNDERSTANDING
from skill.understanding.intents import IntentBook
from skill.watching import Look, look_at

LOOK_SECONDS = 1.0
# They name devices and models that are open; to open them anew may fail, and then it would be deaf or mute for a slip of the pen.
AT_NEXT_START = frozenset(
    {"microphone", "recogniser", "speaker", "voice", "wake_seconds", "models_folder", "cache_folder", "memory"}
    | {"wake", "wake_word", "led_pin", "button_pin"}
)
# Between two lines that are rendered ahead, so that her words and its answers come first.
_RENDERING_PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is made of settings and intents alone, without a device.

    seen: how the intents' folder looked before they were read. attention: None where all that comes is said to it, as when typed.
    """

    settings: Settings
    seen: Look
    book: IntentBook
    interpreter: Interpreter
    responder: Responder
    phrases: Phrases
    attention: Attention | None = None


def know(settings: Settings, tell: Callable[[str], None]) -> Knowledge:
    """Read and learn all. Raises IntentError with every mistake. tell: gets a sentence for what is damaged and can be done without."""
    seen = look_at(settings.storage.language_folder)
    book = assembly.intent_book(settings)
    phrases, responder = assembly.phrases(settings, book), assembly.responder(settings, book)
    return Knowledge(settings, seen, book, assembly.interpreter(settings, book, tell), responder, phrases)


class Reloader:
    """knowledge: what is in force. settings_file: the one given by --settings. load: reads the settings anew.

    attention: what counts as said to it, of these settings and phrases; raises SettingsError. render_ahead: whether answers are spoken,
    so that new ones are worth rendering before they are asked for.
    """

    def __init__(
        self,
        knowledge: Knowledge,
        settings_file: Path | None,
        load: Callable[[], LoadedSettings],
        vitals: Vitals,
        tell: Callable[[str], None],
        attention: Callable[[Settings, Phrases], Attention | None] = lambda settings, phrases: None,
        render_ahead: bool = False,
    ) -> None:
        self._knowledge = knowledge
        self._at_start = self._tried = knowledge.settings
        self._settings_file = settings_file or user_file()
        self._load = load
        self._vitals = vitals
        self._tell = tell
        self._attention = attention
        self._render_ahead = render_ahead
        self._lock = threading.Lock()
        self._fresh: Knowledge | None = None
        self._ended = threading.Event()
        # None: the settings were read before anybody watched them, so they are looked at once more.
        self._examined: tuple[Look, Look] | None = None

    def start(self) -> None:
        threading.Thread(target=self._watch, name="reloading", daemon=True).start()

    def close(self) -> None:
        self._ended.set()

    def take(self) -> Knowledge | None:
        """What is new since the last call; None where nothing is. Called by the loop between two turns."""
        if self._fresh is None:
            return None
        with self._lock:
            fresh, self._fresh = self._fresh, None
        return fresh

    # --- the thread ------------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        before = None
        while not self._ended.wait(LOOK_SECONDS):
            now = self._look()
            if now == before and now != self._examined:  # it has changed, and is quiet
                self._examine(now)
            before = now

    def _look(self) -> tuple[Look, Look]:
        """The settings, and the intents that they name (also where those could not be taken: they may be mended)."""
        return look_at(self._settings_file), look_at(self._tried.storage.language_folder)

    def _examine(self, seen: tuple[Look, Look]) -> None:
        """Read all that has changed. Whatever is wrong with it, what was good goes on."""
        try:
            self._tried = settings = self._load().settings
            seen = seen[0], look_at(settings.storage.language_folder)
            fresh = self._read(settings, seen[1])
        except BackCareError as error:
            self._refuse(error)
        except Exception as error:  # it must not end for an edit: what has no sentence of ours is told by its kind
            self._refuse(
                InputError(f"What was edited cannot be used ({type(error).__name__}). `run_assistant.py check` looks for mistakes.")
            )
        else:
            if self._look() != seen:
                return  # edited once more meanwhile: it is read when it is quiet again
            self._vitals.recovered(FILES)
            self._examined = seen
            if self._offer(fresh) and self._render_ahead:
                self._render(fresh)
        self._examined = seen

    def _read(self, settings: Settings, seen: Look) -> Knowledge:
        old = self._knowledge
        if seen != old.seen:
            fresh = know(settings, self._understands_less)
        else:  # learning is what costs: the same intents are not learned anew for a line in the settings
            phrases, responder = assembly.phrases(settings, old.book), assembly.responder(settings, old.book)
            fresh = replace(old, settings=settings, phrases=phrases, responder=responder)
        return replace(fresh, attention=self._attention(settings, fresh.phrases))

    def _understands_less(self, why: str) -> None:
        self._vitals.failed(UNDERSTANDING, why)
        self._tell(why)

    def _refuse(self, error: BackCareError) -> None:
        problems = error.problems if isinstance(error, IntentError) else str(error).splitlines()
        more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        self._vitals.failed(FILES, f"{problems[0]}{more}")
        self._tell("\n".join([*problems, "Until this is put right it goes on with what was good before."]))

    def _offer(self, fresh: Knowledge) -> bool:
        """Whether there is anything new in it for the loop."""
        old, self._knowledge = self._knowledge, fresh
        keys = changed(old.settings, fresh.settings)
        waiting = [key for key in changed(self._at_start, fresh.settings) if key in AT_NEXT_START]
        self._vitals.waits_for_start(waiting)
        taken = [*(["the intents"] if fresh.seen != old.seen else []), *(key for key in keys if key not in AT_NEXT_START)]
        if taken:
            with self._lock:
                self._fresh = fresh
            self._tell(f"Edited, and in force from now on: {', '.join(taken)}.")
        if later := [key for key in waiting if key in keys]:
            self._tell(f"Edited, and in force from the next start on: {', '.join(later)}.")
        if gone := sorted(old.book.intents.keys() - fresh.book.intents.keys()):
            self._tell(f"No longer known, for their files are gone: {', '.join(gone)}.")
        return bool(taken)

    def _render(self, fresh: Knowledge) -> None:
        """What could not be rendered ahead is rendered when it is said."""
        try:
            voice = assembly.voice(fresh.settings)
        except SpeakingError:
            return  # the mouth has the same trouble, and tells of it
        try:
            voice.prepare(fresh.phrases.all_lines(), self._pause)
        except (SpeakingError, _EditedAgain):
            return
        finally:
            voice.close()

    def _pause(self, done: int, total: int) -> None:
        if self._ended.wait(_RENDERING_PAUSE_SECONDS) or self._look() != self._examined:
            raise _EditedAgain


class _EditedAgain(Exception):
    """Other lines may be wanted by now."""


def changed(before: Settings, after: Settings) -> list[str]:
    """The keys whose values differ, in the order of the file."""
    return [key for key in GROUP_OF if before.value_of(key) != after.value_of(key)]
