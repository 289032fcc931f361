"""Can she make it silent while it speaks, and does it never do so itself? .venv/bin/python -m benchmarks.stopping [--lines N] [--json]

Everything is computed from sound that is mixed here, so a run needs no device and gives the same figures each time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from skill import assembly
from skill.answering.countries import load_countries
from skill.answering.phrases import Phrases, Surroundings
from skill.errors import SpeakingError
from skill.hearing.stop_listener import StopListener
from skill.messages import AudioBlock, Line, Speech
from skill.settings import Settings
from skill.speaking import VOICES, open_voice
from skill.speaking.cache import CachedVoice
from skill.stop_words import STOP_WORDS

Samples = NDArray[np.float32]
RATE_HZ = 16_000
BLOCK_SECONDS = 0.03
ECHO_RMS = 0.05  # its own voice at the microphone: loud, 26 dB under full scale
HISS = 3e-4
LEVELS_DB = (0, 6, 12)  # how much louder she is at the microphone than the loudspeaker
HER_WORD_AT = 4.0
LINE_SECONDS = 7.0
PEOPLES_TALK = (  # what others in the room may say meanwhile: no stop word in it
    "Did you buy the milk?",
    "My mother comes on Sunday.",
    "The soup is on top of the stove.",
    "Put your shoes on, we have to go.",
    "What did the midwife say to you?",
    "He stepped on my foot in the shop.",
    "It is a white weight, the one on the quilt.",
)
IN_TIME_SECONDS = 1.5


@dataclass
class Room:
    """What becomes of a sound between the loudspeaker and the microphone."""

    random: np.random.Generator
    distorts: bool = False
    loses_sound: bool = False

    def __post_init__(self) -> None:
        self._of_loudspeaker, self._of_her = self._echoes(), self._echoes()

    def heard(self, speech: Speech, her: Samples | None = None, louder_db: float = 0.0) -> tuple[Samples, float]:
        """What the microphone hears of a line, from when it is played; and when her word ends, in seconds."""
        line = resampled(speech)
        if self.distorts:
            line = np.tanh(3 * line / np.max(np.abs(line))).astype(np.float32)
        delay = int(self.random.uniform(0.15, 0.8) * RATE_HZ)
        sound = at_level(convolved(np.concatenate([np.zeros(delay, np.float32), line]), self._of_loudspeaker), ECHO_RMS)
        if self.loses_sound:  # a computer that is too busy: a quarter of a second is missing in each line
            sound = np.delete(sound, slice(len(sound) // 2, len(sound) // 2 + RATE_HZ // 4))
        ends = 0.0
        if her is not None:
            start = delay + int(HER_WORD_AT * RATE_HZ)
            word = at_level(convolved(her, self._of_her), ECHO_RMS * 10 ** (louder_db / 20))[: len(sound) - start]
            sound[start : start + len(word)] += word
            ends = (start + len(her)) / RATE_HZ
        return (sound + self.random.normal(0, HISS, len(sound))).astype(np.float32), ends

    def _echoes(self) -> Samples:
        """Direct sound, and a room that rings for 0.3 s (60 dB)."""
        seconds = np.arange(int(0.25 * RATE_HZ)) / RATE_HZ
        echoes = 0.15 * self.random.normal(size=len(seconds)) * 10 ** (-3 * seconds / 0.3)
        echoes[:40] = 0.0
        echoes[40] = 1.0
        return (echoes / np.sqrt(np.sum(np.square(echoes)))).astype(np.float32)


def spotted_at(listener: StopListener, speech: Speech, sound: Samples) -> Iterator[float]:
    """When it took something for a stop word, in seconds from when the line was played."""
    listener.begin(speech)
    size = int(BLOCK_SECONDS * RATE_HZ)
    pcm = (np.clip(sound, -1, 1) * 32767).astype("<i2")
    for start in range(0, len(pcm), size):
        if listener.spotted(AudioBlock(pcm[start : start + size].tobytes(), RATE_HZ)):
            yield (start + size) / RATE_HZ


def stop_listener() -> StopListener:
    """As the assistant has it."""
    settings = Settings()
    return assembly.stop_listener(settings, assembly.recogniser(settings))


def all_lines(settings: Settings) -> list[Line]:
    """Everything that can be said, with the settings' placeholders filled in and without."""
    book = assembly.intent_book(settings)
    script = assembly.script(book)
    number = max((country.number for country in load_countries(settings.storage.countries_file).values()), key=len)
    lines = {}
    for around in (Surroundings(), Surroundings(number, "Saint Mary", "Mary", "0123456789", "hello back care")):
        lines |= {(line.text, line.pace): line for line in Phrases(book, script, around).all_lines()}
    return list(lines.values())


