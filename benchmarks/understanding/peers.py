"""What others would make of the same utterances, from the very same examples.

Each peer is a function from our examples to a function from a normalised sentence to a judgement. Its library is imported there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import metadata

from benchmarks.measuring.report import Cell, Column, Table, reason
from benchmarks.understanding.extras import how_to_install
from benchmarks.understanding.scoring import BARS, Judged, Judgement
from benchmarks.understanding.tables import percent_text
from benchmarks.understanding.utterances import Utterance
from skill.messages import Tier
from skill.understanding.intents import NOTHING_OF_OURS, IntentBook
from skill.understanding.wording import normalise

Judge = Callable[[str], Judgement]
LEFT_ALONE = Judgement((), Tier.NONE)
LEAST_LIKENESS = 70


def hassil_templates(book: IntentBook) -> Judge:
    from hassil import Intents, recognize

    labels = {f"intent{number}": label for number, label in enumerate(book.intents)}
    texts = _texts_by_label(book)
    data = {name: {"data": [{"sentences": texts[label]}]} for name, label in labels.items()}
    intents = Intents.from_dict({"language": "en", "intents": data})

    def judge(text: str) -> Judgement:
        found = recognize(text, intents)
        return _of_label(book, labels[found.intent.name]) if found else LEFT_ALONE

    return judge


def rapidfuzz_nearest(book: IntentBook) -> Judge:
    from rapidfuzz import fuzz, process

    examples = book.examples
    texts = [normalise(example.text) for example in examples]

    def judge(text: str) -> Judgement:
        found = process.extractOne(text, texts, scorer=fuzz.token_set_ratio, score_cutoff=LEAST_LIKENESS)
        if found is None:
            return LEFT_ALONE
        example = examples[found[2]]
        return _judgement(example.labels, example.tier)

    return judge


def padacioso_templates(book: IntentBook) -> Judge:
    from padacioso import IntentContainer

    class InOneProcess(IntentContainer):  # type: ignore[misc]  # the library has no types
        """The library starts four processes anew for each sentence and hands them all patterns: 90 s a sentence, for the same result."""

        def calc_intents(self, query: str) -> Iterator[dict[str, object]]:
            found = (self._match(query, name, samples) for name, samples in self.intent_samples.items())
            return (one for one in found if one is not None)

    container = InOneProcess()
    for label, texts in _texts_by_label(book).items():
        container.add_intent(label, texts)
    container.calc_intent("one sentence compiles all patterns")

    def judge(text: str) -> Judgement:
        label = container.calc_intent(text)["name"]
        return _of_label(book, label) if label else LEFT_ALONE

    return judge


def tf_idf_regression(book: IntentBook) -> Judge:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, token_pattern=r"\S+")
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, min_df=2)
    model = make_pipeline(make_union(words, letters), LogisticRegression(C=10, max_iter=100))
    model.fit([normalise(example.text) for example in book.examples], [example.labels[0] for example in book.examples])

    def judge(text: str) -> Judgement:
        return _of_label(book, str(model.predict([text])[0]))

    return judge


PEERS: Mapping[str, tuple[str, Callable[[IntentBook], Judge]]] = {
    "TF-IDF of words and letters, logistic regression": ("scikit-learn", tf_idf_regression),
    f"rapidfuzz token_set_ratio >= {LEAST_LIKENESS}": ("rapidfuzz", rapidfuzz_nearest),
    "padacioso, sentences as templates": ("padacioso", padacioso_templates),
    "hassil, sentences as templates": ("hassil", hassil_templates),
}


def measure_peers(book: IntentBook, ours: Mapping[str, Judge], sets: Mapping[str, Sequence[Utterance]]) -> Iterator[Table]:
    """ours: our own systems by name, for the same rows. sets: name → utterances; a table each."""
    rows: dict[str, list[tuple[Cell, ...]]] = {name: [] for name in sets}
    for name, judge in ours.items():
        for set_name, utterances in sets.items():
            rows[set_name].append(_row(name, judge, utterances))
    for name, (package, make) in PEERS.items():
        try:
            began = time.monotonic()
            judge = make(book)
            remark = f"{package} {metadata.version(package)}, ready after {time.monotonic() - began:.0f} s"
            for set_name, utterances in sets.items():
                rows[set_name].append((*_row(name, judge, utterances), remark))
        except ImportError as exc:
            for set_rows in rows.values():
                set_rows.append((name, *[None] * (len(BARS) + 1), f"not measured: {reason(exc)}; {how_to_install()}"))
    columns = (Column("system"), *(Column(f"{bar.name}, %") for bar in BARS), Column("ms each", 1), Column("remark"))
    limits = ("bars", *(bar.wanted for bar in BARS))
    notes = (
        "In brackets the 95 % interval. All learned from our examples alone; each peer gives one label, with the tier of its intent "
        "(rapidfuzz: of the example that it found).",
    )
    for set_name in sets:
        yield Table(f"Beside others, on the {set_name}", columns, (*rows[set_name], limits), notes)


def _row(name: str, judge: Judge, utterances: Sequence[Utterance]) -> tuple[Cell, ...]:
    texts = [normalise(utterance.text) for utterance in utterances]
    began = time.perf_counter()
    judgements = [judge(text) for text in texts]
    milliseconds = (time.perf_counter() - began) / len(texts) * 1000
    judged: list[Judged] = list(zip(utterances, judgements, strict=True))
    return name, *(percent_text(bar.share(judged)) for bar in BARS), milliseconds


def _texts_by_label(book: IntentBook) -> dict[str, list[str]]:
    return {label: [normalise(example.text) for example in intent.examples] for label, intent in book.intents.items()}


def _of_label(book: IntentBook, label: str) -> Judgement:
    return _judgement((label,), book.intents[label].tier)


def _judgement(labels: tuple[str, ...], tier: Tier) -> Judgement:
    return LEFT_ALONE if labels[0] == NOTHING_OF_OURS else Judgement(labels, tier)
