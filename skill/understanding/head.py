"""The head on the sentence encoder: a logistic regression fitted from the examples at start, and the store that spares the fitting.

Embedding all examples takes a minute on a small machine, so what was computed is kept twice: `fitted.npz` beside the encoder, made by
`script/embed_examples.py` for the examples as they are in the repository, and a file in the user's cache folder for whatever was added
since. Only examples that neither knows are embedded.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skill.understanding.encoder import VECTOR_LENGTH, SentenceEncoder, Vectors
from skill.understanding.whole_file import write_whole

Scores = NDArray[np.float32]
Targets = NDArray[np.uint8]
Packed = tuple[NDArray[np.int8], np.float32]

FITTED_FILE = "fitted.npz"
MISHEARD_FILE = "heard.jsonl"
_FORMAT = "7"
_STEPS, _STEPS_FROM_KNOWN = 60, 10
_DECAY = 0.0008  # chosen by benchmarks.understanding: less of it takes more chatter for ours
_SHARPNESS = 16.0  # the encoder was trained with vectors of length one times about this


class Head:
    """weights: (385, classes), the last row is added to every sentence."""

    def __init__(self, weights: Scores) -> None:
        self.weights = weights

    def logits(self, vectors: Vectors) -> Scores:
        """(n, classes) for (n, 384)."""
        return np.asarray(_SHARPNESS * (vectors @ self.weights[:-1] + self.weights[-1]), np.float32)


@dataclass(frozen=True)
class TrainingSet:
    """texts: normalised. targets: (texts, classes), 1 where a text means it. classes: a name for each, as "danger.fever now"."""

    texts: Sequence[str]
    targets: Targets
    classes: Sequence[str]

    def key(self, *others: str) -> str:
        """Checksum of all that what is learned from it depends on. others: what else it depends on."""
        found = hashlib.sha256("\n".join([*others, *self.classes, "", *self.texts]).encode())
        found.update(np.ascontiguousarray(self.targets).data)  # no copy: on a small machine that would be one too many
        return found.hexdigest()


@dataclass(frozen=True)
class Kept:
    """What a file of the store holds. vectors: checksum of a sentence → its vector in eight bits, and its scale."""

    key: str
    classes: Sequence[str]
    weights: Scores
    vectors: Mapping[bytes, Packed]


def head_for(
    examples: TrainingSet, encoder: SentenceEncoder, cache_folder: Path | None, tell: Callable[[str], None] = lambda problem: None
) -> Head:
    """The head for these examples. A broken or missing store costs only the time to make it anew.

    tell: gets a sentence for a broken one.
    """
    key = key_of(examples, encoder)
    shipped, cache = encoder.folder / FITTED_FILE, _cache(cache_folder)
    for path in (shipped, cache):
        kept = read_kept(path, encoder, vectors_too=False, tell=tell)
        if kept is not None and kept.key == key:
            return Head(kept.weights)
    examples = with_misheard(examples, encoder.folder / MISHEARD_FILE)
    known, cached = read_kept(shipped, encoder), read_kept(cache, encoder)
    vectors, fresh = vectors_of(examples.texts, encoder, known.vectors if known else {}, cached.vectors if cached else {})
    # Never from the cache's head: what is understood must not depend on what stood in the YAML before.
    weights = fit(vectors, examples.targets, _start(examples, vectors, known) if known else None)
    if cache is not None:
        write_kept(cache, key, examples.classes, encoder, weights, fresh)
    return Head(weights)


def key_of(examples: TrainingSet, encoder: SentenceEncoder) -> str:
    """Checksum of all that a head depends on. What was misheard counts as the file that it is: a start need not read its lines."""
    try:
        misheard = hashlib.sha256((encoder.folder / MISHEARD_FILE).read_bytes()).hexdigest()
    except OSError:
        misheard = ""
    return examples.key(_FORMAT, encoder.fingerprint, misheard)


def with_misheard(examples: TrainingSet, path: Path) -> TrainingSet:
    """The examples, and what a recogniser made of them ("the leading" of "bleeding"), which means the same.

    path: JSON Lines of {"said", "heard"}, both normalised, made by script/hear_examples.py. Where it is missing or damaged, so much is
    missing.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return examples
    rows = {text: row for row, text in enumerate(examples.texts)}
    misheard: dict[str, int] = {}
    for line in lines:
        try:
            pair = json.loads(line)
            said, heard = pair["said"], pair["heard"]
        except (ValueError, KeyError, TypeError):
            continue
        if said in rows and heard not in rows:
            misheard[heard] = rows[said]
    targets = np.vstack([examples.targets, examples.targets[list(misheard.values())]])
    return TrainingSet([*examples.texts, *misheard], targets, examples.classes)


def _start(examples: TrainingSet, vectors: Vectors, known: Kept) -> Scores:
    """The shipped head, with a column for each class of now: a class that it does not know begins at the mean of its sentences."""
    weights = _means(vectors, examples.targets)
    for place, name in enumerate(known.classes):
        if name in examples.classes:
            weights[:, examples.classes.index(name)] = known.weights[:, place]
    return weights


def nearest(examples: TrainingSet, encoder: SentenceEncoder, cache_folder: Path | None, text: str, count: int) -> list[tuple[float, int]]:
    """The examples most like a sentence: cosine, and position among the examples, the most like first. For people who ask why."""
    known, cached = read_kept(encoder.folder / FITTED_FILE, encoder), read_kept(_cache(cache_folder), encoder)
    vectors, _ = vectors_of(examples.texts, encoder, known.vectors if known else {}, cached.vectors if cached else {})
    likeness = vectors @ encoder.embed([text])[0]
    return [(float(likeness[row]), int(row)) for row in np.argsort(-likeness)[:count]]


