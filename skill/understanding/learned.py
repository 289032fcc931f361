"""The learned view: how likely each label is, judged from the examples in the YAML.

Two sides look at a sentence: its words and letters (`WordStatistics`, always there) and its meaning (a head on the sentence encoder,
`head.py`, where the encoder is there). Both are fitted from the examples at start; an intent that was added in YAML needs no training
step.
"""

from __future__ import annotations

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
from skill.understanding.head import Scores, TrainingSet, head_for, softmax
from skill.understanding.intents import IntentBook
from skill.understanding.wording import normalise

_WORDS_WEIGHT = 0.15  # of the two sides together; measured with benchmarks.understanding


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
    """Naive Bayes over `features`; the fit is a count. About 0.2 ms a sentence.

    Features are kept as their checksums: as strings, those of all examples would take most of the memory of understanding.
    """

    def __init__(self, texts: Sequence[str], targets: Scores) -> None:
        found = [_checksums(text) for text in texts]
        every = np.concatenate(found)
        # 32 bits, and nothing kept for longer than it is needed: this is the most memory that a start ever takes.
        rows = np.repeat(np.arange(len(found), dtype=np.int32), [len(one) for one in found])
        del found
        kinds, times = np.unique(every, return_counts=True)
        self._known = kinds[times > 1]
        columns = np.searchsorted(self._known, every).astype(np.int32)
        np.minimum(columns, max(0, len(self._known) - 1), out=columns)
        kept = self._known[columns] == every if len(self._known) else np.zeros(len(every), bool)
        del every
        rows, columns = rows[kept], columns[kept]
        counts = np.full((len(self._known), targets.shape[1]), 0.05, np.float32)
        for kind in range(targets.shape[1]):
            counts[:, kind] += np.bincount(columns[targets[rows, kind] > 0], minlength=len(self._known))
        odds = np.log(counts / counts.sum(0)) - np.log(counts.sum(1, keepdims=True) / counts.sum())
        self._log_odds = odds.astype(np.float16)
        self._prior = np.log((targets.sum(0) + 1) / (targets.sum() + targets.shape[1]))

    def log_scores(self, text: str) -> Scores:
        """(labels,) unnormalised. Damped by the square root of the number of features, since they hang together."""
        wanted = _checksums(text)
        places = np.searchsorted(self._known, wanted).clip(max=max(0, len(self._known) - 1))
        columns = places[self._known[places] == wanted] if len(self._known) else places[:0]
        if not len(columns):
            return np.asarray(self._prior, np.float32)
        evidence = self._log_odds[columns].sum(0, dtype=np.float32)
        return np.asarray(self._prior + evidence * (3.0 / len(columns) ** 0.5), np.float32)


def _checksums(text: str) -> NDArray[np.uint32]:
    """One for each different feature."""
    return np.fromiter((crc32(feature.encode()) for feature in set(features(text))), np.uint32)


def training_set(book: IntentBook) -> tuple[TrainingSet, tuple[tuple[str, Tier], ...]]:
    """All examples, and the label and tier that each class stands for."""
    examples = book.examples
    own = [(example.labels[0], example.tier) for example in examples]
    classes = tuple(sorted({*own, *((label, intent.tier) for label, intent in book.intents.items())}))
    place = {kind: number for number, kind in enumerate(classes)}
    targets = np.zeros((len(examples), len(classes)), np.float32)
    for row, example in enumerate(examples):
        targets[row, place[own[row]]] = 1.0
        targets[row, [place[label, book.intents[label].tier] for label in example.labels[1:]]] = 1.0
    names = [f"{label} {tier.word}" for label, tier in classes]
    return TrainingSet([normalise(example.text) for example in examples], targets, names), classes


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

    def __init__(
        self,
        book: IntentBook,
        encoder: SentenceEncoder | None,
        cache_folder: Path | None = None,
        tell: Callable[[str], None] = lambda problem: None,
    ) -> None:
        """tell: gets a sentence when something is damaged. Raises ModelError where the encoder fails on the examples."""
        examples, self._classes = training_set(book)
        self._words = WordStatistics(examples.texts, examples.targets)
        self.encoder = encoder
        self._tell = tell
        if encoder is not None:
            self._head = head_for(examples, encoder, cache_folder, tell)
            encoder.embed(["does it work"])  # where all was found in the store, it has not embedded anything yet

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
            return softmax(words)
        try:
            meaning = self._head.logits(self.encoder.embed(sentences))
        except ModelError as error:
            self._tell(f"It understands by words alone, which misses much: {error}.")
            self.encoder = None
            return softmax(words)
        return np.asarray((1 - _WORDS_WEIGHT) * softmax(meaning) + _WORDS_WEIGHT * softmax(words), np.float32)
