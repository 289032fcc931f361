"""run_assistant.py doctor: walks all parts on the path and says in plain words what works, what does not, and what to do.

It makes its own way from the settings' files on, so that wrong settings are one of its findings and not its end.
No part's failure stops the walk.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from skill import assembly
from skill.answering.countries import load_countries
from skill.devices import Kind, choose
from skill.errors import BackCareError, HearingError, IntentError, ModelError, SettingsError
from skill.hearing import open_recogniser, unknown_words
from skill.hearing.loudness import FULL_SCALE, HISS
from skill.little_memory import is_small
from skill.messages import TYPED, Line, Speech, Tier, Tone, Transcript
from skill.panel import Panel
from skill.settings import PROJECT, Hearing, LoadedSettings, Settings, Speaking, Storage, load_settings, user_file
from skill.settings import Panel as PanelSettings
from skill.speaking import open_voice
from skill.stages import Recogniser
from skill.stop_words import STOP_WORDS, stop_words_in
from skill.understanding.intents import load_intents
from skill.wake_phrase import WakePhrase

LISTENING_SECONDS = 2.0
LIGHT_SECONDS = 1.0
QUIETEST_USEFUL_VOLUME = 10
# The largest model's archive and what is unpacked from it; rendered answers need less.
LEAST_FREE_BYTES = 300_000_000
SAID = "Hello. This is how I sound."
DANGER = "i am bleeding"


class State(Enum):
    """How a part is. WARNING: it works, but something about it should be known or mended."""

    WORKS = "works"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found out about a part. do: the next step; None where none is needed."""

    part: str
    state: State
    says: str
    do: str | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--json", action="store_true", help="print one JSON list")
    way.add_argument("--hear", action="store_true", help="find a good place: it asks you to speak from here and from the door")


def run(settings_file: Path | None, environment: Mapping[str, str], arguments: argparse.Namespace) -> int:
    """0 when all that is needed works, else 1. settings_file: of --settings; None where the user's own is meant."""
    if arguments.hear:
        from skill.commands import placing

        return placing.run(load_settings(settings_file, environment).settings)
    findings = []
    for finding in examine(settings_file, environment):
        findings.append(finding)
        if not arguments.json:
            _print(finding)
    broken = list(dict.fromkeys(finding.part for finding in findings if finding.state is State.BROKEN))
    if arguments.json:
        print(json.dumps([asdict(finding) | {"state": finding.state.value} for finding in findings], ensure_ascii=False, indent=2))
    else:
        print(f"\nThis does not work yet: {', '.join(broken)}." if broken else "\nAll that is needed works.")
    return 1 if broken else 0


