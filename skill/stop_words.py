"""The words that make it silent while it speaks, and whether a text holds one. Pure.

It hears them while its own voice is in the microphone. So it must never say them itself: `run_assistant.py check` looks for them in every
line, and while it says a hospital's or a helper's name that holds one, nobody listens for them.
"""

from __future__ import annotations

import re

STOP_WORDS = ("stop", "wait", "enough", "quiet")

# With any ending: who listens for "stop" hears it in "stopping" too.
_HELD = re.compile(rf"\b(?:{'|'.join(STOP_WORDS)})[a-z]*\b", re.IGNORECASE)


def stop_words_in(text: str) -> tuple[str, ...]:
    """The words of a text that would be heard as a stop word, as they stand there, each once."""
    return tuple(dict.fromkeys(_HELD.findall(text)))
