"""The store that spares fitting: what it gives is what fitting would give, and only new sentences are embedded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from skill.understanding.encoder import SentenceEncoder
from skill.understanding.head import FITTED_FILE, MISHEARD_FILE, Head, TrainingSet, fit, head_for, key_of, with_misheard, write_kept
from skill.understanding.intents import load_intents
from skill.understanding.learned import WORDS_FILE, WordStatistics, count_words, training_set, words_for
from skill.understanding.wording import normalise
from tests.knowledge import ENCODER, ENGLISH, needs_encoder

pytestmark = needs_encoder
TEXTS = ["i am bleeding", "blood on the tissue", "which shoes are good", "high heels", "what is the weather", "play some music"]
CLASSES = ["danger.bleeding now", "none none", "relief.shoes none"]
MEANS = [0, 0, 2, 2, 1, 1]


def examples(*more: tuple[str, int]) -> TrainingSet:
    texts, means = [*TEXTS, *(text for text, _ in more)], [*MEANS, *(kind for _, kind in more)]
    return TrainingSet(texts, np.eye(3, dtype=np.uint8)[means], CLASSES)


@pytest.fixture
def encoder(tmp_path: Path) -> SentenceEncoder:
    """The real one, in a folder of its own without a fitted file."""
    folder = tmp_path / "encoder"
    folder.mkdir()
    for name in ("encoder.onnx", "tokenizer.json"):
        (folder / name).symlink_to(ENCODER / name)
    return SentenceEncoder(folder)


def ship(encoder: SentenceEncoder, given: TrainingSet) -> None:
    vectors = encoder.embed(given.texts)
    vectors_by_text = dict(zip(given.texts, vectors, strict=True))
    write_kept(encoder.folder / FITTED_FILE, key_of(given, encoder), given.classes, encoder, fit(vectors, given.targets), vectors_by_text)


def test_what_is_fitted_tells_the_classes_apart(encoder: SentenceEncoder) -> None:
    head = head_for(examples(), encoder, None)
    found = head.logits(encoder.embed(["there is blood", "are these shoes good", "put the radio on"])).argmax(1)
    assert found.tolist() == [0, 2, 1]


def test_with_the_shipped_file_nothing_is_fitted_or_kept(encoder: SentenceEncoder, tmp_path: Path) -> None:
    ship(encoder, examples())
    head_for(examples(), encoder, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_only_new_sentences_are_embedded_and_kept(encoder: SentenceEncoder, tmp_path: Path) -> None:
    ship(encoder, examples())
    first = head_for(examples(("trainers", 2)), encoder, tmp_path / "cache")
    with np.load(tmp_path / "cache" / "understanding.npz") as kept:
        assert kept["vectors"].shape == (1, 384)
    again = head_for(examples(("trainers", 2)), encoder, tmp_path / "cache")
    assert np.array_equal(first.weights, again.weights)


def test_what_stood_there_before_changes_nothing(encoder: SentenceEncoder, tmp_path: Path) -> None:
    ship(encoder, examples())
    head_for(examples(("trainers", 2), ("sandals", 2)), encoder, tmp_path / "cache")
    after = head_for(examples(("clogs", 2)), encoder, tmp_path / "cache")
    fresh = head_for(examples(("clogs", 2)), encoder, tmp_path / "other")
    assert np.array_equal(after.weights, fresh.weights)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no", b"x" * 1000])
def test_a_damaged_shipped_file_costs_only_time(encoder: SentenceEncoder, tmp_path: Path, content: bytes) -> None:
    fresh = head_for(examples(), encoder, None)
    (encoder.folder / FITTED_FILE).write_bytes(content)
    assert np.array_equal(head_for(examples(), encoder, None).weights, fresh.weights)


def test_a_file_of_another_encoder_is_not_used(encoder: SentenceEncoder, tmp_path: Path) -> None:
    fresh = head_for(examples(), encoder, None)
    ship(encoder, examples())
    path = encoder.folder / FITTED_FILE
    with np.load(path) as kept:
        arrays = dict(kept)
    arrays["encoder"] = np.array("another")
    arrays["weights"] = np.zeros_like(arrays["weights"])
    np.savez(path, **arrays)  # type: ignore[arg-type]
    assert np.array_equal(head_for(examples(), encoder, None).weights, fresh.weights)


def test_what_was_misheard_of_an_example_means_the_same(encoder: SentenceEncoder) -> None:
    plain = head_for(examples(), encoder, None)
    pairs = [("blood on the tissue", "flood on a tissue"), ("no example", "never mind"), ("high heels", "play some music")]
    lines = [json.dumps({"said": said, "heard": heard}) for said, heard in pairs]
    (encoder.folder / MISHEARD_FILE).write_text("\n".join(["no json", '{"said": 1}', *lines]), encoding="utf-8")
    widened = with_misheard(examples(), encoder.folder / MISHEARD_FILE)
    assert widened.texts == [*TEXTS, "flood on a tissue"]
    assert widened.targets[-1].tolist() == [1, 0, 0]

    widened_head, vector = head_for(examples(), encoder, None), encoder.embed(["there is a flood on my tissue"])
    assert widened_head.logits(vector)[0, 0] > plain.logits(vector)[0, 0]


def test_what_was_misheard_since_is_learned_too(encoder: SentenceEncoder, tmp_path: Path) -> None:
    before = head_for(examples(), encoder, tmp_path / "cache")
    (encoder.folder / MISHEARD_FILE).write_text('{"said": "blood on the tissue", "heard": "flood on a tissue"}\n', encoding="utf-8")
    after = head_for(examples(), encoder, tmp_path / "cache")
    assert not np.array_equal(before.weights, after.weights)


def test_the_shipped_file_fits_the_encoder_and_knows_almost_all_examples() -> None:
    encoder = SentenceEncoder(ENCODER)
    given, _ = training_set(load_intents(ENGLISH))
    with np.load(ENCODER / FITTED_FILE, allow_pickle=False) as kept:
        assert str(kept["encoder"]) == encoder.fingerprint, "run script/embed_examples.py"
        assert len(kept["vectors"]) >= 0.95 * len(given.texts), "many examples are new: run script/embed_examples.py"


def test_the_fit_arrives_and_stays(encoder: SentenceEncoder) -> None:
    """Many examples of few, like classes: where a step could be too long. What is reached is a rest: fitted again it stays."""
    book = load_intents(ENGLISH)
    chosen = [(normalise(example.text), example.labels[0]) for example in book.examples[::40]]
    labels = sorted({label for _, label in chosen})
    targets = np.eye(len(labels), dtype=np.uint8)[[labels.index(label) for _, label in chosen]]
    vectors = encoder.embed([text for text, _ in chosen])
    reached = fit(vectors, targets)
    again = fit(vectors, targets, reached)
    assert float(np.abs(again - reached).max()) < 0.05 * float(np.abs(reached).max())
    assert float((Head(reached).logits(vectors).argmax(1) == targets.argmax(1)).mean()) > 0.95


def told_apart(words: WordStatistics) -> list[int]:
    return [int(words.log_scores(text).argmax()) for text in ("blood on it", "which heels", "some music")]


def test_counted_words_are_kept_and_counted_anew_when_damaged_or_of_others(tmp_path: Path) -> None:
    given, problems = examples(), list[str]()
    counted = words_for(given, tmp_path, problems.append)
    kept = tmp_path / WORDS_FILE
    before = kept.stat().st_mtime_ns
    again = words_for(given, tmp_path, problems.append)
    assert np.array_equal(again.log_odds, counted.log_odds)
    assert told_apart(again) == told_apart(counted)
    assert (kept.stat().st_mtime_ns, problems) == (before, [])

    words_for(examples(("trainers", 2)), tmp_path, problems.append)
    assert kept.stat().st_mtime_ns != before

    kept.write_bytes(kept.read_bytes()[:200])
    assert told_apart(words_for(given, tmp_path, problems.append)) == told_apart(counted)
    assert len(problems) == 1
    assert str(kept) in problems[0]


def test_without_a_folder_to_keep_them_words_are_counted() -> None:
    assert told_apart(words_for(examples(), None)) == told_apart(count_words(TEXTS, examples().targets))