# --- who says the words -------------------------------------------------------------------------------------------------


def people() -> Mapping[str, Callable[[str], Samples]]:
    """Voices for her words; those that are not installed are left out."""
    return {
        **{f"hibari {seed}": lambda word, seed=seed: _hibari(word, seed) for seed in (1, 2)},  # type: ignore[misc]
        **{f"espeak-ng {voice}": lambda word, voice=voice: _espeak(word, voice) for voice in ESPEAK},  # type: ignore[misc]
        **{f"flite {voice}": lambda word, voice=voice: _flite(word, voice) for voice in ("slt", "awb", "rms", "kal16")},  # type: ignore[misc]
    }


ESPEAK = ("en-us", "en-gb", "en-us+f3", "en-gb+f4", "en-gb-scotland", "en-029+f2", "en-us+m3", "en-us+f5")


def _hibari(word: str, seed: int) -> Samples:
    from hibari import SAMPLE_RATE, Hibari

    return trimmed(np.asarray(Hibari()(f"{word.capitalize()}.", seed=seed), np.float32), SAMPLE_RATE)


def _espeak(word: str, voice: str) -> Samples:
    return _by_command(lambda path: ["espeak-ng", "-v", voice, "-s", "150", "-w", path, word])


def _flite(word: str, voice: str) -> Samples:
    return _by_command(lambda path: ["flite", "-voice", voice, "-t", word, "-o", path])


def _by_command(command: Callable[[str], list[str]]) -> Samples:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "word.wav")
        subprocess.run(command(path), check=True, capture_output=True)
        samples, rate_hz = soundfile.read(path, dtype="float32")
    return trimmed(samples, rate_hz)


# --- sound --------------------------------------------------------------------------------------------------------------


def trimmed(samples: Samples, rate_hz: int) -> Samples:
    samples = soxr.resample(samples, rate_hz, RATE_HZ)
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.max(np.abs(samples)))
    return samples[loud[0] : loud[-1] + 1]


def resampled(speech: Speech) -> Samples:
    samples: Samples = soxr.resample(np.frombuffer(speech.pcm, "<i2").astype(np.float32) / 32768, speech.rate_hz, RATE_HZ)
    return samples


def convolved(samples: Samples, response: Samples) -> Samples:
    size = len(samples) + len(response)
    return np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(response, size), size).astype(np.float32)


