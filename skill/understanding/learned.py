"""The learned view: how likely each label is, judged from the examples in the YAML.

Two sides look at a sentence: its words and letters (`WordStatistics`, always there) and its meaning (a head on the sentence encoder,
`head.py`, where the encoder is there). Both are fitted from the examples at start; an intent that was added in YAML needs no training
step.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from skill.errors import ModelError
from skill.messages import Tier
from skill.understanding.encoder import SentenceEncoder
from skill.understanding.head import Scores, Targets, TrainingSet, head_for, softmax, write_arrays
from skill.understanding.intents import IntentBook

WORDS_FILE = "words.npz"
_WORDS_FORMAT = "words 2"
_WORDS_WEIGHT = 0.15  # of the two sides together; measured with benchmarks.understanding. By themselves they raise no alarm, see Thresholds


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
    """Naive Bayes over `features`; the fit is a count (`count_words`). About 0.2 ms a sentence.

    known: (features,) checksums, in order: as strings, those of all examples would take most of the memory of understanding.
    log_odds: (features, labels), in eight bits for the same reason, in steps of `step`. prior: (labels,).
    """

    def __init__(self, known: NDArray[np.uint32], log_odds: NDArray[np.int8], step: float, prior: NDArray[np.float32]) -> None:
        self.known = known
        self.log_odds = log_odds
        self.step = step
        self.prior = prior

    def log_scores(self, text: str) -> Scores:
        """(labels,) unnormalised. Damped by the square root of the number of features, since they hang together."""
        wanted = _checksums(text)
        places = np.searchsorted(self.known, wanted).clip(max=max(0, len(self.known) - 1))
        columns = places[self.known[places] == wanted] if len(self.known) else places[:0]
        if not len(columns):
            return self.prior
        evidence = self.log_odds[columns].sum(0, dtype=np.int32) * np.float32(self.step)
        return np.asarray(self.prior + evidence * (3.0 / len(columns) ** 0.5), np.float32)


def count_words(texts: Sequence[str], targets: Targets) -> WordStatistics:
    """Counted from the examples: some seconds for tens of thousands on a small machine. texts: normalised. targets: (texts, labels)."""
    found = [_checksums(text) for text in texts]
    every = np.concatenate(found)
    rows = np.repeat(np.arange(len(found)), [len(one) for one in found])
    kinds, times = np.unique(every, return_counts=True)
    known = kinds[times > 1]
    columns = np.searchsorted(known, every).clip(max=max(0, len(known) - 1))
    kept = known[columns] == every if len(known) else np.zeros(len(every), bool)
    rows, columns = rows[kept], columns[kept]
    counts = np.full((len(known), targets.shape[1]), 0.05, np.float32)
    for kind in range(targets.shape[1]):
        counts[:, kind] += np.bincount(columns[targets[rows, kind] > 0], minlength=len(known))
    odds = np.log(counts / counts.sum(0)) - np.log(counts.sum(1, keepdims=True) / counts.sum())
    prior = np.log((targets.sum(0) + 1) / (targets.sum() + targets.shape[1]))
    step = max(float(np.abs(odds).max(initial=0.0)), 1e-6) / 127
    return WordStatistics(known, np.rint(odds / step).astype(np.int8), step, prior.astype(np.float32))


def words_for(examples: TrainingSet, cache_folder: Path | None, tell: Callable[[str], None] = lambda problem: None) -> WordStatistics:
    """As counted before, where these examples were; a missing or broken file (which `tell` is told) costs only the time to count anew."""
    path = cache_folder / WORDS_FILE if cache_folder else None
    key = examples.key(_WORDS_FORMAT)
    kept = _read_words(path, key, tell)
    if kept is not None:
        return kept
    counted = count_words(examples.texts, examples.targets)
    if path is not None:
        write_arrays(path, {"key": key, "known": counted.known, "log_odds": counted.log_odds, "step": counted.step, "prior": counted.prior})
    return counted


def _read_words(path: Path | None, key: str, tell: Callable[[str], None]) -> WordStatistics | None:
    if path is None or not os.path.lexists(path):
        return None
    try:
        with np.load(path, allow_pickle=False) as saved:
            if str(saved["key"]) != key:
                return None
            return WordStatistics(saved["known"], saved["log_odds"], float(saved["step"]), saved["prior"])
    except Exception:  # numpy raises many kinds for damaged files
        tell(f"The counts of words are damaged in {path}. They are counted anew.")
        return None


def _checksums(text: str) -> NDArray[np.uint32]:
    """One for each different feature."""
    return np.fromiter((crc32(feature.encode()) for feature in set(features(text))), np.uint32)


def training_set(book: IntentBook) -> tuple[TrainingSet, tuple[tuple[str, Tier], ...]]:
    """All examples, and the label and tier that each class stands for."""
    examples = book.examples
    own = [(example.labels[0], example.tier) for example in examples]
    classes = tuple(sorted({*own, *((label, intent.tier) for label, intent in book.intents.items())}))
    place = {kind: number for number, kind in enumerate(classes)}
    targets = np.zeros((len(examples), len(classes)), np.uint8)  # most of what a start needs for a moment
    targets[np.arange(len(examples)), [place[kind] for kind in own]] = 1
    for row, example in enumerate(examples):
        if len(example.labels) > 1:  # few: each start goes through tens of thousands
            targets[row, [place[label, book.intents[label].tier] for label in example.labels[1:]]] = 1
    names = [f"{label} {tier.word}" for label, tier in classes]
    return TrainingSet([example.plain for example in examples], targets, names), classes


@dataclass(frozen=True)
class Opinion:
    """What the examples say of one sentence.

    labels: probability of each label (they sum to 1). tiers: the likeliest tier, were it this label. danger: of any danger at all.
    """

    labels: Mapping[str, float]
    tiers: Mapping[str, Tier]
    danger: float


def blended(opinions: Sequence[Opinion], weights: Sequence[float]) -> Opinion:
    """The mean of what the examples say of several readings of one sound; the tiers are those of the first. weights: above 0."""
    if len(opinions) == 1:
        return opinions[0]
    share = [weight / sum(weights) for weight in weights]
    labels = {
        label: sum(part * opinion.labels[label] for part, opinion in zip(share, opinions, strict=True)) for label in opinions[0].labels
    }
    return Opinion(labels, opinions[0].tiers, sum(part * opinion.danger for part, opinion in zip(share, opinions, strict=True)))


class _Classes:
    """Probabilities of the classes ("danger.fever now") → an Opinion of the labels."""

    def __init__(self, classes: Sequence[tuple[str, Tier]]) -> None:
        self._labels = list(dict.fromkeys(label for label, _ in classes))
        places = {label: place for place, label in enumerate(self._labels)}
        self._label_of = np.array([places[label] for label, _ in classes])
        self._is_danger = np.array([label.startswith("danger.") for label, _ in classes])
        tiers: dict[str, list[tuple[int, Tier]]] = {}
        for place, (label, tier) in enumerate(classes):
            tiers.setdefault(label, []).append((place, tier))
        self._only_tier = {label: found[0][1] for label, found in tiers.items()}
        self._several_tiers = {label: found for label, found in tiers.items() if len(found) > 1}

    def opinion(self, row: Scores) -> Opinion:
        """row: (classes,) that sum to 1."""
        labels = dict(zip(self._labels, np.bincount(self._label_of, row).tolist(), strict=True))
        likeliest = {label: max((row[place], tier) for place, tier in found)[1] for label, found in self._several_tiers.items()}
        return Opinion(labels, self._only_tier | likeliest, float(row[self._is_danger].sum()))


class Learned:
    """Both sides together. A label whose examples have several tiers ("a little blood", "clots") is learned as several classes."""

    def __init__(
        self,
        book: IntentBook,
        encoder: SentenceEncoder | None,
        cache_folder: Path | None = None,
        tell: Callable[[str], None] = lambda problem: None,
    ) -> None:
        """tell: gets a sentence when something is damaged. Raises ModelError where the encoder fails on the examples."""
        examples, classes = training_set(book)
        self._classes = _Classes(classes)
        self._words = words_for(examples, cache_folder, tell)
        self.encoder = encoder
        self._tell = tell
        if encoder is not None:
            self._head = head_for(examples, encoder, cache_folder, tell)
            encoder.embed(["does it work"])  # where all was found in the store, it has not embedded anything yet

    def opinion(self, sentence: str) -> Opinion:
        """sentence: normalised."""
        return self._classes.opinion(self._scores(sentence))

    def _scores(self, sentence: str) -> Scores:
        words = softmax(self._words.log_scores(sentence))
        if self.encoder is None:
            return words
        try:
            meaning = self._head.logits(self.encoder.embed([sentence]))[0]
        except ModelError as error:
            self._tell(f"It understands by words alone, which misses much: {error}.")
            self.encoder = None
            return words
        return np.asarray((1 - _WORDS_WEIGHT) * softmax(meaning) + _WORDS_WEIGHT * words, np.float32)
