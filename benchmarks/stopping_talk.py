"""What is said over its speech, and by whom. `skill.hearing.whisper_words` was tuned on the first half alone; the second half judges it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from benchmarks.understanding.voices import Render, Samples, bare, program, read_wav
from skill.hearing.resampling import RECOGNISER_RATE_HZ as RATE_HZ

STOPS = ("Stop.", "Wait.", "Enough.", "Quiet.")
PHRASES = ("Stop, stop!", "Okay, stop.", "Please stop.", "Be quiet.", "That's enough.", "Wait a moment.")
HOLDING = (  # other talk that holds a stop word
    *("The bus stop is over there.", "Wait for me, I am coming with you.", "We have enough bread for today."),
    *("It is very quiet in the street tonight.", "Stop it, Tommy, give that back to her.", "I cannot wait to see the baby."),
    *("Is that enough sugar for you?", "She told him to stop shouting at the dog."),
)
CHOSEN_ON_TALK = (
    *("Did you buy the milk?", "My mother comes on Sunday.", "The soup is on top of the stove.", "Put your shoes on, we have to go."),
    *("What did the midwife say to you?", "He stepped on my foot in the shop.", "It is a white weight, the one on the quilt."),
    *("Can you pass me the salt?", "The bus comes at ten past eight.", "I saw her at the shop on Monday.", "What do you want for dinner?"),
    *("Turn the light on in the hall, please.", "He is not at home, he went to work.", "She got a new top for the wedding."),
    *("It was so hot that we could not sleep.", "There is no more rice in the pot.", "We go to the market first, then we come back."),
    *("Tell your sister to call me.", "I forgot my keys again.", "The white cat sits on the step."),
    *("Quite a lot of people were at the church.", "The road is very rough up there.", "Look, it starts to rain."),
    *("My phone is at two percent.", "They sold the house for a good price.", "Where did you put the scissors?"),
    *("Yes.", "Okay.", "No, not now.", "Hello?", "Come here!", "What?"),
)
OTHER_TALK = (
    *("Have you seen my glasses?", "The baby kicked all night.", "Grandma baked a cake for us.", "Top shelf, next to the sugar."),
    *(
        "The shop on the corner is shut today.",
        "We wait for nobody.",
        "You must weigh it on the small scale.",
        "He quit his job last week.",
    ),
    *("Her stuff is still in the car.", "Do you think it's going to snow?", "I can't find the remote.", "The kids are in the garden."),
    *("Did the doctor phone you back?", "Take the bread out of the oven.", "It's a quarter to nine already."),
    *("He walked up the steps and knocked.", "Nobody told me about the party.", "The stock is boiling, turn it down."),
    *("This puff pastry is good.", "I ate too much at lunch.", "The way to the station is long.", "Don't touch that, it's hot."),
    *("Her coat is white and quite new.", "Thanks, that's lovely.", "Good night, sleep well.", "Uncle Bob stopped smoking in May."),
    *("Close the door, it's cold.", "We bought two kilos of potatoes.", "Why is he so late?", "She has a lot on her plate."),
    *("Ah, right.", "Yeah, sure.", "Hey!", "Mum!", "Great.", "I don't know."),
)


@dataclass(frozen=True)
class Said:
    """Something that is said over its speech. row: of the table. is_stop: it is meant to make it silent."""

    row: str
    sound: Samples
    is_stop: bool


def people(chosen_on: bool) -> Mapping[str, Render]:
    """Voices for what is said. chosen_on: those with which it was tuned."""
    hibari, espeak, flite = CHOSEN_ON_VOICES if chosen_on else OTHER_VOICES
    return {
        **{f"hibari {seed}": lambda text, seed=seed, speed=speed: _hibari(text, seed, speed) for seed, speed in hibari},  # type: ignore[misc]
        **{f"espeak-ng {voice}": lambda text, voice=voice: _espeak(text, voice) for voice in espeak},  # type: ignore[misc]
        **{f"flite {voice}": lambda text, voice=voice: _flite(text, voice) for voice in flite},  # type: ignore[misc]
    }


CHOSEN_ON_VOICES = ((1, 1.0),), ("en-us", "en-gb+f4", "en-029+f2"), ("slt", "kal16")
OTHER_VOICES = ((2, 1.15), (7, 0.9)), ("en-us+f3", "en-gb-scotland", "en-us+m3", "en-us+f5"), ("awb", "rms")


def all_said(chosen_on: bool, sounds: Path | None) -> Iterator[Said]:
    """Each stop word in each voice; phrases and other talk in two voices each, in turn; and recordings of real people."""
    voices = [say for say in people(chosen_on).values() if _works(say)]
    for say in voices:
        yield from (Said(f'"{text.strip(".").lower()}"', say(text), is_stop=True) for text in STOPS)
    for row, texts, is_stop in (
        ("phrases with a stop word", PHRASES, True),
        ("other talk", CHOSEN_ON_TALK if chosen_on else OTHER_TALK, False),
        ("other talk with a stop word in it", HOLDING, False),
    ):
        for number, text in enumerate(texts):
            yield from (Said(row, voices[(number + more) % len(voices)](text), is_stop) for more in (0, len(voices) // 2))
    for path in sorted((sounds / "people").rglob("*.wav"))[not chosen_on :: 2] if sounds else ():
        yield Said("other talk, recorded", bare(read_wav(path))[: 4 * RATE_HZ], is_stop=False)


def _works(say: Render) -> bool:
    """Voices that are not installed are left out."""
    try:
        return len(say("Stop.")) > 0
    except (ImportError, OSError, subprocess.CalledProcessError):
        return False


def _hibari(text: str, seed: int, speed: float) -> Samples:
    from hibari import SAMPLE_RATE, Hibari

    return bare(soxr.resample(np.asarray(Hibari()(text, seed=seed, speed=speed), np.float32), SAMPLE_RATE, RATE_HZ))


def _espeak(text: str, voice: str) -> Samples:
    return bare(program("espeak-ng", "-v", voice, "-s", "150", "-w", "{wav}", "{text}")(text))


def _flite(text: str, voice: str) -> Samples:
    return bare(program("flite", "-voice", voice, "-t", "{text}", "-o", "{wav}")(text))
