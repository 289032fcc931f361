"""What the recogniser heard, kept between runs: hearing takes about half a second an utterance, understanding it some milliseconds.

One JSON object a line in a file of the user's cache folder, keyed by words, voice, noise and recogniser.
"""

from __future__ import annotations

import ast
import hashlib
import json
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from benchmarks.understanding import voices
from benchmarks.understanding.voices import Samples, write_wav
from skill import assembly
from skill.hearing import open_recogniser
from skill.hearing.listener import Listener
from skill.messages import Alternative, HeardWord, Transcript
from skill.settings import PROJECT, Storage
from skill.stages import Recogniser

RECOGNISER = "whisper"


class Ear:
    """Hears recordings through the very path of the microphone, or remembers what it heard of them."""

    def __init__(self, storage: Storage, folder: Path) -> None:
        """folder: where transcripts are kept. Raises ModelError where the embedded recogniser is not installed."""
        store = assembly.model_store(storage)
        model = assembly.recogniser_models(RECOGNISER, store.manifest)[RECOGNISER]
        self._model_folder = store.path(model)
        self.name = f"{RECOGNISER} ({model})"
        self._fingerprint = _fingerprint(self._model_folder)
        self._recogniser: Recogniser | None = None
        self._path = folder / "heard.jsonl"
        folder.mkdir(parents=True, exist_ok=True)
        self._known = _read(self._path)

    def hear(self, text: str, voice: str, noise: str, sound: Callable[[], Samples]) -> tuple[Transcript, ...]:
        """All utterances heard in it: mostly one, none where nothing was heard. sound: asked for only where this is new."""
        key = hashlib.sha256("\n".join((text, voice, noise, self._fingerprint)).encode()).hexdigest()
        if key not in self._known:
            self._known[key] = self._heard(sound())
            row = {"key": key, "text": text, "voice": voice, "noise": noise, "heard": [asdict(one) for one in self._known[key]]}
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        return self._known[key]

    def _heard(self, samples: Samples) -> tuple[Transcript, ...]:
        if self._recogniser is None:
            self._recogniser = open_recogniser(RECOGNISER, self._model_folder)
        with tempfile.TemporaryDirectory(prefix="heard-") as folder:
            path = Path(folder) / "said.wav"
            write_wav(path, samples)
            with closing(assembly.recording(path)) as microphone:
                heard = Listener(microphone, self._recogniser).heard()
                return tuple(one for one in heard if isinstance(one, Transcript))


def _fingerprint(model_folder: Path) -> str:
    """Of all that decides what is heard: the model's files by size, and the code of our hearing and of these voices, without comments."""
    files = sorted((path.name, path.stat().st_size) for path in model_folder.iterdir() if not path.name.startswith("."))
    sources = [*sorted((PROJECT / "skill" / "hearing").glob("*.py")), Path(voices.__file__)]
    code = [ast.dump(ast.parse(path.read_text(encoding="utf-8"))) for path in sources]
    return hashlib.sha256(repr((files, code)).encode()).hexdigest()


def _read(path: Path) -> dict[str, tuple[Transcript, ...]]:
    """What was kept. A line that is damaged (a run that was broken off) costs only that line."""
    known = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []:
        try:
            row = json.loads(line)
            known[row["key"]] = _transcripts(row["heard"])
        except (ValueError, KeyError, TypeError):
            continue
    return known


def _transcripts(rows: Sequence[dict[str, object]]) -> tuple[Transcript, ...]:
    return tuple(
        Transcript(
            **{
                **row,  # type: ignore[arg-type]
                "alternatives": tuple(Alternative(**one) for one in row["alternatives"]),  # type: ignore[attr-defined]
                "words": tuple(HeardWord(**one) for one in row["words"]),  # type: ignore[attr-defined]
            }
        )
        for row in rows
    )
