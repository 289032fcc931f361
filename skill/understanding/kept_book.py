"""The intents as they were read and found right: a start that finds the same files spares reading tens of thousands of lines of YAML.

One file in the cache folder, `intents-<language>.json`: a checksum of all files that were read and of the code that reads them, a checksum
of the rest, and the book as JSON. Only a book without a mistake is kept. Whatever is wrong with that file costs only the time to read anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from skill import yaml_source
from skill.messages import Tier
from skill.understanding import intents, signatures, wording
from skill.understanding.intents import Example, Intent, IntentBook, Part, WeeksPart, load_intents
from skill.understanding.whole_file import write_whole

_FORMAT = "1"
# What decides what comes of a file: a newer version of the program reads anew.
_READERS = (intents, signatures, wording, yaml_source)


def load_kept_intents(folder: Path, cache_folder: Path) -> IntentBook:
    """As `load_intents`: the same book, and IntentError with every mistake."""
    key = _key(folder)  # before they are read: what is edited meanwhile must not be taken for what was read
    path = cache_folder / f"intents-{folder.name}.json"
    kept = _read(path, folder, key)
    if kept is not None:
        return kept
    book = load_intents(folder)
    if key:
        _write(path, key, book)
    return book


def _key(folder: Path) -> str:
    """Checksum of names and contents of all that is read; empty where something cannot be read, so that reading says what."""
    files = [*sorted(folder.glob("*.yaml")), folder / "shared" / "lines.yaml", *(Path(module.__file__ or "") for module in _READERS)]
    found = hashlib.blake2b(f"{_FORMAT}\0{folder}".encode(errors="surrogateescape"))
    try:
        for path in files:
            content = path.read_bytes()
            found.update(f"\0{path.name}\0{len(content)}\0".encode(errors="surrogateescape") + content)
    except OSError:
        return ""
    return found.hexdigest()


def _read(path: Path, folder: Path, key: str) -> IntentBook | None:
    try:
        for_files, checksum, text = path.read_bytes().split(b"\n", 2)
        if not key or for_files != key.encode() or checksum != _checksum(text):
            return None
        return _book(json.loads(text), folder)
    except Exception:  # missing, torn, or of a shape that nobody wrote: whatever it is, the YAML is there
        return None


def _write(path: Path, key: str, book: IntentBook) -> None:
    text = json.dumps(_plain(book), ensure_ascii=True, separators=(",", ":")).encode()
    write_whole(path, lambda file: file.write(b"\n".join((key.encode(), _checksum(text), text))))


def _checksum(text: bytes) -> bytes:
    return hashlib.blake2b(text).hexdigest().encode()


# --- the book as JSON ----------------------------------------------------------------------------------------------------


def _plain(book: IntentBook) -> dict[str, Any]:
    return {
        "intents": [_plain_intent(intent) for intent in book.intents.values()],
        "lines": {key: _plain_part(part) for key, part in book.lines.items()},
        "lines_reviewed": book.lines_reviewed,
    }


def _plain_intent(intent: Intent) -> dict[str, Any]:
    own = (intent.label,)
    odd = {
        number: [example.plain, example.labels, int(example.tier)]
        for number, example in enumerate(intent.examples)
        if (example.plain, example.labels, example.tier) != (example.text, own, intent.tier)
    }
    return {
        "label": intent.label,
        "place": intent.place,
        "means": intent.means,
        "tier": int(intent.tier),
        "reviewed": intent.reviewed,
        "answer": _plain_part(intent.answer),
        "unsure": _plain_part(intent.unsure),
        "if_yes": None if intent.if_yes is None else int(intent.if_yes),
        "at_tier": [[int(tier), _plain_part(part)] for tier, part in intent.at_tier.items()],
        "at_weeks": [[_plain_part(weeks.part), weeks.from_week, weeks.until_week] for weeks in intent.at_weeks],
        "more": [_plain_part(part) for part in intent.more],
        # Nearly every example is plain already and means its intent alone: its text is enough.
        "examples": [example.text for example in intent.examples],
        "odd": odd,
    }


def _plain_part(part: Part | None) -> list[str] | None:
    return None if part is None else [part.say, part.source, part.key, part.place]


def _book(kept: dict[str, Any], folder: Path) -> IntentBook:
    found = [_intent(plain) for plain in kept["intents"]]
    lines = {key: Part(*part) for key, part in kept["lines"].items()}
    return IntentBook(folder, {intent.label: intent for intent in found}, lines, kept["lines_reviewed"])


def _intent(kept: dict[str, Any]) -> Intent:
    return Intent(
        label=kept["label"],
        place=kept["place"],
        means=kept["means"],
        tier=Tier(kept["tier"]),
        reviewed=kept["reviewed"],
        answer=_part(kept["answer"]),
        unsure=_part(kept["unsure"]),
        if_yes=None if kept["if_yes"] is None else Tier(kept["if_yes"]),
        at_tier={Tier(tier): Part(*part) for tier, part in kept["at_tier"]},
        at_weeks=tuple(WeeksPart(Part(*part), first, last) for part, first, last in kept["at_weeks"]),
        more=tuple(Part(*part) for part in kept["more"]),
        examples=tuple(_examples(kept)),
    )


def _part(kept: list[str] | None) -> Part | None:
    return None if kept is None else Part(*kept)


def _examples(kept: dict[str, Any]) -> Iterator[Example]:
    own, tier, odd = (kept["label"],), Tier(kept["tier"]), kept["odd"]
    for number, text in enumerate(kept["examples"]):
        if (other := odd.get(str(number))) is None:
            yield Example(text, text, own, tier)
        else:
            yield Example(text, other[0], tuple(other[1]), Tier(other[2]))
