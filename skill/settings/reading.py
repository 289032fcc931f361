"""Where the settings come from: the defaults, the user's file, the environment; and what is wrong in any of them."""

from __future__ import annotations

import difflib
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import platformdirs
from pydantic import ValidationError

from skill.answering.countries import load_countries
from skill.errors import IntentError, SettingsError
from skill.settings.groups import APPLICATION, GROUP_OF, GROUPS, Answering, Hearing, Machine, Panel, Settings, Speaking, Storage
from skill.settings.values import UNKNOWN
from skill.yaml_source import YamlSource, read_yaml

VARIABLE_PREFIX = "BACK_CARE_"
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """The settings in force.

    origins: key → where its value came from ("default", "file /…/settings.yaml, line 7", "environment BACK_CARE_SPEED").
    file: the file that was read; None where there is none.
    """

    settings: Settings
    origins: Mapping[str, str]
    file: Path | None = None


def user_file() -> Path:
    """Where the user's own settings are, whether or not there are any yet."""
    return platformdirs.user_config_path(APPLICATION) / "settings.yaml"


def state_file() -> Path:
    """Where the assistant notes what it is at, for `run_assistant.py status`."""
    return platformdirs.user_state_path(APPLICATION) / "state.json"


def load_settings(file: Path | None, environment: Mapping[str, str]) -> LoadedSettings:
    """The settings of `file` (None: the user's own file, which may be missing) and of the environment.

    Raises SettingsError with one sentence for every mistake in any of them.
    """
    path = file if file is not None else user_file()
    source = _read(path) if file is not None or _stands_there(path) else None
    problems: list[str] = []
    in_file = _of_file(source, problems) if source else {}
    in_environment = _of_environment(environment, problems)
    values = in_file | in_environment
    settings = Settings(
        hearing=Hearing.model_validate(values),
        speaking=Speaking.model_validate(values),
        answering=Answering.model_validate(values),
        panel=Panel.model_validate(values),
        storage=Storage.model_validate(values),
        machine=Machine.model_validate(values),
    )
    for key, what in (*_country_problems(settings), *_panel_problems(settings)):
        if source and key in in_file and key not in in_environment:
            problems.append(source.problem((key,), what))
        else:
            problems.append(f"environment variable {_variable(key)}: {what}")
    if problems:
        raise SettingsError("\n".join(problems))
    origins = dict.fromkeys(GROUP_OF, DEFAULT)
    if source:
        origins |= {key: f"file {path}, line {source.line_of((key,))}" for key in in_file}
    origins |= {key: f"environment {_variable(key)}" for key in in_environment}
    return LoadedSettings(settings, MappingProxyType(origins), path if source else None)


def _stands_there(path: Path) -> bool:
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    except OSError:
        return True  # something is there that may not be looked at; reading it says why
    return True


def _read(path: Path) -> YamlSource:
    try:
        endless = stat.S_IFMT(path.stat().st_mode) not in (stat.S_IFREG, stat.S_IFDIR)
    except OSError:
        endless = False
    if endless:  # a device or a pipe might never end
        return YamlSource(path, None, problems=(f"{path}: this is not a file; name a YAML file",))
    return read_yaml(path)


def _of_file(source: YamlSource, problems: list[str]) -> dict[str, Any]:
    """The file's values that can be used; the others are named in `problems`."""
    problems += source.problems
    if not isinstance(source.value, dict):
        if not source.problems:
            problems.append(f"{source.path}, line 1: the file must hold keys with values, like `microphone: auto`")
        return {}
    good = {}
    for key, given in source.value.items():
        if any(problem.startswith(source.problem((key,), "")) for problem in source.problems):
            continue  # what it means is not known as long as the YAML itself is wrong there
        if key not in GROUP_OF:
            what = f"there is no such setting{_meant(key, GROUP_OF)}; correct the name or take the line away"
            problems.append(source.problem((key,), what))
        elif what := _mistake(key, given):
            problems.append(source.problem((key,), what))
        else:
            good[key] = given
    return good


def _of_environment(environment: Mapping[str, str], problems: list[str]) -> dict[str, Any]:
    """The values of our variables that can be used; the others are named in `problems`."""
    known = {_variable(key): key for key in GROUP_OF}
    good = {}
    for name in sorted(name for name in environment if name.startswith(VARIABLE_PREFIX)):
        if name not in known:
            what = f"there is no such setting{_meant(name, known)}; correct the name or unset it"
            problems.append(f"environment variable {name}: {what}")
        elif mistake := _mistake(known[name], environment[name]):
            problems.append(f"environment variable {name}: {mistake}")
        else:
            good[known[name]] = environment[name]
    return good


def _mistake(key: str, given: object) -> str:
    """What is wrong with one value; empty when nothing is."""
    try:
        GROUPS[GROUP_OF[key]].model_validate({key: given})
    except ValidationError as error:
        return str(error.errors()[0]["msg"]).removeprefix("Value error, ")
    return ""


def _panel_problems(settings: Settings) -> list[tuple[str, str]]:
    if settings.panel.button_pin is None or settings.panel.button_pin != settings.panel.led_pin:
        return []
    return [("button_pin", f"the light has pin {settings.panel.led_pin} already; write another number")]


def _country_problems(settings: Settings) -> list[tuple[str, str]]:
    code = settings.answering.country
    if code is None:
        return []
    try:
        countries = load_countries(settings.storage.countries_file)
    except IntentError as error:
        return [("country", f"the emergency numbers cannot be read: {problem}") for problem in error.problems]
    if code in countries:
        return []
    known = ", ".join(f"{country.code} ({country.name})" for country in countries.values())
    return [("country", f"no emergency number is known for {code!r}; write one of {known}, or {UNKNOWN}")]


def _meant(name: str, known: Iterable[str]) -> str:
    # Without the prefix, which would make all variables look alike.
    by_key = {each.removeprefix(VARIABLE_PREFIX).lower(): each for each in known}
    close = difflib.get_close_matches(name.removeprefix(VARIABLE_PREFIX).lower(), list(by_key), n=1)
    return f", did you mean {by_key[close[0]]}" if close else ""


def _variable(key: str) -> str:
    return VARIABLE_PREFIX + key.upper()
