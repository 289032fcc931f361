"""The settings: frozen, one group for each stage, made once at the start.

Where a value comes from, each overriding the one before: the defaults below, the user's YAML file (or the one named by
--settings), and environment variables named BACK_CARE_ and the key in capitals. In file and environment the keys stand side by
side, without groups: people who edit the file should not have to think about indentation.
"""

from __future__ import annotations

import difflib
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from skill.answering.countries import load_countries
from skill.errors import IntentError, SettingsError
from skill.wake_phrase import problem_with
from skill.yaml_source import YamlSource, read_yaml

APPLICATION = "back-care"
VARIABLE_PREFIX = "BACK_CARE_"
UNKNOWN = "unknown"
NONE = "none"
LONGEST_TEXT = 80
LONGEST_PATH = 1000
PROJECT = Path(__file__).resolve().parent.parent
DEFAULT = "default"
# The words that pyopen-wakeword has models of.
WAKE_WORDS = ("alexa", "hey jarvis", "hey mycroft", "hey rhasspy", "okay nabu")


# --- what a value may be -----------------------------------------------------------------------------------------------


def _shown(given: object) -> str:
    if given is None:
        return "nothing"
    return repr(given) if len(repr(given)) <= LONGEST_TEXT else repr(given)[: LONGEST_TEXT - 3] + "..."


def _number(low: float, high: float) -> Callable[[object], float]:
    def check(given: object) -> float:
        try:
            value = float(given)  # type: ignore[arg-type]  # whatever cannot become a number raises here
        except (TypeError, ValueError, OverflowError):
            value = float("nan")
        if isinstance(given, bool) or not low <= value <= high:  # NaN is within no bounds
            raise ValueError(f"write a number from {low} to {high} with a point, like {(low + high) / 2:.1f}, not {_shown(given)}")
        return value

    return check


def _whole_number(low: int, high: int, otherwise: str = "") -> Callable[[object], int]:
    def check(given: object) -> int:
        text = str(given).strip()
        if isinstance(given, bool) or not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(f"write a whole number from {low} to {high}{otherwise}, not {_shown(given)}")
        return int(text)

    return check


def _text(longest: int = LONGEST_TEXT) -> Callable[[object], str]:
    def check(given: object) -> str:
        if given is None or given == "":
            raise ValueError("this is empty; write something")
        if not isinstance(given, str):
            raise ValueError(f"this must be text, not {_shown(given)}; put it in quotes")
        if not given.isprintable() or not given.strip():
            raise ValueError(f"write it on one line, without special signs, not {_shown(given)}")
        if len(given) > longest:
            raise ValueError(f"this is {len(given)} letters long; write at most {longest}")
        return given.strip()

    return check


def _one_of(*words: str) -> Callable[[object], str]:
    def check(given: object) -> str:
        word = str(given).strip().lower()
        if word not in words:
            raise ValueError(f"write {', '.join(words[:-1])} or {words[-1]}, not {_shown(given)}")
        return word

    return check


def _wake_phrase(given: object) -> str:
    phrase = str(_text()(given))
    if problem := problem_with(phrase):
        raise ValueError(f'{problem}, like "{Hearing().wake_phrase}", not {_shown(given)}')
    return phrase


def _wake_word(given: object) -> str:
    word = " ".join(str(given).lower().replace("_", " ").split())
    if word not in WAKE_WORDS:
        raise ValueError(f"write one of {', '.join(WAKE_WORDS)}, not {_shown(given)}")
    return word


def _phone_number(given: object) -> str:
    if not isinstance(given, str):
        raise ValueError('put the number in quotes, like "0712 345678": without them a zero at its front is lost')
    if not re.fullmatch(r"\+?[0-9][0-9 ()./-]{1,29}", given.strip()):
        raise ValueError(f'write a phone number in quotes, like "0712 345678", not {_shown(given)}')
    return given.strip()


def _country_code(given: object) -> str:
    if not isinstance(given, str) or not re.fullmatch(r"[A-Za-z]{2}", given.strip()):
        raise ValueError(f"write a country's two letters, like IN, or {UNKNOWN}, not {_shown(given)}")
    return given.strip().upper()


def _language(given: object) -> str:
    if not isinstance(given, str) or not re.fullmatch(r"[a-z]{2,3}", given.strip()):
        raise ValueError(f"write the name of a folder of the intents folder, like en, not {_shown(given)}")
    return given.strip()


def _folder(given: object) -> Path:
    text = _text(LONGEST_PATH)(given)
    try:
        folder = Path(text).expanduser()
    except RuntimeError as exc:
        raise ValueError(f"there is no home folder for {_shown(text)}; write the whole path, beginning with /") from exc
    if not folder.is_absolute():
        raise ValueError(f"write the whole path, beginning with / or ~, not {_shown(text)}")
    return folder


def _or_unknown(check: Callable[[object], object], unknown: str = UNKNOWN) -> Callable[[object], object]:
    def check_known(given: object) -> object:
        if given is None or (isinstance(given, str) and given.strip().lower() == unknown):
            return None
        return check(given)

    return check_known


# --- the groups --------------------------------------------------------------------------------------------------------


class _Group(BaseModel):
    # Each group takes its own keys out of all of them; unknown ones are found before, where it is known what was probably meant.
    model_config = ConfigDict(frozen=True, extra="ignore")


