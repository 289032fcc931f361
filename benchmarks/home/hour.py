"""An hour at home as one recording: scenes of a hundred seconds, each with its own noise and talk, and in each one question or danger."""

from __future__ import annotations

import hashlib
import wave
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from benchmarks.home.talk import KITCHEN_TALK, TELEVISION
from benchmarks.understanding.utterances import HELD_OUT, Kind, Utterance, read_set
from benchmarks.understanding.voices import OTHERS_TALKING, Render, Samples, active_rms, bare, noises, program, read_wav
from skill.hearing.resampling import RECOGNISER_RATE_HZ
from skill.messages import Tier

SCENE_SECONDS, SHORTEST_SCENE_SECONDS = 100.0, 45.0
# Levels in dB of full scale: of her, of others in the room, of a television, of household noise, of a quiet room.
HER_DB, TALK_DB, TELEVISION_DB, NOISE_DB, QUIET_DB = -26.0, -36.0, -44.0, -46.0, -62.0
# People let her finish; a television does not.
LET_HER_SPEAK_SECONDS = 1.6
# Who speaks plainly: a synthetic voice reads other ways of speaking wrongly.
PLAIN = frozenset({"plain", "us woman"})
EACH_DANGER = 4  # of so many things that she says one is a danger
FADE_SECONDS = 0.05
PLACES_A_SEED = 10_000  # more scenes than any hour has


@dataclass(frozen=True, slots=True)
class Asked:
    """What she said, and when: seconds from the start of the recording. around: the scene."""

    utterance: Utterance
    start_seconds: float
    end_seconds: float
    around: str
    voice: str

    @property
    def is_danger(self) -> bool:
        return self.utterance.tier > Tier.NONE


@dataclass(frozen=True, slots=True)
class _Scene:
    """noise: names of which one is chosen; empty: a quiet room. talk: sentences; is_television: they go on while she speaks."""

    name: str
    noise: Samples | None = None
    noise_db: float = NOISE_DB
    talk: Sequence[Samples] = ()
    is_television: bool = False


def asking_voices() -> dict[str, Render]:
    """Name → a voice that asks; only those that a recogniser can follow as it follows people."""
    from benchmarks.understanding.voices import open_voices

    voices = open_voices()
    return {name: voices[name] for name in ("hibari", "flite slt, US female", "flite awb, Scottish")}


def make_hour(path: Path, minutes: float, sounds: Path, seed: int = 0) -> list[Asked]:
    """Write the recording, 16 kHz mono, and give what is asked in it.

    sounds: a folder with noise/ and people/, if it is there. seed: another one gives other questions, and other talk around them.
    """
    scene_seconds = scene_seconds_of(minutes)
    number = max(1, int(minutes * 60 / scene_seconds))
    scenes = list(islice(cycle(_scenes(sounds)), number))
    asked = []
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RECOGNISER_RATE_HZ)
        for place, (scene, (voice, utterance, words)) in enumerate(zip(scenes, _questions(number, seed), strict=True)):
            chance = np.random.default_rng(place + PLACES_A_SEED * seed)
            start = scene_seconds * float(chance.uniform(0.25, 0.5))
            file.writeframes(_pcm(_mixed(scene, scene_seconds, start, words, chance)))
            begins = place * scene_seconds + start
            asked.append(Asked(utterance, begins, begins + len(words) / RECOGNISER_RATE_HZ, scene.name, voice))
    return asked


def scene_seconds_of(minutes: float) -> float:
    """Shorter than an answer no scene may be, or the next question falls into it."""
    return min(SCENE_SECONDS, max(SHORTEST_SCENE_SECONDS, minutes * 60 / 3))


def _questions(number: int, seed: int) -> Iterator[tuple[str, Utterance, Samples]]:
    """Voice, utterance and sound: questions, and among them dangers."""
    voices = asking_voices()
    plain = [one for one in read_set("held-out", HELD_OUT).utterances if one.who in PLAIN]
    ordered = sorted(plain, key=lambda one: hashlib.sha256(f"{seed or ''}{one.text}".encode()).digest())
    questions = cycle(one for one in ordered if one.kind is Kind.QUESTION)
    dangers = cycle(one for one in ordered if one.kind is Kind.DANGER)
    for place in range(number):
        utterance = next(dangers if place % EACH_DANGER == 1 else questions)
        name = list(voices)[(place + seed) % len(voices)]
        yield name, utterance, _at_level(bare(voices[name](utterance.text)), HER_DB)


