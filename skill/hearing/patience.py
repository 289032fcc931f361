"""How long a silence ends what she says, from the words so far. Words alone, no sound."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

SHORTER, LONGER = 0.6, 1.6

# Nobody stops at these: she looks for the next word.
_UNFINISHED = frozenset(
    {
        *("a", "an", "the", "my", "your", "his", "her", "our", "their", "i", "i'm", "it's", "he", "she", "we", "they"),
        *("and", "or", "but", "because", "so", "if", "when", "while", "that", "which", "who", "then", "like", "very", "um", "uh", "er"),
        *("with", "without", "to", "of", "for", "from", "in", "on", "at", "by", "about"),
        *("is", "am", "are", "was", "were", "do", "does", "did", "can", "could", "should", "would", "will", "have", "has", "had"),
    }
)
# Commands behind which nothing comes. Not "yes", "no" and "help": what follows those may be a danger, and while it answers it is deaf.
_WHOLE = frozenset(
    {
        *("stop", "be quiet", "quiet", "louder", "quieter", "slower", "faster", "speak up", "slow down"),
        *("repeat", "repeat that", "say that again", "say it again", "go on", "thank you", "thanks", "goodbye"),
    }
)


@dataclass(frozen=True, slots=True)
class Patience:
    """unfinished: words after which more is to come. whole: commands after which nothing comes. Both lower case."""

    unfinished: Collection[str] = _UNFINISHED
    whole: Collection[str] = _WHOLE

    def silence_seconds(self, said: str, usual_seconds: float) -> float:
        """said: what was heard so far, empty while nothing is known."""
        if said in self.whole:
            return usual_seconds * SHORTER
        words = said.split()
        return usual_seconds * LONGER if words and words[-1] in self.unfinished else usual_seconds


ENGLISH = Patience()
