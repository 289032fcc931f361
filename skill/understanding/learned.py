"""The learned view: how likely each label is, judged from the examples in the YAML.

Two sides look at a sentence: its words and letters (`WordStatistics`, always there) and its meaning (a head on the sentence encoder,
`fit_head`, where the encoder is there). Both are fitted from the examples at start; an intent that was added in YAML needs no training
step.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skill.messages import Tier
from skill.understanding.encoder import SentenceEncoder, Vectors
from skill.understanding.intents import IntentBook
from skill.understanding.wording import normalise

Scores = NDArray[np.float32]

_STEPS = 60
_DECAY = 2e-5
_SHARPNESS = 16.0  # the encoder was trained with vectors of length one times about this
_WORDS_WEIGHT = 0.2  # of the two sides together; measured with benchmarks.understanding
_FORMAT = "4"


def features(text: str) -> list[str]:
    """Words, pairs of words, and runs of four letters within words: what survives a slip of spelling or of the recogniser."""
    words = text.split()
    found = [f"w {word}" for word in words]
    found += [f"p {first} {second}" for first, second in pairwise(words)]
    for word in words:
        padded = f"<{word}>"
        found += [f"c {padded[at : at + 4]}" for at in range(max(1, len(padded) - 3))]
    return found


class WordStatistics:
    """Naive Bayes over `features`; the fit is a count. About 0.2 ms a sentence."""

    def __init__(self, texts: Sequence[str], targets: Scores) -> None:
        seen = [set(features(text)) for text in texts]
        spread = Counter(feature for found in seen for feature in found)
        self._column = {feature: number for number, feature in enumerate(f for f, times in spread.items() if times > 1)}
        rows, classes = np.nonzero(targets)
        kinds = targets.shape[1]
        cells = [
            self._column[feature] * kinds + kind
            for row, kind in zip(rows.tolist(), classes.tolist(), strict=True)
            for feature in seen[row]
            if feature in self._column
        ]
        counts = np.bincount(cells, minlength=len(self._column) * kinds).astype(np.float32).reshape(-1, kinds) + np.float32(0.05)
        self._log_odds = np.log(counts / counts.sum(0)) - np.log(counts.sum(1, keepdims=True) / counts.sum())
        self._prior = np.log((targets.sum(0) + 1) / (targets.sum() + targets.shape[1]))

    def log_scores(self, text: str) -> Scores:
        """(labels,) unnormalised. Damped by the square root of the number of features, since they hang together."""
        columns = [self._column[feature] for feature in set(features(text)) if feature in self._column]
        if not columns:
            return np.asarray(self._prior, np.float32)
        evidence = self._log_odds[columns].sum(0)
        return np.asarray(self._prior + evidence * (3.0 / len(columns) ** 0.5), np.float32)


def fit_head(vectors: Vectors, targets: Scores) -> Scores:
    """Multinomial logistic regression, (385, labels), by accelerated gradient from the class means: about a second for 11,000 examples."""
    inputs = np.hstack([vectors, np.ones((len(vectors), 1), np.float32)]) * np.float32(_SHARPNESS)
    share = targets / targets.sum(1, keepdims=True)
    weights = np.zeros((inputs.shape[1], targets.shape[1]), np.float32)
    means = (share.T @ vectors) / (share.sum(0)[:, None] + 1e-6)
    weights[:-1] = means.T
    velocity = np.zeros_like(weights)
    rate = np.float32(4.0 / (_SHARPNESS**2))
    for step in range(_STEPS):
        ahead = weights + velocity * np.float32(step / (step + 3))
        error = _softmax(inputs @ ahead) - share
        update = ahead - rate * ((inputs.T @ error) / len(inputs) * targets.shape[1] * 0.5 + _DECAY * ahead)
        velocity, weights = update - weights, update
    return weights


@dataclass(frozen=True)
class Opinion:
    """What the examples say of one sentence.

    labels: probability of each label (they sum to 1). tiers: the likeliest tier, were it this label.
    """

    labels: Mapping[str, float]
    tiers: Mapping[str, Tier]

    @property
    def danger(self) -> float:
        """Probability of any danger at all."""
        return sum(value for label, value in self.labels.items() if label.startswith("danger."))


class Learned:
    """Both sides together. A label whose examples have several tiers ("a little blood", "clots") is learned as several classes."""

    def __init__(self, book: IntentBook, encoder: SentenceEncoder | None, cache_folder: Path | None = None) -> None:
        examples = book.examples
        texts = [normalise(example.text) for example in examples]
        own = [(example.labels[0], example.tier) for example in examples]
        self._classes = tuple(sorted({*own, *((label, intent.tier) for label, intent in book.intents.items())}))
        place = {kind: number for number, kind in enumerate(self._classes)}
        targets = np.zeros((len(texts), len(self._classes)), np.float32)
        for row, example in enumerate(examples):
            targets[row, place[own[row]]] = 1.0
            targets[row, [place[label, book.intents[label].tier] for label in example.labels[1:]]] = 1.0
        self._words = WordStatistics(texts, targets)
        self.encoder = encoder
        if encoder is not None:
            self._head = _fitted_head(encoder, texts, targets, cache_folder)

    def opinions(self, sentences: Sequence[str]) -> list[Opinion]:
        """One opinion for each sentence (normalised)."""
        return [self._opinion(row) for row in self._scores(sentences)]

    def _opinion(self, row: Scores) -> Opinion:
        labels: dict[str, float] = {}
        best: dict[str, tuple[float, Tier]] = {}
        for (label, tier), value in zip(self._classes, map(float, row), strict=True):
            labels[label] = labels.get(label, 0.0) + value
            best[label] = max(best.get(label, (-1.0, Tier.NONE)), (value, tier))
        return Opinion(labels, {label: tier for label, (_, tier) in best.items()})

    def _scores(self, sentences: Sequence[str]) -> Scores:
        words = np.stack([self._words.log_scores(sentence) for sentence in sentences])
        if self.encoder is None:
            return _softmax(words)
        vectors = self.encoder.embed(sentences)
        inputs = np.hstack([vectors, np.ones((len(vectors), 1), np.float32)]) * np.float32(_SHARPNESS)
        return np.asarray((1 - _WORDS_WEIGHT) * _softmax(inputs @ self._head) + _WORDS_WEIGHT * _softmax(words), np.float32)


def _softmax(logits: Scores) -> Scores:
    logits = logits - logits.max(-1, keepdims=True)
    grown = np.exp(logits)
    return np.asarray(grown / grown.sum(-1, keepdims=True), np.float32)


def _fitted_head(encoder: SentenceEncoder, texts: list[str], targets: Scores, cache_folder: Path | None) -> Scores:
    """The head, from the cache where nothing changed; else fitted, and only new examples are embedded.

    A broken cache costs only the time to make it anew.
    """
    known: dict[str, Vectors] = {}
    store = cache_folder / "understanding.npz" if cache_folder else None
    key = hashlib.sha256("\n".join([_FORMAT, encoder.fingerprint, *texts]).encode() + targets.tobytes()).hexdigest()
    if store is not None and store.is_file():
        try:
            with np.load(store, allow_pickle=False) as saved:
                if str(saved["key"]) == key:
                    return np.asarray(saved["head"], np.float32)
                if str(saved["encoder"]) == encoder.fingerprint:
                    known = dict(zip(map(str, saved["texts"]), np.asarray(saved["vectors"], np.float32), strict=True))
        except Exception:  # numpy raises many kinds for damaged files: whatever it is, the cache is made anew
            known = {}
    new = [text for text in texts if text not in known]
    known.update(zip(new, encoder.embed(new), strict=True))
    vectors = np.stack([known[text] for text in texts])
    head = fit_head(vectors, targets)
    if store is not None:
        _save(store, key=key, encoder=encoder.fingerprint, texts=np.array(texts), vectors=vectors.astype(np.float16), head=head)
    return head


def _save(store: Path, **arrays: object) -> None:
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=store.parent, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        os.replace(name, store)
    except OSError:  # no space or no rights: the next start computes it again
        return
