"""How long an answer takes to become sound: natural voice, espeak, the cache; and pyttsx3's own way of saying things."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.measuring.processes import in_own_process, own_peak_megabytes
from benchmarks.measuring.report import Cell, Column, Table, reason
from benchmarks.measuring.sound import Tap
from skill.messages import Line
from skill.speaking import VOICES, open_voice
from skill.speaking.cache import CachedVoice
from skill.stages import Voice
from skill.understanding.intents import IntentBook
from tests.virtual_sound import VirtualSoundCard

LINES = 8
TIMEOUT_SECONDS = 45.0
SAYING_SECONDS = 30.0
SENTENCES = ("Shoes with a low heel are best.", "Put a pillow between your knees.")
_COLUMNS = (
    Column("voice"),
    Column("first answer, s"),
    Column("median, s", 3),
    Column("slowest, s", 3),
    Column("times real time", 0),
    Column("peak memory, MB", 0),
    Column("remark"),
)


@dataclass(frozen=True, slots=True)
class Rendering:
    """In seconds. first: with opening the voice and loading what it needs. each: the answers after the first."""

    first: float
    each: tuple[float, ...]
    sound: float
    peak_megabytes: float


def measure_voices(lines: tuple[Line, ...], folder: Path) -> Iterator[Table]:
    """lines: answers to render. folder: a new one, for caches."""
    rows: list[tuple[Cell, ...]] = []
    for name in VOICES:
        rows.append(_row(f"{name}, rendered", _render_all, name, lines))
        rows.append(_row(f"{name}, from the cache", _read_all, name, lines, folder / name, before=_prepare))
    words = sum(len(line.text.split()) for line in lines)
    notes = (
        f"{len(lines)} answers of {words} words together, each voice in a process of its own. First answer: with opening the voice. "
        "From the cache: read from the disk, as at run time; an answer said again comes from memory, at no cost.",
    )
    yield Table("Time to render an answer", _COLUMNS, tuple(rows), notes)


def some_lines(book: IntentBook) -> tuple[Line, ...]:
    """Answers of the book, spread over it."""
    parts = [intent.answer for intent in book.intents.values() if intent.answer is not None and "{" not in intent.answer.say]
    return tuple(Line(part.say) for part in parts[:: max(1, len(parts) // LINES)][:LINES])


def _row(name: str, work: Callable[..., Rendering], *arguments: object, before: Callable[..., None] | None = None) -> tuple[Cell, ...]:
    """before: what has to be done first, in another process, so that its memory is not counted."""
    try:
        if before is not None:
            in_own_process(before, *arguments, timeout_seconds=TIMEOUT_SECONDS)
        rendering = in_own_process(work, *arguments, timeout_seconds=TIMEOUT_SECONDS)
    except (RuntimeError, TimeoutError) as exc:
        return name, None, None, None, None, None, f"not measured: {reason(exc)}"
    return (
        name,
        rendering.first,
        median(rendering.each),
        max(rendering.each),
        rendering.sound / sum(rendering.each),
        rendering.peak_megabytes,
    )


def _render_all(name: str, lines: tuple[Line, ...]) -> Rendering:
    return _timed(lambda: open_voice(name), lines)


def _prepare(name: str, lines: tuple[Line, ...], folder: Path) -> None:
    voice = CachedVoice(open_voice(name), folder)
    voice.prepare(lines, lambda done, total: None)
    voice.close()


def _read_all(name: str, lines: tuple[Line, ...], folder: Path) -> Rendering:
    return _timed(lambda: CachedVoice(open_voice(name), folder), lines)


def _timed(make: Callable[[], Voice], lines: tuple[Line, ...]) -> Rendering:
    began = time.monotonic()
    voice = make()
    voice.render(lines[0])
    first = time.monotonic() - began
    each, sound = [], 0.0
    for line in lines[1:]:
        began = time.monotonic()
        sound += voice.render(line).seconds
        each.append(time.monotonic() - began)
    voice.close()
    return Rendering(first, tuple(each), sound, own_peak_megabytes())


# --- pyttsx3 by itself ---------------------------------------------------------------------------------------------------


def measure_saying(card: VirtualSoundCard) -> Iterator[Table]:
    """What a program gets that lets pyttsx3 play: `say` and `runAndWait`, on the virtual card."""
    with Tap("speaker", card.environment) as tap:
        spans = in_own_process(_say_and_wait, SENTENCES, timeout_seconds=SAYING_SECONDS)
        tap.wait_for_quiet(0.7, timeout_seconds=5.0)
        ends = [*(began for began, _ in spans[1:]), time.monotonic()]
        rows = [_saying_row(text, *span, end, tap) for text, span, end in zip(SENTENCES, spans, ends, strict=True)]
    columns = ("sentence", "runAndWait returned after, s", "first sound after, s", "last sound after, s", "remark")
    notes = (
        "What a program gets that lets pyttsx3 2.99 play: one process, its own say and runAndWait, in this order. "
        "Our espeak voice renders through pyttsx3 and plays by itself. Heard from outside, good to 0.03 s.",
    )
    yield Table("pyttsx3 saying it by itself", tuple(map(Column, columns)), tuple(rows), notes)


def _say_and_wait(sentences: tuple[str, ...]) -> list[tuple[float, float]]:
    """When each `say` began and its `runAndWait` returned (time.monotonic)."""
    import pyttsx3

    engine = pyttsx3.init("espeak")
    spans = []
    for sentence in sentences:
        began = time.monotonic()
        engine.say(sentence)
        engine.runAndWait()
        spans.append((began, time.monotonic()))
        time.sleep(4.0)  # where it returns early, its sound may still be playing
    return spans


def _saying_row(text: str, began: float, returned: float, end: float, tap: Tap) -> tuple[Cell, ...]:
    first, last = tap.first_loud(began), tap.last_loud(end)
    if first is None or last is None or first > end:
        return text, returned - began, None, None, "no sound was heard"
    remark = "returned before the sentence had ended" if returned < last else ""
    return text, returned - began, first - began, last - began, remark
