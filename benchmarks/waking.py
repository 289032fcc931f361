"""Wake words: which are found, what else is taken for them, and what listening for them costs.

    .venv/bin/python -m benchmarks.waking [--word "hey jarvis"] [--sounds FOLDER]

The words are said by synthetic voices, alone in a quiet room and in noise. Then each word's detector hears people and noise that say
nothing of the kind, and sentences that sound a little like it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.measuring.report import Column, Table, measured, show
from benchmarks.understanding.voices import NOISES, Samples, in_room, noises, open_voices, program, read_wav
from skill.hearing.wake_word import STEP_BYTES, WakeWordSpotter
from skill.messages import PCM_BYTES_PER_SAMPLE
from skill.settings import WAKE_WORDS

RATE_HZ = 16_000
SOUNDS = NOISES.parent
# Name → the noise of that name, and how many decibels the word is above it.
CONDITIONS: Mapping[str, tuple[str, float] | None] = {
    "clean": None,
    "kitchen 10 dB": ("kitchen_freesound_30s", 10.0),
    "kitchen 5 dB": ("kitchen_freesound_30s", 5.0),
    "two people talking 10 dB": ("two_people_talking_derived", 10.0),
}
# Two women more: voices that the measuring of words leaves out, for whole sentences of theirs are hard to understand.
MORE_VOICES = {
    "espeak-ng, US female": program("espeak-ng", "-v", "en-us+f3", "-s", "150", "-w", "{wav}", "{text}"),
    "espeak-ng, British female": program("espeak-ng", "-v", "en-gb+f2", "-s", "150", "-w", "{wav}", "{text}"),
}
NEAR = {
    "alexa": ("A lexicon.", "Alex, come here.", "I like salsa.", "My sister Alexis called.", "Electra.", "Let's ask her."),
    "hey jarvis": ("Hey Travis.", "Hey Charlie.", "Hey, Jar is full.", "Hey, service!", "Harvest.", "Hey Janice."),
    "hey mycroft": ("Hey Michael.", "Hey, my craft.", "Hey, my cough.", "Microsoft.", "Hey, my cot.", "Hey Mike."),
    "hey rhasspy": ("Hey Rosie.", "A raspberry.", "Hey, grass is green.", "Hey, ask me.", "A raspy voice.", "Hey Ruby."),
    "okay nabu": ("Okay, now.", "Okay, nothing new.", "Okay, the bowl.", "Okay, not you.", "Okay, maybe.", "Okay Nabil."),
}
APART_SECONDS = 2.0  # what is found again within this is one wake


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.waking", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--word", choices=WAKE_WORDS, help="only this one (default: all)")
    parser.add_argument("--sounds", type=Path, default=SOUNDS, metavar="FOLDER", help="noise/ and people/ to listen to (%(default)s)")
    arguments = parser.parse_args()
    words = [arguments.word] if arguments.word else list(WAKE_WORDS)
    spotters = {word: WakeWordSpotter(word) for word in words}
    tables = [
        *measured("Found", [_found(spotters, arguments.sounds)]),
        *measured("Taken for it", [_taken_for_it(spotters, arguments.sounds)]),
        *measured("Cost", [_cost()]),
    ]
    show(tables, in_json=False, columns=150)
    return 0


def _found(spotters: Mapping[str, WakeWordSpotter], sounds: Path) -> Table:
    voices = {**open_voices(), **MORE_VOICES}
    noise = noises(sounds / "noise")
    conditions = {name: mix for name, mix in CONDITIONS.items() if mix is None or mix[0] in noise}
    rows = []
    for word, spotter in spotters.items():
        said = {name: voice(f"{word.title()}.") for name, voice in voices.items()}
        found = {
            condition: [name for name, speech in said.items() if _wakes(spotter, _pcm(_in_noise(speech, mix, noise)))]
            for condition, mix in conditions.items()
        }
        missed = ", ".join(name for name in said if name not in found["clean"]) or "none"
        rows.append((word, *(f"{len(names)} of {len(voices)}" for names in found.values()), missed))
    columns = (Column("word"), *map(Column, conditions), Column("missed in the clean"))
    return Table("Found", columns, tuple(rows), (f"Voices: {', '.join(voices)}. Each says the word once.",))


def _taken_for_it(spotters: Mapping[str, WakeWordSpotter], sounds: Path) -> Table:
    groups = {folder: sorted((sounds / folder).rglob("*.wav")) for folder in ("noise", "people")}
    recordings = {folder: [read_wav(path) for path in paths] for folder, paths in groups.items()}
    minutes = {folder: sum(map(len, heard)) / RATE_HZ / 60 for folder, heard in recordings.items()}
    voices = open_voices()
    rows = []
    for word, spotter in spotters.items():
        wakes = [sum(_wakes(spotter, _pcm(sound)) for sound in recordings[folder]) for folder in groups]
        near = [text for text in NEAR[word] for voice in voices.values() if _wakes(spotter, _pcm(in_room(voice(text))))]
        asked = f"{len(near)} of {len(NEAR[word]) * len(voices)}"
        rows.append((word, *map(str, wakes), asked, " ".join(sorted(set(near))) or "none"))
    heard = (Column(f"wakes in {minutes[folder]:.1f} min of {folder}") for folder in groups)
    return Table("Taken for it", (Column("word"), *heard, Column("near sentences"), Column("which")), tuple(rows))


def _cost() -> Table:
    began = time.process_time()
    spotter = WakeWordSpotter(WAKE_WORDS[0])
    load = time.process_time() - began
    seconds = 20
    began = time.process_time()
    for _ in range(round(seconds * RATE_HZ * PCM_BYTES_PER_SAMPLE / STEP_BYTES)):
        spotter.accept(bytes(STEP_BYTES))
    share = (time.process_time() - began) / seconds
    began = time.process_time()
    spotter.forget()
    forget = time.process_time() - began
    rows = (("to load, s", load), ("while somebody speaks, of one core", share), ("to forget, s", forget))
    notes = ("Seconds of processor time. In silence the spotter gets no sound; it forgets after each answer.",)
    return Table("Cost", (Column("what"), Column("figure", 3)), rows, notes)


def _wakes(spotter: WakeWordSpotter, pcm: bytes) -> int:
    """How often."""
    spotter.forget()
    wakes, last = 0, float("-inf")
    for start in range(0, len(pcm), STEP_BYTES):
        if spotter.accept(pcm[start : start + STEP_BYTES]):
            at = start / PCM_BYTES_PER_SAMPLE / RATE_HZ
            wakes += at - last > APART_SECONDS
            last = at
    return wakes


def _in_noise(speech: Samples, mix: tuple[str, float] | None, noise: Mapping[str, Samples]) -> Samples:
    return in_room(speech) if mix is None else in_room(speech, noise[mix[0]], mix[1], start=10 * RATE_HZ)


def _pcm(samples: Samples) -> bytes:
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


if __name__ == "__main__":
    sys.exit(main())
