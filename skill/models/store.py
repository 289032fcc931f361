"""The models on this machine.

models/NAME/                     a model, whole: it only ever appears by one rename
models/NAME/.installed.json      what lies in it: size and sum of each file, and the archive it came from
models/.fetching/                fetches that are going on or were interrupted (see `fetching`)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from skill.errors import InputError, ModelError
from skill.models.installed import quick_fault, thorough_fault
from skill.models.manifest import Manifest, Model
from skill.models.progress import Report, silent


class State(Enum):
    """How a model stands on this machine."""

    WHOLE = "installed"
    MISSING = "not installed"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Status:
    """One model and how it stands. why: what is wrong with a damaged one, in words, else empty."""

    name: str
    model: Model
    state: State
    why: str = ""


class ModelStore:
    """Fetches, checks and hands out the models that a manifest lists.

    folder: where they lie. retry_seconds: pause before a server that broke off is asked again.
    """

    def __init__(self, folder: Path, manifest: Manifest, retry_seconds: float = 2.0) -> None:
        self.folder = folder
        self.manifest = manifest
        self._retry_seconds = retry_seconds

    def model(self, name: str) -> Model:
        """What the manifest says of a model. Raises InputError listing the known names."""
        try:
            return self.manifest.models[name]
        except KeyError:
            raise InputError(f"There is no model {name!r}. The models are: {', '.join(self.manifest.models)}.") from None

    def path(self, name: str) -> Path:
        """The folder of a whole model. Quick: looks at sizes, not at sums. Raises ModelError saying how to mend it."""
        status = self.status(name)
        if status.state is State.WHOLE:
            return self.folder / name
        reason = f"is damaged ({status.why})" if status.state is State.DAMAGED else "is not installed"
        raise ModelError(f"The model {name} {reason}. {_mend(name)}")

    def status(self, name: str) -> Status:
        """How a model stands, by the sizes of its files."""
        model = self.model(name)
        if not (self.folder / name).is_dir():
            return Status(name, model, State.MISSING)
        why = quick_fault(self.folder / name, model)
        return Status(name, model, State.DAMAGED if why else State.WHOLE, why)

    def statuses(self) -> tuple[Status, ...]:
        """All models of the manifest, in its order."""
        return tuple(self.status(name) for name in self.manifest.models)

    def verify(self, name: str) -> None:
        """Read every byte of a model. Raises ModelError naming the first file that is not as it should be, and how to mend it."""
        folder = self.path(name)
        if why := thorough_fault(folder, self.model(name)):
            raise ModelError(f"The model {name} in {folder} is damaged ({why}). {_mend(name)}")

    def fetch(self, name: str, report: Report = silent, archive: Path | None = None) -> Path:
        """Make a model whole and give its folder; one that already is (by every byte) stays untouched.

        archive: a file brought from elsewhere, used instead of the sources (its sum is checked like theirs).
        Raises ModelError when none of the sources serves: everything that was tried, and what to do.
        """
        from skill.models.fetching import fetch  # imported late: who only wants a path needs no network library

        fetch(self.folder, name, self.model(name), report, self._retry_seconds, archive)
        return self.path(name)


def _mend(name: str) -> str:
    return f"Fetch it with: script/run models fetch {name}"
