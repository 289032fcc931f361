"""The head on the sentence encoder: a logistic regression fitted from the examples at start, and the store that spares the fitting.

Embedding all examples takes a minute on a small machine, so what was computed is kept twice: `fitted.npz` beside the encoder, made by
`script/embed_examples.py` for the examples as they are in the repository, and a file in the user's cache folder for whatever was added
since. Only examples that neither knows are embedded.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skill.understanding.encoder import VECTOR_LENGTH, SentenceEncoder, Vectors

Scores = NDArray[np.float32]

FITTED_FILE = "fitted.npz"
_FORMAT = "5"
_STEPS, _STEPS_FROM_KNOWN = 60, 20
_DECAY = 2e-5
_SHARPNESS = 16.0  # the encoder was trained with vectors of length one times about this


class Head:
    """weights: (385, classes), the last row is added to every sentence."""

    def __init__(self, weights: Scores) -> None:
        self.weights = weights

    def logits(self, vectors: Vectors) -> Scores:
        """(n, classes) for (n, 384)."""
        return np.asarray(_SHARPNESS * (vectors @ self.weights[:-1] + self.weights[-1]), np.float32)


@dataclass(frozen=True)
class Kept:
    """What a file of the store holds. vectors: checksum of a sentence → its vector in eight bits, and its scale."""

    key: str
    weights: Scores
    vectors: Mapping[bytes, tuple[NDArray[np.int8], np.float32]]


def head_for(texts: Sequence[str], targets: Scores, encoder: SentenceEncoder, cache_folder: Path | None) -> Head:
    """The head for these examples. targets: (examples, classes). A broken or missing store costs only the time to make it anew."""
    key = head_key(texts, targets, encoder)
    cache = cache_folder / "understanding.npz" if cache_folder else None
    files = [path for path in (encoder.folder / FITTED_FILE, cache) if path is not None]
    for path in files:
        kept = read_kept(path, encoder, vectors_too=False)
        if kept is not None and kept.key == key:
            return Head(kept.weights)
    known = [kept for path in files if (kept := read_kept(path, encoder)) is not None]
    vectors, fresh = _vectors(texts, encoder, known)
    start = next((kept.weights for kept in known if kept.weights.shape == (VECTOR_LENGTH + 1, targets.shape[1])), None)
    weights = fit(vectors, targets, start)
    if cache is not None:
        write_kept(cache, key, encoder, weights, fresh)
    return Head(weights)


def head_key(texts: Sequence[str], targets: Scores, encoder: SentenceEncoder) -> str:
    """Checksum of all that a head depends on."""
    return hashlib.sha256("\n".join([_FORMAT, encoder.fingerprint, *texts]).encode() + targets.tobytes()).hexdigest()


def fit(vectors: Vectors, targets: Scores, start: Scores | None = None) -> Scores:
    """Multinomial logistic regression by accelerated gradient, from `start` or from the class means: (385, classes)."""
    inputs = vectors * np.float32(_SHARPNESS)
    share = targets / targets.sum(1, keepdims=True)
    if start is None:
        means = (share.T @ vectors) / (share.sum(0)[:, None] + 1e-6)
        weights = np.vstack([means.T, np.zeros((1, targets.shape[1]), np.float32)])
    else:
        weights = start.copy()
    velocity = np.zeros_like(weights)
    rate = np.float32(4.0 / (_SHARPNESS**2) * targets.shape[1] * 0.5)
    for step in range(_STEPS if start is None else _STEPS_FROM_KNOWN):
        ahead = weights + velocity * np.float32(step / (step + 3))
        error = softmax(inputs @ ahead[:-1] + np.float32(_SHARPNESS) * ahead[-1]) - share
        slope = np.vstack([inputs.T @ error, np.float32(_SHARPNESS) * error.sum(0, keepdims=True)]) / len(inputs)
        update = ahead - rate * (slope + np.float32(_DECAY * 2 / targets.shape[1]) * ahead)
        velocity, weights = update - weights, update
    return np.asarray(weights, np.float32)


def softmax(logits: Scores) -> Scores:
    """Probabilities over the last axis."""
    logits = logits - logits.max(-1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(-1, keepdims=True)
    return logits


def _vectors(texts: Sequence[str], encoder: SentenceEncoder, known: Iterable[Kept]) -> tuple[Vectors, dict[str, Vectors]]:
    """All vectors, and by sentence those that nobody knew yet or that only the cache knew."""
    shipped, *others = [kept.vectors for kept in known] or [{}]
    vectors = np.zeros((len(texts), VECTOR_LENGTH), np.float32)
    fresh: dict[str, Vectors] = {}
    for row, text in enumerate(texts):
        found = shipped.get(name := _checksum(text))
        if found is None:
            found = next((other[name] for other in others if name in other), None)
            fresh[text] = encoder.embed([text])[0] if found is None else found[0] * found[1]
            vectors[row] = fresh[text]
        else:
            vectors[row] = found[0] * found[1]
    return vectors, fresh


def _checksum(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=8).digest()


def read_kept(path: Path, encoder: SentenceEncoder, vectors_too: bool = True) -> Kept | None:
    """None where the file is missing, damaged, or of another encoder."""
    try:
        with np.load(path, allow_pickle=False) as saved:
            if str(saved["encoder"]) != encoder.fingerprint:
                return None
            vectors = {}
            if vectors_too:
                names, numbers, scales = saved["names"].tobytes(), saved["vectors"], saved["scales"]
                vectors = {names[8 * row : 8 * row + 8]: (numbers[row], scales[row]) for row in range(len(numbers))}
            return Kept(str(saved["key"]), np.asarray(saved["weights"], np.float32), vectors)
    except Exception:  # numpy raises many kinds for damaged files: whatever it is, all is made anew
        return None


def write_kept(path: Path, key: str, encoder: SentenceEncoder, weights: Scores, vectors: Mapping[str, Vectors]) -> None:
    """Whole or not at all. Where there is no space or no right to write, nothing: the next start computes it again."""
    rows = np.stack(list(vectors.values())) if vectors else np.zeros((0, VECTOR_LENGTH), np.float32)
    scales = (np.abs(rows).max(1, initial=1e-6) / 127).astype(np.float32)
    names = np.frombuffer(b"".join(map(_checksum, vectors)), np.uint8)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            numbers = np.rint(rows / scales[:, None]).astype(np.int8)
            np.savez(file, key=key, encoder=encoder.fingerprint, weights=weights, names=names, vectors=numbers, scales=scales)
        os.replace(name, path)
    except OSError:
        return
