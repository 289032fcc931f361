"""run_assistant.py doctor --hear: walks a helper through finding a good place for the device. All is said aloud and printed.

What the helper says is spoken back, and kept nowhere: the voice is asked without its cache.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from enum import IntEnum
from functools import partial

from skill import assembly
from skill.errors import HearingError, ModelError, SpeakingError
from skill.hearing.listener import Listener
from skill.hearing.loudness import LevelMeter, Loudness
from skill.messages import AudioBlock, Line, Reply, Tone, Transcript
from skill.mouth import Mouth
from skill.settings import Settings
from skill.speaking import open_voice
from skill.speaking.lasting_voice import LastingVoice
from skill.stages import Microphone, Recogniser
from skill.wake_phrase import WakePhrase

QUESTION = "why does my back hurt"
LIKE_THE_QUESTION = 0.6  # difflib's ratio of words: three of the five, in their order
NEAR_SECONDS, DOOR_SECONDS = 15.0, 30.0  # to begin to speak; one walks to the door first
# Recognisers make hardly more mistakes in noise 15 dB below the voice than in silence, and many at 5 dB.
CLEAR_DB, ENOUGH_DB = 15.0, 8.0
QUIET_DB = -45.0  # of a voice
LOUD_ROOM_DB = -45.0  # a quiet room lies at -60 and below, with the level of a microphone as it is usually set
AGAIN = "Then try again."


class Heard(IntEnum):
    """How well it heard from one place."""

    BADLY = 0
    JUST = 1
    WELL = 2


@dataclass(frozen=True, slots=True)
class Spot:
    """What was heard from one place. words: empty where nothing was. is_right: they are those that it asked for."""

    words: str
    loudness: Loudness
    is_right: bool

    @property
    def heard(self) -> Heard:
        if not self.is_right or self.loudness.above_noise_db < ENOUGH_DB:
            return Heard.BADLY
        return Heard.WELL if self.loudness.above_noise_db >= CLEAR_DB and not self.loudness.is_clipped else Heard.JUST

    @property
    def report(self) -> str:
        """What it heard, and how loud, in plain words."""
        if self.loudness.is_silent:
            return "There was no sound at all."
        if not self.loudness.anyone_spoke:
            return "I heard nobody speak." + (" The room is loud." if self.loudness.noise_db > LOUD_ROOM_DB else "")
        heard = f'I heard: "{self.words}".' if self.words else "I heard a voice, but no words."
        return f"{heard} {_in_words(self.loudness)}"


def run(settings: Settings) -> int:
    """0 when this place will do, else 1. Raises HearingError or ModelError, said aloud first, where it cannot hear at all."""
    with ExitStack() as stack:
        mouth = stack.enter_context(closing(_mouth(settings)))
        try:
            recogniser = assembly.recogniser(settings)
            sentence = _sentence(settings)
            near = _try(settings, recogniser, mouth, f"Speak from here now. Say: {sentence}?", NEAR_SECONDS)
            door = _try(settings, recogniser, mouth, "Now from the door. Go there, and say the same.", DOOR_SECONDS)
        except (HearingError, ModelError) as error:
            key = "recogniser_broken" if isinstance(error, ModelError) else "ear_missing"
            mouth.say(Reply((assembly.phrases(settings, assembly.intent_book(settings)).shared(key),)))
            raise
        verdict, advice = judge(near, door)
        _say(mouth, " ".join((verdict, *advice)))
    return 1 if near.heard is Heard.BADLY else 0


def judge(near: Spot, door: Spot) -> tuple[str, tuple[str, ...]]:
    """The verdict and what to do, in sentences to be spoken."""
    if near.heard is Heard.BADLY:
        return "This is not a good place yet.", (*_advice(near), AGAIN)
    if door.heard is Heard.BADLY:
        stay = "Speak within two metres of it. Or put it nearer to the middle of the room."
        return "This place is good for somebody who is near. From the door I do not hear well.", (*_noise_advice(near), stay)
    if Heard.JUST in (near.heard, door.heard):
        return "This place will do.", _noise_advice(near) or _noise_advice(door)
    return "This is a good place. I hear well from here and from the door.", ()


def _advice(spot: Spot) -> tuple[str, ...]:
    if spot.loudness.is_silent:
        return ("The microphone gives no sound. Look at its switch and its plug.",)
    found = _noise_advice(spot)
    if spot.loudness.speech_db < QUIET_DB or not spot.loudness.anyone_spoke:
        found += ("I hear you too quietly here. Put me nearer, as high as a table, with nothing before me.",)
    return found or ("Put me nearer to you, away from the corner. Speak a little slower.",)


def _noise_advice(spot: Spot) -> tuple[str, ...]:
    if spot.loudness.is_clipped:
        return ("Your voice is too loud for me here. Do not speak right into me.",)
    drowned = spot.loudness.above_noise_db < CLEAR_DB if spot.loudness.anyone_spoke else spot.loudness.noise_db > LOUD_ROOM_DB
    if drowned:
        return ("The room is loud. Put me away from the stove, the fan, the window and the television.",)
    return ()


def _in_words(loudness: Loudness) -> str:
    if loudness.above_noise_db >= CLEAR_DB:
        return "Your voice is much louder than the room. That is good."
    if loudness.above_noise_db >= ENOUGH_DB:
        return "Your voice is only a little louder than the room."
    return "The room is as loud as your voice."


def _sentence(settings: Settings) -> str:
    return f"{settings.hearing.wake_phrase}, {QUESTION}" if settings.hearing.wake == "phrase" else QUESTION


def is_right(words: str, settings: Settings) -> bool:
    """Whether they are nearly those that were asked for, and hold the wake phrase where one is needed."""
    behind = WakePhrase(settings.hearing.wake_phrase).behind(words) if settings.hearing.wake == "phrase" else words
    return difflib.SequenceMatcher(None, (behind or "").split(), QUESTION.split()).ratio() >= LIKE_THE_QUESTION


def _try(settings: Settings, recogniser: Recogniser, mouth: Mouth, prompt: str, seconds: float) -> Spot:
    _say(mouth, prompt)
    mouth.tone(Tone.LISTENING)
    meter = LevelMeter()
    words = ""
    with closing(assembly.microphone(settings)) as microphone:
        recogniser.reset()
        print("(listening)", flush=True)
        for heard in Listener(_Metered(microphone, meter, recogniser, seconds), recogniser).heard():
            if isinstance(heard, Transcript):
                words = heard.text
                break
    recogniser.reset()
    spot = Spot(words, meter.loudness(), is_right(words, settings))
    print(f"(voice {spot.loudness.speech_db:.0f} dB, room {spot.loudness.noise_db:.0f} dB)", flush=True)
    _say(mouth, spot.report)
    return spot


class _Metered:
    """A microphone whose sound is measured on its way, and ends after so many seconds in which nobody is speaking."""

    def __init__(self, microphone: Microphone, meter: LevelMeter, recogniser: Recogniser, seconds: float) -> None:
        self._microphone = microphone
        self._meter = meter
        self._recogniser = recogniser
        self._left_seconds = seconds

    def blocks(self) -> Iterator[AudioBlock]:
        for block in self._microphone.blocks():
            yield block
            self._meter.add(block, self._recogniser.hears_speech)
            self._left_seconds -= block.seconds
            if self._left_seconds <= 0 and not self._recogniser.hears_speech:
                return

    def flush(self) -> None:
        self._microphone.flush()

    def close(self) -> None:
        self._microphone.close()


def _mouth(settings: Settings) -> Mouth:
    try:
        names = (settings.speaking.voice, "espeak")
        voice = LastingVoice([partial(open_voice, name, settings.speaking.speed) for name in names], _tell)
        speaker, tones = assembly.speaker(settings), assembly.tones()
    except SpeakingError as error:
        _tell(f"{error} What I say is only shown here.")
        return Mouth(None, None, {}, _show)
    return Mouth(voice, speaker, tones, _show, _tell)


def _say(mouth: Mouth, text: str) -> None:
    mouth.say(Reply((Line(text),)))


def _show(text: str) -> None:
    print(text, flush=True)


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
