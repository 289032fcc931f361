"""Examines what hears: the microphone, the recogniser, how it is called and how it is stopped."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing

from skill import assembly
from skill.commands.doctor.finding import Finding, State
from skill.devices import Kind, choose
from skill.errors import HearingError, ModelError
from skill.hearing import open_recogniser, unknown_words
from skill.hearing.loudness import FULL_SCALE, HISS
from skill.settings import Hearing, Settings, Storage
from skill.stages import Recogniser
from skill.stop_words import STOP_WORDS, stop_words_in
from skill.wake_phrase import WakePhrase

LISTENING_SECONDS = 2.0


def microphone(hearing: Hearing) -> Iterator[Finding]:
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


def stopping(settings: Settings, listening: list[Recogniser]) -> Iterator[Finding]:
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


def recogniser_that_listens(hearing: Hearing, storage: Storage, listening: list[Recogniser]) -> Iterator[Finding]:
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
