"""Fine-tunes the sentence encoder on our own examples and writes models/encoder/ (encoder.onnx, tokenizer.json).

Not needed to run, to test, or to add an intent: the head on top of the encoder is fitted from the YAML at start. Run it when the examples
have grown much. It needs what the assistant does not (PyTorch, transformers, onnx):

    python -m venv /tmp/train && /tmp/train/bin/pip install torch transformers onnx onnxscript onnxruntime pyyaml pydantic rich
    /tmp/train/bin/python script/train_encoder.py --base FOLDER_OF_ALL_MINILM_L6_V2

The base is all-MiniLM-L6-v2 (Apache-2.0), `run_assistant.py models fetch all-minilm-l6-v2`. What training sees is `intents/en/`, and what
the recogniser made of those sentences (script/hear_examples.py). Afterwards run script/embed_examples.py.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from copy import deepcopy
from difflib import SequenceMatcher
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np
import torch
from torch import nn
from transformers import AutoModel, AutoTokenizer

from skill.understanding.intents import NOTHING_OF_OURS, load_intents
from skill.understanding.wording import normalise

LONGEST_TOKENS = 64
AVERAGED_EACH = 10  # steps
JOINS = (" and ", " also ", " but ", " oh and ", " and another thing ", " ", " so ", " because ", " plus ", " anyway ")


# What Whisper hears where nobody speaks.
HEARD_IN_SILENCE = ("you", "thank you", "okay", "oh", "and", "yeah", "bye", "so", "the")
DENIES = {"no", "not", "never", "none", "nothing", "nor", "without"}


class Mishearing:
    """What a recogniser makes of words ("bleeding" → "the leading", "waist" → "waste"), counted in pairs of what was said and heard."""

    LONGEST_WORDS = 3
    MOST = 0.5  # what was said once, and misheard, would else be misheard always

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.heard: dict[str, Counter[str]] = defaultdict(Counter)
        self.said: Counter[str] = Counter()
        for said, heard in pairs:
            words, others = said.split(), heard.split()
            for length in range(1, self.LONGEST_WORDS + 1):
                self.said.update(" ".join(words[at : at + length]) for at in range(len(words) - length + 1))
            for kind, start, end, other_start, other_end in SequenceMatcher(None, words, others, autojunk=False).get_opcodes():
                before, after = words[start:end], others[other_start:other_end]
                if kind == "replace" and max(len(before), len(after)) <= self.LONGEST_WORDS and self._denies(before) == self._denies(after):
                    self.heard[" ".join(before)][" ".join(after)] += 1

    @staticmethod
    def _denies(words: list[str]) -> bool:
        """A denial that comes or goes changes the meaning; it must not be learned as noise."""
        return any(word in DENIES or word.endswith("n't") for word in words)

    def of(self, text: str, dice: random.Random) -> str:
        words, heard, at = text.split(), [], 0
        while at < len(words):
            for length in range(min(self.LONGEST_WORDS, len(words) - at), 0, -1):
                part = " ".join(words[at : at + length])
                known = self.heard.get(part)
                if known and dice.random() < min(self.MOST, known.total() / self.said[part]):
                    heard += dice.choices(list(known), list(known.values()))[0].split()
                    at += length
                    break
            else:
                heard.append(words[at])
                at += 1
        return " ".join(heard)


class Examples:
    """Our sentences, with the labels of each as a row of zeros and ones; noise and joined sentences are made anew for each epoch."""

    def __init__(self, folder: Path, heard: Path, seed: int) -> None:
        book = load_intents(folder)
        self.labels = sorted(book.intents)
        self.dice = random.Random(seed)
        self.rows = [(normalise(example.text), frozenset(example.labels)) for example in book.examples]
        misheard = [(row["said"], row["heard"]) for row in map(json.loads, heard.read_text(encoding="utf-8").splitlines())]
        self.mishearing = Mishearing(misheard)
        means = dict(self.rows)
        self.rows += sorted({(text, means[said]) for said, text in misheard if said in means and text not in means})
        self.vocabulary = sorted({word for text, _ in self.rows for word in text.split()})

    def epoch(self) -> list[tuple[str, frozenset[str]]]:
        rows = [(self.changed(text), labels) for text, labels in self.rows]
        rows += [self.joined() for _ in range(len(self.rows) // 5)]
        return rows

    def changed(self, text: str) -> str:
        """As it is, most of the time; else as a recogniser may have taken it."""
        chance = self.dice.random()
        if chance < 0.15:
            return self.noisy(text)
        return self.mishearing.of(text, self.dice) if chance < 0.35 else text

    def joined(self) -> tuple[str, frozenset[str]]:
        """Two sentences in one breath: all that either means, and chatter adds nothing."""
        (first, one), (second, other) = self.dice.choice(self.rows), self.dice.choice(self.rows)
        return first + self.dice.choice(JOINS) + second, (one | other) - {NOTHING_OF_OURS} or frozenset({NOTHING_OF_OURS})

    def noisy(self, text: str) -> str:
        """What a recogniser does to a sentence: small words lost or doubled, a word misheard, the first syllable gone."""
        words = text.split()
        for _ in range(max(1, len(words) // 8)):
            where = self.dice.randrange(len(words))
            kind = self.dice.random()
            if kind < 0.4 and len(words) > 3 and len(words[where]) <= 4:
                del words[where]
            elif kind < 0.7 and len(words[where]) > 3:
                cut = self.dice.randrange(1, len(words[where]))
                words[where] = words[where][:cut] + self.dice.choice("aeioulrstn") + words[where][cut + 1 :]
            elif kind < 0.85 and len(words) > 4:
                words[where] = self.dice.choice(self.vocabulary)
            else:
                words.insert(where, self.dice.choice(("uh", "um", "well", "like", "the", "so")))
        if self.dice.random() < 0.3:  # out of the silence before or after her words
            words.insert(self.dice.choice((0, len(words))), self.dice.choice(HEARD_IN_SILENCE))
        return " ".join(words)

    def targets(self, labels: list[frozenset[str]]) -> torch.Tensor:
        place = {label: number for number, label in enumerate(self.labels)}
        rows = torch.zeros(len(labels), len(self.labels))
        for row, given in enumerate(labels):
            rows[row, [place[label] for label in given]] = 1.0
        return rows


class Encoder(nn.Module):
    """The transformer and the mean over its words, length one: what runs in the assistant."""

    def __init__(self, base: Path) -> None:
        super().__init__()
        self.bert = AutoModel.from_pretrained(base, attn_implementation="eager")
        # Words that our examples lack keep their places among those that they hold: people will use them.
        self.bert.embeddings.word_embeddings.weight.requires_grad = False

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        hidden = self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * mask).sum(1) / mask.sum(1)
        return nn.functional.normalize(mean, dim=-1)


def train(encoder: Encoder, tokenizer: AutoTokenizer, examples: Examples, epochs: int, batch: int, rate: float) -> Encoder:
    """The mean of what the encoder was in about its last two thousand steps: steadier than what it is after the last one."""
    head = nn.Linear(384, len(examples.labels))
    scale = nn.Parameter(torch.tensor(16.0))
    danger_columns = [number for number, label in enumerate(examples.labels) if label.startswith("danger.")]
    optimiser = torch.optim.AdamW(
        [
            {"params": [part for part in encoder.parameters() if part.requires_grad], "lr": rate},
            {"params": [*head.parameters(), scale], "lr": rate * 10},
        ],
        weight_decay=0.01,
        fused=True,
    )
    steps = epochs * (len(examples.rows) * 6 // 5 // batch + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, [rate, rate * 10], total_steps=steps + 10, pct_start=0.1)
    encoder.train()
    averaged, done = deepcopy(encoder), 0
    started = time.monotonic()
    for epoch in range(epochs):
        rows = examples.epoch()
        examples.dice.shuffle(rows)
        chunks = [sorted(rows[at : at + batch * 20], key=lambda row: len(row[0])) for at in range(0, len(rows), batch * 20)]
        batches = [chunk[at : at + batch] for chunk in chunks for at in range(0, len(chunk), batch)]
        examples.dice.shuffle(batches)
        total = 0.0
        for group in batches:
            tokens = tokenizer([text for text, _ in group], padding=True, truncation=True, max_length=LONGEST_TOKENS, return_tensors="pt")
            wanted = examples.targets([labels for _, labels in group])
            with torch.autocast("cpu", dtype=torch.bfloat16):
                embedded = encoder(tokens["input_ids"], tokens["attention_mask"])
            embedded = embedded.float()
            logits = head(nn.functional.dropout(embedded, 0.1)) * scale
            share = wanted / wanted.sum(1, keepdim=True)
            loss = nn.functional.cross_entropy(logits, share, label_smoothing=0.05)
            danger = torch.logsumexp(logits[:, danger_columns], 1) - torch.logsumexp(
                logits[:, [n for n in range(logits.shape[1]) if n not in danger_columns]], 1
            )
            has_danger = (wanted[:, danger_columns].sum(1) > 0).float()
            loss = loss + 0.5 * nn.functional.binary_cross_entropy_with_logits(danger, has_danger)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            done += 1
            if done % AVERAGED_EACH == 0:
                average(averaged, encoder, min(0.995, done / (done + 100)))
            total += loss.item()
        print(
            f"epoch {epoch + 1}/{epochs}: loss {total / len(batches):.3f}, {time.monotonic() - started:.0f} s",
            file=sys.stderr,
            flush=True,
        )
    return averaged


def average(averaged: Encoder, encoder: Encoder, kept: float) -> None:
    with torch.no_grad():
        for old, new in zip(averaged.parameters(), encoder.parameters(), strict=True):
            old.lerp_(new, 1 - kept)


def export(encoder: Encoder, base: Path, target: Path) -> None:
    """ONNX, weights in eight bits: a quarter of the size, and quicker on a Raspberry Pi."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    encoder.eval()
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "encoder.onnx"
        ids = torch.ones(1, 8, dtype=torch.long)
        torch.onnx.export(
            encoder,
            (ids, ids),
            str(whole),
            input_names=["input_ids", "attention_mask"],
            output_names=["embedding"],
            dynamic_axes={"input_ids": {0: "n", 1: "t"}, "attention_mask": {0: "n", 1: "t"}, "embedding": {0: "n"}},
            dynamo=False,
        )
        quantize_dynamic(whole, target / "encoder.onnx", weight_type=QuantType.QInt8, per_channel=True)
    shutil.copy(base / "tokenizer.json", target / "tokenizer.json")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--intents", type=Path, default=ROOT / "intents" / "en")
    parser.add_argument("--heard", type=Path, default=ROOT / "models" / "encoder" / "heard.jsonl")
    parser.add_argument("--target", type=Path, default=ROOT / "models" / "encoder")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=1.5e-4)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    np.random.seed(arguments.seed)
    examples = Examples(arguments.intents, arguments.heard, arguments.seed)
    print(f"{len(examples.rows)} examples, {len(examples.labels)} labels", file=sys.stderr)
    tokenizer = AutoTokenizer.from_pretrained(arguments.base)
    encoder = Encoder(arguments.base)
    averaged = train(encoder, tokenizer, examples, arguments.epochs, arguments.batch, arguments.rate)
    export(averaged, arguments.base, arguments.target)
    size = (arguments.target / "encoder.onnx").stat().st_size
    print(f"{arguments.target}: {size / 1e6:.1f} MB", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
