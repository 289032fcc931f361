"""The frozen values that the stages hand to each other.

Nothing here does any work, opens any device or imports any library. Units are in the names. Failure, "nothing of ours" and "not sure"
are values of their own: no stage says them with an empty string or None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum

PCM_BYTES_PER_SAMPLE = 2
TYPED = "typed"  # who heard it, where nobody did


class Tier(IntEnum):
    """How soon she must be seen. Ordered: a greater tier is more serious."""

    NONE = 0
    TODAY = 1
    NOW = 2
    EMERGENCY = 3

    @property
    def word(self) -> str:
        """The tier as it is written in YAML and JSON: none, today, now, emergency."""
        return self.name.lower()

    @classmethod
    def from_word(cls, word: str) -> Tier:
        """The tier of a word; ValueError names the four that exist."""
        try:
            return cls[word.upper()]
        except KeyError:
            raise ValueError(f"unknown tier {word!r}; the tiers are none, today, now, emergency") from None


class Certainty(IntEnum):
    """How sure the interpreter is of one match."""

    UNSURE = 1
    SURE = 2


# --- hearing ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AudioBlock:
    """A piece of mono sound.

    pcm: 16-bit signed little-endian samples. rate_hz: samples a second. lost_blocks: how many blocks the device dropped just before
    this one (sound that nobody will ever hear again).
    """

    pcm: bytes
    rate_hz: int
    lost_blocks: int = 0

    @property
    def seconds(self) -> float:
        return len(self.pcm) / PCM_BYTES_PER_SAMPLE / self.rate_hz


@dataclass(frozen=True, slots=True)
class HeardWord:
    """One word as a recogniser heard it. Times in seconds from the start of listening; confidence 0 to 1."""

    text: str
    start_seconds: float
    end_seconds: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another reading of the same sound. confidence 0 to 1, comparable only within one Transcript."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """A whole utterance, as heard: the best reading first, other readings behind it.

    text: lower case, no punctuation but apostrophes; never empty (silence is `NothingHeard`). confidence 0 to 1.
    start_seconds, end_seconds: where the speech lay, counted from the start of listening.
    compute_seconds: what recognising it cost. recogniser: which one listened ("vosk", "whisper", TYPED).
    woken_seconds: when the wake word in it was known by its sound, at about its end; None: there was none.
    level_db: how loud the speech was, in dB of full scale (0 is the loudest there can be); None: not known.
    """

    text: str
    recogniser: str
    confidence: float = 1.0
    alternatives: tuple[Alternative, ...] = ()
    words: tuple[HeardWord, ...] = ()
    start_seconds: float = 0.0
    end_seconds: float = 0.0
    compute_seconds: float = 0.0
    woken_seconds: float | None = None
    level_db: float | None = None


@dataclass(frozen=True, slots=True)
class Partial:
    """What a streaming recogniser has so far; it may still change its mind."""

    text: str


@dataclass(frozen=True, slots=True)
class NothingHeard:
    """Sound that held no speech worth a transcript, and why (for --debug and for tests; never spoken)."""

    reason: str
    start_seconds: float = 0.0
    end_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nobody has spoken for this long, counted in seconds of sound since the last speech or the last `reset`; given once a second."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Deaf:
    """Nothing can be heard or understood now; given when that begins and then about once a second while it lasts.

    line: the key of the line that says so. why: a sentence of ours for the log. seconds: since when.
    """

    line: str
    why: str
    seconds: float


@dataclass(frozen=True, slots=True)
class HearsAgain:
    """It was deaf for so long and is not any more. Without a `Deaf` before it: too short to be told while it lasted."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Missed:
    """What was said just now is lost, for the recogniser failed; the next words can be heard. why: a sentence of ours for the log."""

    why: str


@dataclass(frozen=True, slots=True)
class Woken:
    """It was called without words: by the sound of its wake word, of which the recogniser made none, or by its button."""


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """The button was held down: the last danger line again."""


@dataclass(frozen=True, slots=True)
class Speaking:
    """Somebody is speaking, for this long in seconds of sound; given when an utterance begins and once a second while it goes on."""

    seconds: int


Heard = Transcript | Partial | NothingHeard | Quiet | Speaking | Woken | AskedAgain | Deaf | HearsAgain | Missed


# --- understanding ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Match:
    """One meaning found in what she said.

    label: an intent's name. tier: how serious it is here (already raised where a pair of signs raises it).
    score: 0 to 1, for ordering and for `--explain`. evidence: what it rests on, in words a person can read.
    """

    label: str
    tier: Tier
    certainty: Certainty
    score: float
    evidence: tuple[str, ...] = ()

    @property
    def is_danger(self) -> bool:
        return self.tier > Tier.NONE


@dataclass(frozen=True, slots=True)
class Understanding:
    """What was meant. `matches` most serious first; no match at all is "nothing of ours".

    denied: danger labels that she said she does not have ("I'm not bleeding").
    nothing: the probability that it is nothing of ours, as the examples say.
    """

    text: str
    matches: tuple[Match, ...] = ()
    denied: tuple[str, ...] = ()
    nothing: float = 0.0

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(match.label for match in self.matches)

    @property
    def tier(self) -> Tier:
        return max((match.tier for match in self.matches), default=Tier.NONE)

    @property
    def is_ours(self) -> bool:
        return bool(self.matches)


# --- answering -------------------------------------------------------------------------------------------------------


class Pace(Enum):
    """How a line is spoken: danger lines are slower (docs of `skill.speaking` give words a minute)."""

    ORDINARY = "ordinary"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Line:
    """One stretch of words that is rendered and cached as a whole. key says which line of the YAML it is, for logs and reviews."""

    text: str
    pace: Pace = Pace.ORDINARY
    key: str = ""


class Effect(Enum):
    """What a reply asks of the assistant besides speaking."""

    SLOWER = "slower"
    FASTER = "faster"
    LOUDER = "louder"
    QUIETER = "quieter"
    STOP = "stop"
    LISTEN = "listen"  # the tone that says: I am listening
    END_CONVERSATION = "end conversation"


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said back. No line at all means: stay silent.

    tier decides the tone before the words and the pace. effects are carried out before the lines are spoken.
    discreet: someone may be listening, so it is spoken low, without the tone, and not kept.
    """

    lines: tuple[Line, ...] = ()
    labels: tuple[str, ...] = ()
    tier: Tier = Tier.NONE
    effects: tuple[Effect, ...] = ()
    discreet: bool = False

    @property
    def text(self) -> str:
        return " ".join(line.text for line in self.lines)

    @property
    def is_silent(self) -> bool:
        return not self.lines


# --- speaking --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Speech:
    """Rendered sound: mono, 16-bit signed little-endian. from_cache says whether it was made before (for benchmarks)."""

    pcm: bytes
    rate_hz: int
    from_cache: bool = False

    @property
    def seconds(self) -> float:
        return len(self.pcm) / PCM_BYTES_PER_SAMPLE / self.rate_hz


class Tone(Enum):
    """The short sounds. Never alone: words follow, but for LISTENING, after which it listens."""

    LISTENING = "listening"
    DANGER = "danger"
    CANNOT_HEAR = "cannot hear"


# --- one turn --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance and its answer, with what each stage cost in seconds (keys: hear, understand, answer, render)."""

    transcript: Transcript
    understanding: Understanding
    reply: Reply
    seconds: Mapping[str, float] = field(default_factory=dict)