def _cache(folder: Path | None) -> Path | None:
    return folder / "understanding.npz" if folder else None


def fit(vectors: Vectors, targets: Targets, start: Scores | None = None) -> Scores:
    """Multinomial logistic regression, from `start` or from the class means: (385, classes).

    Each step goes to the lowest point of a parabola that lies above the loss everywhere (D. Böhning, "Multinomial logistic regression
    algorithm", 1992), so no step is too long, whatever the examples; Nesterov's momentum speeds it up and begins anew where it overshoots.
    """
    inputs = np.hstack([vectors, np.ones((len(vectors), 1), np.float32)]) * np.float32(_SHARPNESS)
    share = _shares(targets)
    curvature = inputs.T @ inputs / (2 * len(inputs)) + np.float32(_DECAY) * np.eye(inputs.shape[1], dtype=np.float32)
    downhill = np.linalg.inv(curvature).astype(np.float32)
    weights = ahead = _means(vectors, targets) if start is None else start
    momentum = 0
    for _ in range(_STEPS if start is None else _STEPS_FROM_KNOWN):
        slope = inputs.T @ (softmax(inputs @ ahead) - share) / np.float32(len(inputs)) + np.float32(_DECAY) * ahead
        reached = ahead - downhill @ slope
        momentum = 0 if ((ahead - reached) * (reached - weights)).sum() > 0 else momentum + 1
        ahead, weights = reached + (reached - weights) * np.float32(momentum / (momentum + 3)), reached
    return np.asarray(weights, np.float32)


def _means(vectors: Vectors, targets: Targets) -> Scores:
    """(385, classes): the mean vector of each class."""
    share = _shares(targets)
    means = (share.T @ vectors) / (share.sum(0)[:, None] + 1e-6)
    return np.asarray(np.vstack([means.T, np.zeros((1, targets.shape[1]), np.float32)]), np.float32)


def _shares(targets: Targets) -> Scores:
    """(texts, classes): each text is divided among what it means."""
    return np.asarray(targets.astype(np.float32) / targets.sum(1, keepdims=True, dtype=np.float32), np.float32)


def softmax(logits: Scores) -> Scores:
    """Probabilities over the last axis."""
    logits = logits - logits.max(-1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(-1, keepdims=True)
    return logits


def vectors_of(
    texts: Sequence[str], encoder: SentenceEncoder, shipped: Mapping[bytes, Packed], cached: Mapping[bytes, Packed]
) -> tuple[Vectors, dict[str, Vectors]]:
    """All vectors, and by sentence those that were not shipped."""
    vectors = np.zeros((len(texts), VECTOR_LENGTH), np.float32)
    fresh: dict[str, Vectors] = {}
    for row, text in enumerate(texts):
        name = _checksum(text)
        packed = shipped.get(name) or cached.get(name) or _pack(encoder.embed([text])[0])
        vectors[row] = packed[0] * packed[1]
        if name not in shipped:
            fresh[text] = vectors[row]
    return vectors, fresh


def _checksum(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=8).digest()


def _pack(vector: Vectors) -> Packed:
    """In eight bits, as it is kept: a start that finds it in the store must not understand anything else than the one that made it."""
    scale = np.float32(max(float(np.abs(vector).max()), 1e-6) / 127)
    return np.rint(vector / scale).astype(np.int8), scale


def read_kept(
    path: Path | None, encoder: SentenceEncoder, vectors_too: bool = True, tell: Callable[[str], None] = lambda problem: None
) -> Kept | None:
    """None where the file is missing, damaged (which `tell` is told), or of another encoder."""
    if path is None or not os.path.lexists(path):
        return None
    try:
        with np.load(path, allow_pickle=False) as saved:
            if str(saved["encoder"]) != encoder.fingerprint:
                return None
            vectors = {}
            if vectors_too:
                names, numbers, scales = saved["names"].tobytes(), saved["vectors"], saved["scales"]
                vectors = {names[8 * row : 8 * row + 8]: (numbers[row], scales[row]) for row in range(len(numbers))}
            return Kept(str(saved["key"]), saved["classes"].tolist(), np.asarray(saved["weights"], np.float32), vectors)
    except Exception:  # numpy raises many kinds for damaged files: whatever it is, all is made anew
        tell(f"What it learned from the examples is damaged in {path}. It learns it anew, which may take some minutes at the start.")
        return None


def write_kept(
    path: Path, key: str, classes: Sequence[str], encoder: SentenceEncoder, weights: Scores, vectors: Mapping[str, Vectors]
) -> None:
    """What could not be written the next start computes again. key: of `key_of`."""
    packed = [_pack(vector) for vector in vectors.values()]
    arrays = {
        "key": key,
        "encoder": encoder.fingerprint,
        "classes": np.array(classes),
        "weights": weights,
        "names": np.frombuffer(b"".join(map(_checksum, vectors)), np.uint8),
        "vectors": np.array([numbers for numbers, _ in packed], np.int8).reshape(-1, VECTOR_LENGTH),
        "scales": np.array([scale for _, scale in packed], np.float32),
    }
    write_arrays(path, arrays)


def write_arrays(path: Path, arrays: Mapping[str, object]) -> None:
    """An .npz file, whole or not at all."""
    write_whole(path, lambda file: np.savez(file, **arrays))  # type: ignore[arg-type]
