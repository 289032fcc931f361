"""Examines what does not hear: settings, intents, understanding, voice, speaker, panel, disk."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from skill import assembly
from skill.answering.countries import load_countries
from skill.commands.doctor.finding import Finding, State
from skill.devices import Kind, choose
from skill.errors import IntentError, ModelError
from skill.little_memory import is_small
from skill.messages import TYPED, Line, Speech, Tier, Tone, Transcript
from skill.panel import Panel
from skill.settings import PROJECT, LoadedSettings, Settings, Speaking, Storage, user_file
from skill.settings import Panel as PanelSettings
from skill.speaking import open_voice
from skill.understanding.intents import load_intents

LIGHT_SECONDS = 1.0
QUIETEST_USEFUL_VOLUME = 10
# The largest model's archive and what is unpacked from it; rendered answers need less.
LEAST_FREE_BYTES = 300_000_000
SAID = "Hello. This is how I sound."
DANGER = "i am bleeding"


def settings_in_force(loaded: LoadedSettings) -> Iterator[Finding]:
    where = f"Read from {loaded.file}." if loaded.file else f"There is no file {user_file()}; the defaults hold."
    yield Finding("settings", State.WORKS, where)
    if loaded.settings.answering.country is None:
        do = "Set `country` (run_assistant.py settings --init writes a file to edit)."
        yield Finding("settings", State.WARNING, "No country is set, so it cannot say a sure emergency number.", do)
    if loaded.settings.speaking.volume < QUIETEST_USEFUL_VOLUME:
        says = f"The volume is {loaded.settings.speaking.volume} of 100: what it says can hardly be heard, urgent words neither."
        yield Finding("settings", State.WARNING, says, "Set `volume` higher; 80 is the default.")


def intents(storage: Storage) -> Iterator[Finding]:
    book = load_intents(storage.language_folder)
    load_countries(storage.countries_file)
    if problems := assembly.missing(book):
        raise IntentError(problems)
    counts = f"{len(book.intents)} intents, {len(book.dangers)} of them danger signs, with {len(book.examples)} ways to say them."
    yield Finding("intents", State.WORKS, counts)
    unsigned = [intent for intent in book.intents.values() if not intent.reviewed]
    if unsigned:
        says = f"No clinician has signed off {len(unsigned)} of the {len(book.intents)} intents."
        yield Finding("intents", State.WARNING, says, "Have a clinician read them before people who need care rely on them.")


def understanding(settings: Settings) -> Iterator[Finding]:
    from skill.understanding.encoder import SentenceEncoder

    try:
        SentenceEncoder(assembly.ENCODER)
        says = "It understands sentences by their meaning"
        state, do = State.WORKS, None
    except ModelError as error:
        says = f"It understands by single words only, which misses much: {error}. Yet it runs"
        state, do = State.WARNING, f"Put the folder back: git checkout {assembly.ENCODER.relative_to(PROJECT)}"
    if is_small(settings.machine.memory):
        says, state, do = "To spare memory it understands by single words only, which misses more", State.WARNING, "Set `memory: full`."
    interpreter = assembly.interpreter(settings, assembly.intent_book(settings))
    meant = interpreter.interpret(Transcript(DANGER, TYPED))
    if meant.tier == Tier.NONE:
        do = "Take back the last changes to the intents; `run_assistant.py check` looks for mistakes."
        yield Finding("understanding", State.BROKEN, f'"{DANGER}" was not taken for a danger sign.', do)
    else:
        yield Finding("understanding", state, f'{says}: "{DANGER}" is taken for {meant.labels[0]}.', do)
    hearing = settings.hearing
    if hearing.wake == "phrase" and (own := interpreter.interpret(Transcript(hearing.wake_phrase, TYPED))).tier > Tier.NONE:
        says = f'"{hearing.wake_phrase}" is itself taken for a danger sign ({own.labels[0]}), so it would be answered and not waited for.'
        yield Finding("wake phrase", State.BROKEN, says, "Write other words for `wake_phrase` in the settings.")


def voice_that_speaks(speaking: Speaking, spoken: list[Speech]) -> Iterator[Finding]:
    """Puts what was rendered into `spoken`, for the speaker."""
    with closing(open_voice(speaking.voice, speaking.speed)) as voice:
        speech = voice.render(Line(SAID))
        spoken.append(speech)
        yield Finding("voice", State.WORKS, f"The {voice.name} voice speaks ({voice.version}).")


def speaker_that_sounds(speaking: Speaking, spoken: list[Speech]) -> Iterator[Finding]:
    device = choose(Kind.SPEAKER, speaking.speaker)  # also finds out whether PortAudio is there, without which the import fails
    from skill.speaking.earcons import earcon
    from skill.speaking.speaker import DeviceSpeaker

    with closing(DeviceSpeaker(device, speaking.wake_seconds, speaking.volume)) as speaker:
        speaker.play(spoken[0] if spoken else earcon(Tone.LISTENING))
    what = f'said "{SAID}"' if spoken else "played a tone."
    yield Finding("speaker", State.WORKS, f'"{device.name}" {what} If you did not hear it, look at its plug, its switch and its volume.')


def panel(pins: PanelSettings) -> Iterator[Finding]:
    """The light shines for a moment, where there is one."""
    parts = {"the light": pins.led_pin, "the button": pins.button_pin}
    wired = " and ".join(f"{part} at pin {pin}" for part, pin in parts.items() if pin is not None)
    if not wired:
        return
    with closing(Panel(pins.led_pin, pins.button_pin)) as panel:
        panel.listening()
        time.sleep(LIGHT_SECONDS)
    says = f"The pins can be used: {wired}."
    light = " The light shone for a second; if it did not, look at its wires and which way round it is." if pins.led_pin else ""
    yield Finding("panel", State.WORKS, says + light)


def disk(storage: Storage) -> Iterator[Finding]:
    fine = True
    for folder, loss in (
        (storage.cache_folder, "answers cannot be kept, so each one starts later"),
        (storage.models_folder, "models cannot be fetched"),
    ):
        problem, do = _disk_problem(folder)
        if problem:
            fine = False
            yield Finding("disk", State.WARNING, f"{problem}: {loss}.", do)
    if fine:
        free = shutil.disk_usage(_nearest(storage.cache_folder)).free
        yield Finding("disk", State.WORKS, f"There is room: {free / 1e9:.1f} GB free for rendered answers in {storage.cache_folder}.")


def _disk_problem(folder: Path) -> tuple[str, str | None]:
    """What is wrong with keeping files there and what to do; empty where nothing is wrong."""
    try:
        place = _nearest(folder)
        free = shutil.disk_usage(place).free
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as exc:
        return f"{folder} cannot be written to ({exc.strerror})", "Give yourself the right to write there, or set another folder."
    if free < LEAST_FREE_BYTES:
        do = f"Make {LEAST_FREE_BYTES // 1_000_000} MB free on this disk, or set another folder."
        return f"Only {free / 1e6:.0f} MB are free in {folder}", do
    return "", None


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return folder