def _scenes(sounds: Path) -> list[_Scene]:
    """In the order in which they come. What is not on this machine is made."""
    recorded = noises(sounds / "noise")
    household = {name: sound for name, sound in recorded.items() if name not in OTHERS_TALKING} or {"made": _made_noise()}
    kitchen = next((sound for name, sound in household.items() if "kitchen" in name), next(iter(household.values())))
    others = [sound for name, sound in recorded.items() if name in OTHERS_TALKING]
    people = [read_wav(clip) for clip in sorted((sounds / "people").rglob("*.wav"))]
    kitchen_talk = _spoken(KITCHEN_TALK, _talking_voices())
    scenes = [
        _Scene("quiet room"),
        _Scene("talk in the kitchen", kitchen, QUIET_DB, kitchen_talk),
        _Scene("kitchen noise", kitchen),
        _Scene("television", None, QUIET_DB, _spoken(TELEVISION, _television_voices()), is_television=True),
        _Scene("household noise", next(iter(household.values()))),
    ]
    scenes += [_Scene("recorded people talk", kitchen, QUIET_DB, people)] if people else []
    scenes += [_Scene("voices in the next room", sound) for sound in others]
    return scenes


def _talking_voices() -> dict[str, Render]:
    return {
        "flite rms": program("flite", "-voice", "rms", "-t", "{text}", "-o", "{wav}"),
        "espeak-ng, British": program("espeak-ng", "-v", "en-gb", "-s", "165", "-w", "{wav}", "{text}"),
        "flite slt": program("flite", "-voice", "slt", "-t", "{text}", "-o", "{wav}"),
    }


def _television_voices() -> dict[str, Render]:
    return {
        "flite awb": program("flite", "-voice", "awb", "-t", "{text}", "-o", "{wav}"),
        "flite rms": program("flite", "-voice", "rms", "-t", "{text}", "-o", "{wav}"),
    }


def _spoken(sentences: Iterable[str], voices: Mapping[str, Render]) -> list[Samples]:
    return [bare(voices[name](sentence)) for sentence, name in zip(sentences, cycle(voices), strict=False)]


def _mixed(scene: _Scene, seconds: float, start: float, words: Samples, chance: np.random.Generator) -> Samples:
    """The scene, with her words from `start` on."""
    room = _noise(scene, round(seconds * RECOGNISER_RATE_HZ), chance)
    end = start + len(words) / RECOGNISER_RATE_HZ
    for begins, piece in _talk(scene, seconds, start, end, chance):
        _lay(room, piece, begins)
    _lay(room, words, start)
    return room


def _talk(scene: _Scene, seconds: float, start: float, end: float, chance: np.random.Generator) -> Iterator[tuple[float, Samples]]:
    """When which sentence begins."""
    if not scene.talk:
        return
    level, (least, most) = (TELEVISION_DB, (0.3, 1.2)) if scene.is_television else (TALK_DB, (1.0, 5.0))
    at = 2.0
    for number in cycle(chance.permutation(len(scene.talk))):
        sentence = _in_the_room(_at_level(scene.talk[number], level))
        length = len(sentence) / RECOGNISER_RATE_HZ
        if at + length > seconds:
            return
        if not scene.is_television and start - LET_HER_SPEAK_SECONDS < at + length and at < end + LET_HER_SPEAK_SECONDS:
            at = end + LET_HER_SPEAK_SECONDS
            continue
        yield at, sentence
        at += length + float(chance.uniform(least, most))


def _noise(scene: _Scene, count: int, chance: np.random.Generator) -> Samples:
    if scene.noise is None:
        return _at_level(_made_noise(count), QUIET_DB)
    return _at_level(np.resize(np.roll(scene.noise, -int(chance.integers(len(scene.noise)))), count), scene.noise_db)


def _made_noise(count: int = 30 * RECOGNISER_RATE_HZ) -> Samples:
    """Falling noise like that of a distant fan."""
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(count))
    hertz = np.fft.rfftfreq(count, 1 / RECOGNISER_RATE_HZ)
    return np.fft.irfft(spectrum / np.maximum(hertz, 60.0), count).astype(np.float32)


def _in_the_room(samples: Samples) -> Samples:
    """As from a few metres away: 0.3 s of echo."""
    count = round(0.3 * RECOGNISER_RATE_HZ)
    echo = np.random.default_rng(5).standard_normal(count) * np.exp(-6.9 * np.arange(count) / count)
    echo = 0.6 * echo / np.sqrt(np.sum(np.square(echo)))
    echo[0] += 1.0
    size = 1 << (len(samples) + count).bit_length()
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(echo, size), size)[: len(samples) + count]
    return wet.astype(np.float32)


def _at_level(samples: Samples, decibels: float) -> Samples:
    return samples * np.float32(10 ** (decibels / 20) / max(active_rms(samples), 1e-9))


def _lay(room: Samples, piece: Samples, at_seconds: float) -> None:
    start = round(at_seconds * RECOGNISER_RATE_HZ)
    piece = piece[: max(0, len(room) - start)].copy()
    fade = np.linspace(0, 1, min(len(piece), round(FADE_SECONDS * RECOGNISER_RATE_HZ) // 10), dtype=np.float32)
    piece[: len(fade)] *= fade
    room[start : start + len(piece)] += piece


def _pcm(samples: Samples) -> bytes:
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