class Hearing(_Group):
    """microphone: "auto" or part of a device's name. silence_seconds: how long a silence ends what she says.

    echo: "none", the loudspeaker's sound comes back in the microphone's; "cancelled", the sound server takes it out.
    wake: "open", it answers whatever is surely meant for it; "phrase", it answers what follows `wake_phrase`, which the recogniser
    hears; "word", what follows `wake_word`, which is known by its sound. Danger it always answers.
    """

    microphone: Annotated[str, BeforeValidator(_text())] = "auto"
    recogniser: Annotated[Literal["auto", "vosk", "whisper"], BeforeValidator(_one_of("auto", "vosk", "whisper"))] = "auto"
    silence_seconds: Annotated[float, BeforeValidator(_number(0.3, 3.0))] = 0.8
    echo: Annotated[Literal["none", "cancelled"], BeforeValidator(_one_of("none", "cancelled"))] = "none"
    wake: Annotated[Literal["open", "phrase", "word"], BeforeValidator(_one_of("open", "phrase", "word"))] = "open"
    wake_phrase: Annotated[str, BeforeValidator(_wake_phrase)] = "hello back care"
    wake_word: Annotated[str, BeforeValidator(_wake_word)] = "hey jarvis"

    @property
    def called_by(self) -> str | None:
        """The words that it waits for; None where it waits for none."""
        return {"open": None, "phrase": self.wake_phrase, "word": self.wake_word}[self.wake]


class Speaking(_Group):
    """speed: factor on the pace, 1.0 as designed. volume: 0 to 100.

    wake_seconds: near-silence before the first word, while HDMI sound wakes.
    """

    speaker: Annotated[str, BeforeValidator(_text())] = "auto"
    voice: Annotated[Literal["auto", "natural", "espeak"], BeforeValidator(_one_of("auto", "natural", "espeak"))] = "auto"
    speed: Annotated[float, BeforeValidator(_number(0.6, 1.6))] = 1.0
    volume: Annotated[int, BeforeValidator(_whole_number(0, 100))] = 80
    wake_seconds: Annotated[float, BeforeValidator(_number(0.0, 5.0))] = 0.35


class Answering(_Group):
    """What it knows about her. None: unknown, and what is said must not need it.

    country: a code of `countries.yaml`. weeks: of pregnancy, as of the day when it was written down.
    """

    country: Annotated[str | None, BeforeValidator(_or_unknown(_country_code))] = None
    hospital: Annotated[str | None, BeforeValidator(_or_unknown(_text()))] = None
    helper_name: Annotated[str | None, BeforeValidator(_or_unknown(_text()))] = None
    helper_number: Annotated[str | None, BeforeValidator(_or_unknown(_phone_number))] = None
    weeks: Annotated[int | None, BeforeValidator(_or_unknown(_whole_number(1, 43, f", or {UNKNOWN}")))] = None


class Panel(_Group):
    """The light and the button of a Raspberry Pi: BCM numbers of the pins. None: there is none."""

    led_pin: Annotated[int | None, BeforeValidator(_or_unknown(_whole_number(2, 27, f", or {NONE}"), NONE))] = None
    button_pin: Annotated[int | None, BeforeValidator(_or_unknown(_whole_number(2, 27, f", or {NONE}"), NONE))] = None


class Storage(_Group):
    """Folders on the disk, all absolute. intents_folder holds one folder for each language; language: the name of one of them."""

    models_folder: Annotated[Path, BeforeValidator(_folder)] = PROJECT / "models"
    cache_folder: Annotated[Path, BeforeValidator(_folder)] = Field(default_factory=lambda: platformdirs.user_cache_path(APPLICATION))
    intents_folder: Annotated[Path, BeforeValidator(_folder)] = PROJECT / "intents"
    language: Annotated[str, BeforeValidator(_language)] = "en"

    @property
    def language_folder(self) -> Path:
        return self.intents_folder / self.language

    @property
    def countries_file(self) -> Path:
        return self.language_folder / "shared" / "countries.yaml"


class Machine(_Group):
    """memory: "small" for the smallest set that still hears danger, "full" for everything, "auto" for what fits into this computer."""

    memory: Annotated[Literal["auto", "small", "full"], BeforeValidator(_one_of("auto", "small", "full"))] = "auto"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. `Settings()` holds the defaults."""

    hearing: Hearing = field(default_factory=Hearing)
    speaking: Speaking = field(default_factory=Speaking)
    answering: Answering = field(default_factory=Answering)
    panel: Panel = field(default_factory=Panel)
    storage: Storage = field(default_factory=Storage)
    machine: Machine = field(default_factory=Machine)

    def value_of(self, key: str) -> object:
        """The value of a key of the file; KeyError for an unknown one."""
        return getattr(getattr(self, GROUP_OF[key]), key)

    def woken_by(self, way: Literal["open", "phrase"]) -> Settings:
        """The same with another `wake`."""
        return replace(self, hearing=self.hearing.model_copy(update={"wake": way}))


_GROUPS: Mapping[str, type[_Group]] = {
    "hearing": Hearing,
    "speaking": Speaking,
    "answering": Answering,
    "panel": Panel,
    "storage": Storage,
    "machine": Machine,
}
# Every key of the file and the group it belongs to, in the order of the path.
GROUP_OF: Mapping[str, str] = {key: name for name, group in _GROUPS.items() for key in group.model_fields}


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """The settings in force.

    origins: key → where its value came from ("default", "file /…/settings.yaml, line 7", "environment BACK_CARE_SPEED").
    file: the file that was read; None where there is none.
    """

    settings: Settings
    origins: Mapping[str, str]
    file: Path | None = None


# --- reading -----------------------------------------------------------------------------------------------------------


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
        _GROUPS[GROUP_OF[key]].model_validate({key: given})
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
