"""The words that make it silent while it speaks, and whether a text holds one. Pure.

It hears them while its own voice is in the microphone. So it must never say them itself: `run_assistant.py check` looks for them in every
line, and while it says a hospital's or a helper's name that holds one, nobody listens for them.
"""

from __future__ import annotations

import re

STOP_WORDS = ("stop", "wait", "enough", "quiet")

# With any ending: who listens for "stop" hears it in "stopping" too.
_HELD = re.compile(rf"\b(?:{'|'.join(STOP_WORDS)})[a-z]*\b", re.IGNORECASE)

# What may be said with a stop word to the same end: "okay, stop", "be quiet", "that's enough", "wait a moment".
_SAID_WITH = frozenset(
    ["okay", "ok", "please", "now", "be", "that's", "thats", "is", "it", "just", "a", "moment", "minute", "oh", "no", "hey"]
)
_MOST_WORDS = 4

# Its own words that sound like a stop word.
_SOUND_ALIKES = {"weight": "wait", "weights": "wait", "weighed": "wait", "quite": "quiet"}
_WORD = re.compile(r"[a-z']+")


def stop_phrase(text: str) -> str:
    """The stop word of a text that asks for silence and says nothing else; empty where it is another one. text: lower case, bare words."""
    words = text.split()
    said = [word for word in words if word in STOP_WORDS]
    return said[0] if said and len(words) <= _MOST_WORDS and {*words} <= {*STOP_WORDS, *_SAID_WITH} else ""


def stop_words_in(text: str) -> tuple[str, ...]:
    """The words of a text that would be heard as a stop word, as they stand there, each once."""
    return tuple(dict.fromkeys(_HELD.findall(text)))


def sounds_like_in(text: str) -> frozenset[str]:
    """The stop words that a word of this text could be taken for: "wait" where it says "weight"."""
    return frozenset(_SOUND_ALIKES[word] for word in _WORD.findall(text.lower()) if word in _SOUND_ALIKES)
