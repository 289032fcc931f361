"""run_assistant.py settings: what is in force and where it came from; with --init, a settings file to edit."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from skill.answering.countries import Country, load_countries
from skill.errors import BackCareError, SettingsError
from skill.settings import GROUP_OF, NONE, UNKNOWN, LoadedSettings, Settings, user_file

TEMPLATE = Path(__file__).resolve().parent.parent / "settings_template.yaml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--init", action="store_true", help="write a commented settings file to edit, where there is none yet")


def run(loaded: LoadedSettings, arguments: argparse.Namespace) -> int:
    if arguments.init:
        _write_template(user_file())
        return 0
    country = _country(loaded.settings)
    if arguments.json:
        print(json.dumps(_as_json(loaded, country), ensure_ascii=False, indent=2))
    else:
        _print_table(loaded, country)
    return 0


def _write_template(path: Path) -> None:
    template = TEMPLATE.read_text(encoding="utf-8")
    begun = False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            begun = True
            file.write(template)
    except FileExistsError as exc:
        raise SettingsError(f"{path} is there already and was left as it is; edit it, or rename it and ask again.") from exc
    except OSError as exc:
        if begun:
            path.unlink(missing_ok=True)  # half a file would be taken for whole settings at the next start
        raise BackCareError(f"{path} cannot be written ({exc.strerror}); make room on the disk and check the folder's rights.") from exc
    print(f"Wrote {path}. Edit it; an assistant that runs takes it up.")


def _country(settings: Settings) -> Country | None:
    code = settings.answering.country
    return load_countries(settings.storage.countries_file)[code] if code else None


def _as_json(loaded: LoadedSettings, country: Country | None) -> dict[str, object]:
    return {
        "file": str(loaded.file) if loaded.file else None,
        "settings": {key: {"value": _plain(loaded.settings.value_of(key)), "from": loaded.origins[key]} for key in GROUP_OF},
        "emergency": asdict(country) if country else None,
    }


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def _without(key: str) -> str:
    """How the file says that there is no value."""
    return NONE if GROUP_OF[key] == "panel" else UNKNOWN


def _print_table(loaded: LoadedSettings, country: Country | None) -> None:
    # Text and not str: rich would read square brackets in somebody's words as markup.
    table = Table("Setting", "Value", "From")
    group = ""
    for key, its_group in GROUP_OF.items():
        if group and its_group != group:
            table.add_section()
        group = its_group
        value = loaded.settings.value_of(key)
        table.add_row(
            key, Text(_without(key) if value is None else str(value), overflow="fold"), Text(loaded.origins[key], overflow="fold")
        )
    console = Console()
    console.print(table)
    if loaded.file is None:
        console.print(Text(f"There is no settings file yet; `run_assistant.py settings --init` writes {user_file()}."))
    if country is None:
        console.print(Text("No country is set, so no emergency number is sure: set `country`."))
        return
    console.print(Text(f"In an emergency it says {country.number} ({country.name}). Source: {country.source}."))
    if country.caution:
        console.print(Text(f"Take care: {country.caution}."))
