"""Answers rendered once and kept: a folder of FLAC files (half the size of WAV on an SD card), and the last few in memory.

One file a line, `<voice>-<key>.flac`: the FLAC stream, and behind it the SHA-256 of that stream, which players ignore and which
tells a damaged entry from a sound one. The key covers everything that changes the sound. The folder never holds the only copy of
anything: whatever goes wrong with it costs time, not words, and is told in `warning`.
"""

from __future__ import annotations

import hashlib
import io
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile

from skill.errors import SpeakingError
from skill.messages import Line, Speech
from skill.stages import Voice

FORMAT = 1
SUFFIX = ".flac"
UNFINISHED_SUFFIX = ".part"
DIGEST_BYTES = 32
# Two minutes of speech: what she may ask to hear again.
MEMORY_BYTES = 6_000_000


@dataclass(frozen=True, slots=True)
class Prepared:
    """Counts of lines rendered now, lines found already rendered, and files dropped because no line uses them."""

    rendered: int
    kept: int
    dropped: int


class CachedVoice:
    """A Voice over another one. folder is made where it is missing. Several processes may prepare at once.

    `prepare` alone writes. A file made by `render`, for one answer and at its hour, would tell whoever looks what she asked.
    tell: gets the first thing that goes wrong with the folder, as a sentence.
    """

    def __init__(self, voice: Voice, folder: Path, tell: Callable[[str], None] = lambda warning: None) -> None:
        self.name = voice.name
        self.version = voice.version
        self._voice = voice
        self._folder = folder
        self._lock = threading.Lock()
        self._memory: OrderedDict[str, Speech] = OrderedDict()
        self._warning = ""
        self._tell = tell

    @property
    def speed(self) -> float:
        return self._voice.speed

    @speed.setter
    def speed(self, factor: float) -> None:
        self._voice.speed = factor

    @property
    def warning(self) -> str:
        """The first thing that went wrong with the folder since start, as a sentence; empty while all is well."""
        return self._warning

    def render(self, line: Line) -> Speech:
        key = self._key(line)
        with self._lock:
            remembered = self._memory.get(key)
            if remembered is not None:
                self._memory.move_to_end(key)
                return remembered
        stored = self._load(key)
        if stored is not None:
            self._remember(key, stored)
            return stored
        speech = self._voice.render(line)
        self._remember(key, replace(speech, from_cache=True))
        return speech

    def prepare(self, lines: Iterable[Line], progress: Callable[[int, int], None]) -> Prepared:
        """Render what is missing and drop this voice's files that no line uses.

        progress gets the lines done and their number. Where the folder cannot be written it ends early: nothing would be kept.
        A line that the voice cannot say raises SpeakingError; what was rendered before it stays.
        """
        wanted = {self._key(line): line for line in lines}
        present, dropped = self._sweep(set(wanted))
        missing = [(key, line) for key, line in wanted.items() if key not in present]
        kept = len(wanted) - len(missing)
        progress(kept, len(wanted))
        rendered = 0
        for key, line in missing:
            if not self._store(key, self._named(line)):
                break
            rendered += 1
            progress(kept + rendered, len(wanted))
        return Prepared(rendered=rendered, kept=kept, dropped=dropped)

    def close(self) -> None:
        self._voice.close()

    def _named(self, line: Line) -> Speech:
        try:
            return self._voice.render(line)
        except SpeakingError as error:
            raise SpeakingError(f"The line {line.key or line.text[:40]!r}: {error}") from error

    def _key(self, line: Line) -> str:
        parts = (str(FORMAT), self.name, self.version, line.pace.value, f"{self._voice.speed:.3f}", line.text)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def _path(self, key: str) -> Path:
        return self._folder / f"{self.name}-{key}{SUFFIX}"

    def _load(self, key: str) -> Speech | None:
        try:
            content = self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as exc:
            self._warn("read", exc)
            return None
        stream, digest = content[:-DIGEST_BYTES], content[-DIGEST_BYTES:]
        try:
            if hashlib.sha256(stream).digest() != digest:
                raise ValueError
            samples, rate_hz = soundfile.read(io.BytesIO(stream), dtype="int16")
        except (ValueError, soundfile.SoundFileError):
            _remove(self._path(key))  # so that `prepare` makes it anew
            self._note(f"A rendered answer in {self._folder} is damaged. It still speaks, but slower. The next start renders it anew.")
            return None
        return Speech(pcm=samples.astype("<i2").tobytes(), rate_hz=rate_hz, from_cache=True)

    def _store(self, key: str, speech: Speech) -> bool:
        stream = io.BytesIO()
        soundfile.write(stream, np.frombuffer(speech.pcm, "<i2"), speech.rate_hz, format="FLAC", subtype="PCM_16")
        content = stream.getvalue()
        # Not flushed to the disk: what a power cut tears is found by its digest and rendered again.
        unfinished = self._folder / f".{key}-{os.getpid()}-{threading.get_ident()}{UNFINISHED_SUFFIX}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            unfinished.write_bytes(content + hashlib.sha256(content).digest())
            unfinished.replace(self._path(key))
        except OSError as exc:
            self._warn("written", exc)
            _remove(unfinished)
            return False
        return True

    def _remember(self, key: str, speech: Speech) -> None:
        with self._lock:
            self._memory[key] = speech
            while sum(len(kept.pcm) for kept in self._memory.values()) > MEMORY_BYTES:
                self._memory.popitem(last=False)

    def _sweep(self, wanted: set[str]) -> tuple[set[str], int]:
        """The wanted keys that have a file, and how many unused files were dropped. Decodes nothing: quick for a thousand."""
        present: set[str] = set()
        dropped = 0
        prefix = f"{self.name}-"
        try:
            for entry in sorted(os.scandir(self._folder), key=lambda entry: entry.name):
                key = entry.name.removeprefix(prefix).removesuffix(SUFFIX)
                if entry.name.endswith(UNFINISHED_SUFFIX):
                    if not _is_being_written(entry.name):
                        _remove(Path(entry.path))
                elif not (entry.name.startswith(prefix) and entry.name.endswith(SUFFIX)):
                    continue
                elif key not in wanted:
                    dropped += _remove(Path(entry.path))
                elif entry.stat().st_size > DIGEST_BYTES:
                    present.add(key)
        except FileNotFoundError:
            # No folder yet, or another process drops the same files at this moment: what is missing in `present` is rendered.
            pass
        except OSError as exc:
            self._warn("read", exc)
        return present, dropped

    def _warn(self, what: str, exc: OSError) -> None:
        self._note(
            f"Rendered answers cannot be {what} in {self._folder} ({exc.strerror}). It still speaks, but slower. "
            "Make room on the disk, or make the folder writable."
        )

    def _note(self, warning: str) -> None:
        if not self._warning:
            self._warning = warning
            self._tell(warning)


def _is_being_written(name: str) -> bool:
    """By the process in its name, which may finish it. Not told by its age: without a battery a Raspberry Pi's clock jumps by months."""
    process = name.split("-")[-2] if name.count("-") >= 2 else ""
    return process.isdecimal() and Path(f"/proc/{process}").exists()


def _remove(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        # Another process was quicker, or the folder is read-only: an unused file harms nobody.
        return False
    return True
