"""run_assistant.py devices: which microphones and speakers there are, and which ones are used."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from skill.devices import Device, Kind, choose, list_devices
from skill.errors import BackCareError
from skill.settings import Settings


@dataclass(frozen=True, slots=True)
class _Found:
    """All devices of one kind. chosen: the one that is used. problem: why there is none, in a sentence."""

    kind: Kind
    wanted: str
    devices: tuple[Device, ...] = ()
    chosen: Device | None = None
    problem: str | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    found = (_find(Kind.MICROPHONE, settings.hearing.microphone), _find(Kind.SPEAKER, settings.speaking.speaker))
    if arguments.json:
        print(json.dumps({f"{each.kind.value}s": _as_json(each) for each in found}, ensure_ascii=False, indent=2))
    else:
        for each in found:
            _print_table(each)
    return 0


def _find(kind: Kind, wanted: str) -> _Found:
    devices: tuple[Device, ...] = ()
    try:
        devices = list_devices(kind)
        return _Found(kind, wanted, devices, choose(kind, wanted))
    except BackCareError as error:
        return _Found(kind, wanted, devices, problem=str(error))


def _as_json(found: _Found) -> dict[str, object]:
    return {
        "wanted": found.wanted,
        "chosen": found.chosen.name if found.chosen else None,
        "problem": found.problem,
        "devices": [asdict(device) | {"chosen": device == found.chosen} for device in found.devices],
    }


def _print_table(found: _Found) -> None:
    console = Console()
    if found.devices:
        table = Table("", "Name", "Sound system", "Rate", "Channels", title=f"{found.kind.value.capitalize()}s", title_justify="left")
        for device in found.devices:
            mark = "used" if device == found.chosen else ""
            # Text and not str: rich would read square brackets in a device's name as markup.
            table.add_row(mark, Text(device.name, overflow="fold"), Text(device.host), f"{device.rate_hz} Hz", str(device.channels))
        console.print(table)
    if found.problem:
        console.print(Text(found.problem))
    else:
        console.print(Text(f"To use another {found.kind.value}, set `{found.kind.value}` to a part of its name (now: {found.wanted!r})."))