def at_level(samples: Samples, rms: float) -> Samples:
    """So that the parts that hold sound have this level."""
    power = np.mean(np.square(samples[: len(samples) // 320 * 320].reshape(-1, 320)), axis=1)
    return (samples * (rms / np.sqrt(np.mean(power[power > 0.01 * np.max(power)])))).astype(np.float32)


# --- the two measurements -------------------------------------------------------------------------------------------------


def own_voice(speeches: list[Speech], distorts: bool = False, loses_sound: bool = False) -> dict[str, float]:
    """How often its own voice made it silent. One listener for all lines, as in a conversation."""
    listener, room = stop_listener(), Room(np.random.default_rng(1), distorts, loses_sound)
    stops = sum(len(list(spotted_at(listener, speech, room.heard(speech)[0]))) for speech in speeches)
    return {"lines": len(speeches), "hours": sum(speech.seconds for speech in speeches) / 3600, "false stops": stops}


def her_words(speeches: list[Speech], most_people: int) -> dict[str, dict[str, float]]:
    """Row → how many of her words made it silent within IN_TIME_SECONDS of their end, and after how long."""
    random = np.random.default_rng(2)
    listener, room = stop_listener(), Room(random)
    long_ones = [speech for speech in speeches if speech.seconds > LINE_SECONDS]
    words: dict[tuple[str, str], Samples] = {}
    speaking = list(people().items())
    speaking = speaking[:: max(1, len(speaking) // most_people)]
    for person, say in speaking:
        for word in STOP_WORDS:
            try:
                words[person, word] = say(word)
            except (ImportError, OSError, subprocess.CalledProcessError):
                break
    for person, say in speaking:
        words |= {
            (person, talk): say(talk) for talk in PEOPLES_TALK[:: 1 if person.startswith("hibari") else 3] if (person, "stop") in words
        }
    after: dict[str, list[float | None]] = {}
    for level in LEVELS_DB:
        for (_, word), sound in words.items():
            speech = long_ones[int(random.integers(len(long_ones)))]
            speech = Speech(speech.pcm[: int(LINE_SECONDS * speech.rate_hz) * 2], speech.rate_hz)
            heard, ends = room.heard(speech, sound, level)
            earliest = -0.6 if word in STOP_WORDS else -len(sound) / RATE_HZ
            in_time = [at - ends for at in spotted_at(listener, speech, heard) if earliest < at - ends < IN_TIME_SECONDS]
            for row in (f"echo {-level} dB", f'"{word}"') if word in STOP_WORDS else ("other talk",):
                after.setdefault(row, []).append(in_time[0] if in_time else None)
    return {
        row: {
            "words": len(found),
            "heard %": 100 * sum(at is not None for at in found) / len(found),
            "seconds, median": float(np.median([at for at in found if at is not None] or [np.nan])),
            "seconds, 95 %": float(np.percentile([at for at in found if at is not None] or [np.nan], 95)),
        }
        for row, found in after.items()
    }


def speeches_of(name: str, lines: list[Line], settings: Settings, tell: Callable[[str], None]) -> list[Speech]:
    voice = CachedVoice(open_voice(name), settings.storage.cache_folder / "benchmarks" / "stopping")
    try:
        if len(lines) > 100:  # only all of them are kept: what no line uses is dropped
            voice.prepare(lines, lambda done, number: tell(f"{name}: {done} of {number} lines rendered") if done % 50 == 0 else None)
        return [voice.render(line) for line in lines]
    finally:
        voice.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=0, help="this many lines instead of all")
    parser.add_argument("--voice", choices=list(VOICES), help="this voice instead of all")
    parser.add_argument("--people", type=int, default=100, help="about so many voices for her words instead of all")
    parser.add_argument(
        "--part", choices=("own", "clean", "words"), help="its own voice (clean: without the hard ways), or her words; else both"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    settings = Settings()

    def tell(what: str) -> None:
        print(what, file=sys.stderr, flush=True)

    lines = all_lines(settings)
    if arguments.lines:
        lines = lines[:: max(1, len(lines) // arguments.lines)]
    own, hers = {}, {}
    for name in [arguments.voice] if arguments.voice else VOICES:
        try:
            speeches = speeches_of(name, lines, settings, tell)
        except SpeakingError as error:
            tell(f"{name}: {error}")
            continue
        for label, ways in WAYS.items():
            if arguments.part == "words" or (arguments.part == "clean" and ways):
                continue
            own[f"{name}{label}"] = own_voice(speeches[:: HARD_LINES if ways else 1], **ways)
            tell(f"{name}{label}: {own[f'{name}{label}']}")
        if arguments.part in (None, "words"):
            hers |= {f"over {name}, {row}": figures for row, figures in her_words(speeches, arguments.people).items()}
    if arguments.json:
        print(json.dumps({"own voice": own, "her words": hers}, indent=2))
        return 0
    if own:
        _print("Its own voice, loud in the microphone", own)
    if hers:
        _print("Her word over its speech", hers)
    return 0


HARD_LINES = 6  # in the hard ways one line of so many
WAYS: Mapping[str, Mapping[str, bool]] = {
    "": {},
    ", loudspeaker distorts": {"distorts": True},
    ", sound gets lost": {"loses_sound": True},
}


def _print(title: str, rows: Mapping[str, Mapping[str, float]]) -> None:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for name in next(iter(rows.values()), {}):
        table.add_column(name, justify="right")
    for row, figures in rows.items():
        table.add_row(row, *(f"{figure:.2f}" if isinstance(figure, float) else str(figure) for figure in figures.values()))
    Console(width=120).print(table)


if __name__ == "__main__":
    sys.exit(main())
