"""The mouth: voices that turn lines into sound, the cache that keeps it, the two tones, and the speakers.

Pace, measured in words a minute with pauses of 0.4 s between sentences, at speed 1.0: ordinary lines 130, danger lines 120.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from skill.errors import SettingsError, SpeakingError
from skill.stages import Voice

AUTO = "auto"


def _natural(speed: float, try_now: bool) -> Voice:
    from skill.speaking.natural_voice import NaturalVoice

    return NaturalVoice(speed, try_now)


def _espeak(speed: float, try_now: bool) -> Voice:
    from skill.speaking.pyttsx3_voice import Pyttsx3Voice

    return Pyttsx3Voice(speed)


# In the order in which "auto" tries them.
VOICES: Mapping[str, Callable[[float, bool], Voice]] = {"natural": _natural, "espeak": _espeak}


def open_voice(name: str, speed: float = 1.0, try_now: bool = True) -> Voice:
    """The voice of that name, or with "auto" the first that works.

    try_now: False where rendered answers are there and another voice waits behind it: what takes long to try is tried when it is needed.

    SettingsError for an unknown name; SpeakingError, with what to install, where the voice (with "auto": each of them) fails.
    """
    if name in VOICES:
        return VOICES[name](speed, try_now)
    if name != AUTO:
        raise SettingsError(f"There is no voice {name!r}. Choose one of: {', '.join((AUTO, *VOICES))}.")
    reasons: list[str] = []
    for load in VOICES.values():
        try:
            return load(speed, try_now)
        except SpeakingError as exc:
            reasons.append(str(exc))
    raise SpeakingError(" ".join(reasons))
