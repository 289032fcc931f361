"""Writes models/encoder/fitted.npz: the vectors of all examples, and of what was misheard of them, and the head fitted from them, so that
no first start has to make them.

    .venv/bin/python script/embed_examples.py

Run it after script/train_encoder.py, and when many examples were added (a start embeds by itself what this file does not hold).
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from skill.understanding.encoder import SentenceEncoder
from skill.understanding.head import FITTED_FILE, MISHEARD_FILE, fit, key_of, read_kept, vectors_of, with_misheard, write_kept
from skill.understanding.intents import load_intents
from skill.understanding.learned import training_set


def main() -> int:
    encoder = SentenceEncoder(ROOT / "models" / "encoder")
    examples, _ = training_set(load_intents(ROOT / "intents" / "en"))
    key = key_of(examples, encoder)
    examples = with_misheard(examples, encoder.folder / MISHEARD_FILE)
    path = encoder.folder / FITTED_FILE
    kept = read_kept(path, encoder)  # of another encoder: nothing
    vectors, _ = vectors_of(examples.texts, encoder, kept.vectors if kept else {}, {})
    path.unlink(missing_ok=True)
    vectors_by_text = dict(zip(examples.texts, vectors, strict=True))
    write_kept(path, key, examples.classes, encoder, fit(vectors, examples.targets), vectors_by_text)
    print(f"{path}: {len(examples.texts)} sentences, {path.stat().st_size / 1e6:.1f} MB", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
