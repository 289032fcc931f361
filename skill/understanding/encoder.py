"""Sentences → vectors in which like meanings lie close together. The one module that imports onnxruntime and tokenizers.

The model is all-MiniLM-L6-v2 fine-tuned on our own examples (script/train_encoder.py), weights in eight bits, in `models/encoder/`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skill.errors import ModelError

VECTOR_LENGTH = 384
LONGEST_TOKENS = 64

Vectors = NDArray[np.float32]


class SentenceEncoder:
    """Embeds normalised sentences on one core: about 2 ms each on a desktop core."""

    def __init__(self, folder: Path) -> None:
        """folder: holds encoder.onnx and tokenizer.json. Raises ModelError when they are missing or damaged."""
        import onnxruntime
        from tokenizers import Tokenizer

        self.folder = folder
        model, words = folder / "encoder.onnx", folder / "tokenizer.json"
        try:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            options.log_severity_level = 3
            self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
            self._tokenizer = Tokenizer.from_file(str(words))
        except Exception as error:  # both libraries raise bare or private types for missing and damaged files alike
            reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
            raise ModelError(
                f"the sentence encoder in {folder} cannot be loaded ({reason}); put the folder back from the repository"
            ) from error
        self._tokenizer.enable_truncation(LONGEST_TOKENS)
        self._tokenizer.no_padding()
        self.fingerprint = hashlib.sha256(model.read_bytes()).hexdigest()[:16]

    def embed(self, sentences: Sequence[str]) -> Vectors:
        """(n, 384) float32, each row of length one. Any text is fine, an empty one too. Raises ModelError where the model fails."""
        # One at a time: eight-bit activations are scaled by all that is in a batch, and a sentence must not depend on its company.
        vectors = np.zeros((len(sentences), VECTOR_LENGTH), np.float32)
        try:
            for row, sentence in enumerate(sentences):
                encoded = self._tokenizer.encode(sentence)
                ids, mask = np.array([encoded.ids], np.int64), np.array([encoded.attention_mask], np.int64)
                (vectors[row : row + 1],) = self._session.run(None, {"input_ids": ids, "attention_mask": mask})
        except Exception as error:  # a model that could be loaded may be damaged all the same; its message may hold the sentence
            raise ModelError(
                f"the sentence encoder in {self.folder} fails ({type(error).__name__}); put the folder back from the repository"
            ) from error
        return vectors