def examine(settings_file: Path | None, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Each finding as it is made. Takes some seconds: it listens, loads the models and speaks a sentence."""
    settings = Settings()
    try:
        loaded = load_settings(settings_file, environment)
        settings = loaded.settings
        yield from _settings(loaded)
    except SettingsError as error:
        do = "Correct each of these. All that follows was looked at with the defaults."
        yield Finding("settings", State.BROKEN, str(error), do)
    do = "`run_assistant.py devices` lists what there is. Until one works, questions can be typed."
    yield from _guarded("microphone", do, lambda: _microphone(settings.hearing))
    listening: list[Recogniser] = []
    do = "Fetch what is missing: script/run models fetch --needed"
    yield from _guarded("recogniser", do, lambda: _recogniser(settings.hearing, settings.storage, listening))
    do = "`run_assistant.py check` lists every mistake with its line."
    yield from _guarded("intents", do, lambda: _intents(settings.storage))
    yield from _guarded("understanding", do, lambda: _understanding(settings))
    spoken: list[Speech] = []
    yield from _guarded("voice", "Run script/setup: it installs what the voices need.", lambda: _voice(settings.speaking, spoken))
    do = "`run_assistant.py devices` lists what there is. Until one works, answers can only be read."
    yield from _guarded("speaker", do, lambda: _speaker(settings.speaking, spoken))
    yield from _stopping(settings, listening)
    do = "The numbers are BCM numbers; `pinout` shows them. While Back Care runs it keeps its pins for itself."
    yield from _guarded("panel", do, lambda: _panel(settings.panel))
    yield from _disk(settings.storage)


def _guarded(part: str, do: str, step: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from step()
    except BackCareError as error:
        yield Finding(part, State.BROKEN, str(error), do)


def _settings(loaded: LoadedSettings) -> Iterator[Finding]:
    where = f"Read from {loaded.file}." if loaded.file else f"There is no file {user_file()}; the defaults hold."
    yield Finding("settings", State.WORKS, where)
    if loaded.settings.answering.country is None:
        do = "Set `country` (run_assistant.py settings --init writes a file to edit)."
        yield Finding("settings", State.WARNING, "No country is set, so it cannot say a sure emergency number.", do)
    if loaded.settings.speaking.volume < QUIETEST_USEFUL_VOLUME:
        says = f"The volume is {loaded.settings.speaking.volume} of 100: what it says can hardly be heard, urgent words neither."
        yield Finding("settings", State.WARNING, says, "Set `volume` higher; 80 is the default.")


def _microphone(hearing: Hearing) -> Iterator[Finding]:
    device = choose(Kind.MICROPHONE, hearing.microphone)
    from skill.hearing.microphone import DeviceMicrophone

    print("Listening for two seconds: say something …", file=sys.stderr, flush=True)
    peak, heard_seconds = 0, 0.0
    with closing(DeviceMicrophone(device)) as microphone:
        for block in microphone.blocks():
            peak = max(peak, *map(abs, memoryview(block.pcm).cast("h")))
            heard_seconds += block.seconds
            if heard_seconds >= LISTENING_SECONDS:
                break
    if peak == 0:
        says = f'"{device.name}" opens, but gives nothing but zeros: it is muted, or it is not the microphone you mean.'
        do = "Unmute it (switch on the device; `alsamixer`, F4), or choose another one: `run_assistant.py devices` lists them."
        yield Finding("microphone", State.BROKEN, says, do)
    elif peak <= HISS:
        says = f'"{device.name}" opens, but nothing louder than its own hiss was heard.'
        yield Finding("microphone", State.WARNING, says, "Speak while the doctor listens; raise its level (`alsamixer`, F4) if this stays.")
    elif peak >= FULL_SCALE:
        says = f'"{device.name}" hears, but what was said was louder than it can take: loud words come out distorted.'
        do = "Speak from farther away, or lower its level (`alsamixer`, F4)."
        yield Finding("microphone", State.WARNING, says, do)
    else:
        yield Finding("microphone", State.WORKS, f'"{device.name}" hears; loudest sound {_percent(peak)} of what it can take.')


def _percent(peak: int) -> str:
    share = 100 * peak / FULL_SCALE
    return f"{share:.0f} %" if share >= 1 else "less than 1 %"


def _stopping(settings: Settings, listening: list[Recogniser]) -> Iterator[Finding]:
    """Whether somebody can make it silent while it speaks. listening: the recogniser, if one works."""
    if settings.hearing.echo == "cancelled":
        says = "Everything is heard while it speaks, for the settings say that the sound server takes its voice out of the microphone."
        yield Finding("stop", State.WORKS, says)
        return
    try:
        recogniser = listening[0] if listening else assembly.recogniser(settings)
        says = f"{assembly.stop_listener(settings, recogniser).name} listens for {', '.join(STOP_WORDS)} while it speaks."
        yield Finding("stop", State.WORKS, says)
    except (HearingError, ModelError) as error:
        yield Finding("stop", State.WARNING, f"Nobody is heard during a line, only between two lines: {error}", "Run script/setup.")
    told = (settings.answering.hospital, settings.answering.helper_name)
    if words := stop_words_in(" ".join(filter(None, told))):
        says = f'The name of the hospital or the helper holds "{words[0]}": while it says that line it cannot be stopped by voice.'
        yield Finding("stop", State.WARNING, says, "Write the name without this word, if there is another way to say it.")


def _recogniser(hearing: Hearing, storage: Storage, listening: list[Recogniser]) -> Iterator[Finding]:
    """listening: gets the one that works."""
    store = assembly.model_store(storage)
    models = assembly.recogniser_models(hearing.recogniser, store.manifest)
    reasons = []
    for recogniser, model in models.items():
        try:
            store.verify(model)
            opened = open_recogniser(recogniser, store.path(model))
        except ModelError as error:
            reasons.append(str(error))
            continue
        listening.append(opened)
        if reasons:
            do = f"If you want {next(iter(models))} to listen: script/run models fetch {next(iter(models.values()))}"
            says = f"{recogniser} listens ({model}), because:\n" + "\n".join(reasons)
            yield Finding("recogniser", State.WARNING, says, do)
        else:
            yield Finding("recogniser", State.WORKS, f"{recogniser} listens ({model}); its model is whole and loads.")
        yield from _wake_phrase(hearing, opened)
        return
    raise ModelError("\n".join(reasons))


def _wake_phrase(hearing: Hearing, recogniser: Recogniser) -> Iterator[Finding]:
    if hearing.wake == "word":
        yield from _wake_word(hearing, recogniser)
    if hearing.wake != "phrase":
        return
    phrase = WakePhrase(hearing.wake_phrase)
    if unknown := unknown_words(recogniser, phrase.words):
        says = f'{recogniser.name} can never hear {" and ".join(map(repr, unknown))} in "{phrase.text}"; it listens without a wake phrase.'
        yield Finding("wake phrase", State.BROKEN, says, "Write other words for `wake_phrase` in the settings.")
    else:
        yield Finding("wake phrase", State.WORKS, f'Say "{phrase.text}", then ask. Danger signs are answered without it too.')


def _wake_word(hearing: Hearing, recogniser: Recogniser) -> Iterator[Finding]:
    try:
        assembly.waking(Settings(hearing=hearing), recogniser)
        says = f'Say "{hearing.wake_word}", wait for the tone, then ask. Danger signs are answered without it too.'
        yield Finding("wake word", State.WORKS, says)
    except HearingError as error:
        says = f'{error} Until then it waits for "{hearing.wake_phrase}".'
        yield Finding("wake word", State.BROKEN, says, "Mend that, or set `wake: phrase`.")


def _intents(storage: Storage) -> Iterator[Finding]:
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


def _understanding(settings: Settings) -> Iterator[Finding]:
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


def _voice(speaking: Speaking, spoken: list[Speech]) -> Iterator[Finding]:
    """Puts what was rendered into `spoken`, for the speaker."""
    with closing(open_voice(speaking.voice, speaking.speed)) as voice:
        speech = voice.render(Line(SAID))
        spoken.append(speech)
        yield Finding("voice", State.WORKS, f"The {voice.name} voice speaks ({voice.version}).")


def _speaker(speaking: Speaking, spoken: list[Speech]) -> Iterator[Finding]:
    device = choose(Kind.SPEAKER, speaking.speaker)  # also finds out whether PortAudio is there, without which the import fails
    from skill.speaking.earcons import earcon
    from skill.speaking.speaker import DeviceSpeaker

    with closing(DeviceSpeaker(device, speaking.wake_seconds, speaking.volume)) as speaker:
        speaker.play(spoken[0] if spoken else earcon(Tone.LISTENING))
    what = f'said "{SAID}"' if spoken else "played a tone."
    yield Finding("speaker", State.WORKS, f'"{device.name}" {what} If you did not hear it, look at its plug, its switch and its volume.')


def _panel(pins: PanelSettings) -> Iterator[Finding]:
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


def _disk(storage: Storage) -> Iterator[Finding]:
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


def _print(finding: Finding) -> None:
    # Text and not str: rich would read square brackets in a device's name as markup.
    row = Table.grid(padding=(0, 2))
    row.add_column(width=len(State.WARNING.value))
    row.add_column(width=len("understanding"))
    row.add_column(overflow="fold")
    row.add_row(finding.state.value, finding.part, Text(finding.says))
    if finding.do:
        row.add_row("", "", Text(f"To do: {finding.do}"))
    Console().print(row)
