"""The family of errors. Each is one clear sentence: what was wrong, where, what to do.

    BackCareError                exit code 1: the work failed
    ├── InputError               exit code 2: wrong use or wrong input (settings, intents, recordings, utterance lists)
    │   ├── SettingsError
    │   ├── IntentError          (holds every mistake found, not only the first)
    │   └── RecordingError
    ├── TooLittleMemory          it does not fit into this computer
    ├── ModelError               a model is missing, damaged or cannot be fetched
    ├── HearingError             no microphone, microphone lost, recogniser broken
    └── SpeakingError            no speaker, no voice, voice hung

Errors of other libraries are renamed once, at the edge where they appear, with `raise … from exc`.
"""

from __future__ import annotations

from collections.abc import Sequence


class BackCareError(Exception):
    """Base of all errors that a user may meet. str(error) is the sentence to show."""

    exit_code = 1


class InputError(BackCareError):
    """What was given to the program is wrong."""

    exit_code = 2


class SettingsError(InputError):
    """A settings file or variable is wrong."""


class RecordingError(InputError):
    """A recording cannot be read."""


class IntentError(InputError):
    """The intents hold mistakes; `problems` has one sentence each, with file, line and key."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class TooLittleMemory(BackCareError):
    """What was asked for does not fit into this computer's memory."""

    def __init__(self) -> None:
        super().__init__("There is not enough memory on this computer: end other programs, or write `memory: small` in the settings.")


class ModelError(BackCareError):
    """A model is missing, damaged, or cannot be fetched."""


class HearingError(BackCareError):
    """Nothing can be heard: no microphone, one that went away, or a recogniser that failed."""


class SpeakingError(BackCareError):
    """Nothing can be said: no speaker, no voice, or a voice that hung."""


class PanelError(BackCareError):
    """The light or the button cannot be used; all else goes on without them."""
