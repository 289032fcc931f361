"""Can she make it silent while it speaks, and does it never do so itself? .venv/bin/python -m benchmarks.stopping [--lines N] [--json]

Everything is computed from sound that is mixed here, so a run needs no device and gives the same figures each time.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from rich.console import Console
from rich.table import Table

from benchmarks.stopping_talk import RATE_HZ, all_said
from benchmarks.understanding.voices import Samples
from skill import assembly
from skill.answering.countries import load_countries
from skill.answering.phrases import Phrases, Surroundings
from skill.errors import SpeakingError
from skill.hearing.stop_listener import StopListener
from skill.messages import AudioBlock, Line, Speech
from skill.settings import Settings
from skill.speaking import VOICES, open_voice
from skill.speaking.cache import CachedVoice
from skill.stop_words import sounds_like_in

BLOCK_SECONDS = 0.03
ECHO_RMS = 0.05  # its own voice at the microphone: loud, 26 dB under full scale
HISS = 3e-4
LEVELS_DB = (0, 6, 12)  # how much louder she is at the microphone than the loudspeaker
HER_WORD_AT = 4.0
LINE_SECONDS = 7.0
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


def spotted_at(listener: StopListener, speech: Speech, sound: Samples, text: str = "") -> Iterator[float]:
    """When it took something for a stop word, in seconds from when the line was played. text: of the line, as in `skill.interruption`."""
    perhaps_its_own = {"", *sounds_like_in(text)}
    listener.begin(speech)
    size = int(BLOCK_SECONDS * RATE_HZ)
    pcm = (np.clip(sound, -1, 1) * 32767).astype("<i2")
    for start in range(0, len(pcm), size):
        if listener.spotted(AudioBlock(pcm[start : start + size].tobytes(), RATE_HZ)) not in perhaps_its_own:
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


# --- sound --------------------------------------------------------------------------------------------------------------


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


def own_voice(spoken: list[tuple[Line, Speech]], distorts: bool = False, loses_sound: bool = False) -> dict[str, float]:
    """How often its own voice made it silent. One listener for all lines, as in a conversation."""
    listener, room = stop_listener(), Room(np.random.default_rng(11), distorts, loses_sound)
    stops = sum(len(list(spotted_at(listener, speech, room.heard(speech)[0], line.text))) for line, speech in spoken)
    return {"lines": len(spoken), "hours": sum(speech.seconds for _, speech in spoken) / 3600, "false stops": stops}


def her_words(speeches: list[Speech], chosen_on: bool, sounds: Path | None) -> dict[str, dict[str, float]]:
    """Row → how much of it made it silent, within IN_TIME_SECONDS of its end; and after how long, where that was meant."""
    random = np.random.default_rng(2)
    listener, room = stop_listener(), Room(random)
    long_ones = [speech for speech in speeches if speech.seconds > LINE_SECONDS]
    after: dict[str, list[float | None]] = {}
    for number, said in enumerate(all_said(chosen_on, sounds)):
        # A stop word at each level, all else at one of them.
        for level in LEVELS_DB if said.row.startswith('"') else LEVELS_DB[number % len(LEVELS_DB) :][:1]:
            speech = long_ones[int(random.integers(len(long_ones)))]
            speech = Speech(speech.pcm[: int(LINE_SECONDS * speech.rate_hz) * 2], speech.rate_hz)
            heard, ends = room.heard(speech, said.sound, level)
            earliest = -0.6 if said.is_stop else -len(said.sound) / RATE_HZ
            in_time = [at - ends for at in spotted_at(listener, speech, heard) if earliest < at - ends < IN_TIME_SECONDS]
            rows = (f"a stop word, echo {-level} dB", said.row) if said.row.startswith('"') else (said.row,)
            for row in rows:
                after.setdefault(row, []).append(in_time[0] if in_time else None)
    return {
        row: {
            "said": len(found),
            "made it silent": sum(at is not None for at in found),
            "%": 100 * sum(at is not None for at in found) / len(found),
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
    parser.add_argument("--hard", type=int, default=6, metavar="N", help="in the hard ways one line of N")
    parser.add_argument("--chosen-on", action="store_true", help="words by the voices and sentences it was tuned on, not by the others")
    parser.add_argument("--sounds", type=Path, help="a folder with recordings in people/: other talk of real people")
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
            own[f"{name}{label}"] = own_voice(list(zip(lines, speeches, strict=True))[:: arguments.hard if ways else 1], **ways)
            tell(f"{name}{label}: {own[f'{name}{label}']}")
        if arguments.part in (None, "words"):
            hers |= {f"over {name}, {row}": figures for row, figures in her_words(speeches, arguments.chosen_on, arguments.sounds).items()}
    if arguments.json:
        print(json.dumps({"own voice": own, "her words": hers}, indent=2))
        return 0
    if own:
        _print("Its own voice, loud in the microphone", own)
    if hers:
        _print("Her word over its speech", hers)
    return 0


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
