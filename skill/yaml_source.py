"""Reads YAML that people edit, and remembers on which line each value stands.

The one module that imports PyYAML. Used for intents, settings and the models' manifest, so that every mistake can be shown with its file,
line and key. It refuses what surprises people: doubled keys, unquoted yes/no/on/off (YAML 1.1 reads them as true and false), anchors and
aliases (a few lines of them can fill the memory), files that are too big, and text that is not UTF-8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

LARGEST_FILE_BYTES = 4_000_000
DEEPEST_NESTING = 20
KeyPath = tuple[str | int, ...]

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Schema = TypeVar("Schema", bound=BaseModel)
_BOOLEAN_TAG, _TEXT_TAG = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:str"


@dataclass(frozen=True)
class YamlSource:
    """One file's values, with the line of each (counted from 1) and what was wrong with the YAML itself.

    lines: path of keys and list positions → line. problems: sentences with file, line and key; where there are any, value is not to be
    trusted.
    """

    path: Path
    value: Any
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def line_of(self, where: Sequence[str | int]) -> int:
        """The line of a key, or of the nearest thing around it that has one."""
        path = tuple(where)
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def place(self, where: Sequence[str | int]) -> str:
        """File, line and key, as messages name them."""
        return f"{self.path}, line {self.line_of(where)}{_key_words(where)}"

    def problem(self, where: Sequence[str | int], what: str) -> str:
        """One sentence that names file, line and key."""
        return f"{self.place(where)}: {what}"


def read_yaml(path: Path, booleans_at: frozenset[str] = frozenset()) -> YamlSource:
    """Read one file. Never raises for what is in it: mistakes are in `problems`.

    booleans_at: names of keys whose value may be an unquoted true/false/yes/no.
    """
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            return YamlSource(
                path, None, problems=(f"{path}: the file is larger than {LARGEST_FILE_BYTES // 1_000_000} MB; make it smaller",)
            )
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        return YamlSource(path, None, problems=(f"{path}, line {line}: the text is not UTF-8; save the file with UTF-8 encoding",))
    except OSError as error:
        return YamlSource(path, None, problems=(f"{path}: cannot be read ({error.strerror}); check its name and rights",))
    return _parse(path, text, booleans_at)


def _parse(path: Path, text: str, booleans_at: frozenset[str]) -> YamlSource:
    try:
        problem = _dangerous_shape(path, text)
        if problem:
            return YamlSource(path, None, problems=(problem,))
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        what = error.problem or error.context or "cannot be understood"
        return YamlSource(
            path, None, problems=(f"{path}, line {line}: this is not valid YAML ({what}); look at this line and the one above",)
        )
    except yaml.YAMLError as error:
        return YamlSource(path, None, problems=(f"{path}: this is not valid YAML ({str(error).splitlines()[0]})",))
    if node is None:
        return YamlSource(path, None, problems=(f"{path}: the file is empty",))
    walker = _Walker(path, booleans_at)
    value = walker.build(node, ())
    return YamlSource(path, value, walker.lines, tuple(walker.problems))


def _dangerous_shape(path: Path, text: str) -> str | None:
    """Looked at before anything is built: PyYAML's composer recurses, and aliases multiply."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            return f"{path}, line {_line(event)}: anchors and aliases (& and *) are not used here; write it out"
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST_NESTING:
            return f"{path}, line {_line(event)}: nested too deeply; take brackets or indentation away"
    return None


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


class _Walker:
    def __init__(self, path: Path, booleans_at: frozenset[str]) -> None:
        self.path = path
        self.booleans_at = booleans_at
        self.lines: dict[KeyPath, int] = {}
        self.problems: list[str] = []

    def build(self, node: yaml.Node, where: KeyPath) -> Any:
        self.lines.setdefault(where, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, where)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(child, (*where, position)) for position, child in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return self._scalar(node, where)

    def _mapping(self, node: yaml.MappingNode, where: KeyPath) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(f"{self.path}, line {line}: a key must be a word")
            elif key in built:
                self.problems.append(f"{self.path}, line {line}, key {key}: this key stands twice; keep one of them")
            self.lines[(*where, key)] = line
            built[key] = self.build(value_node, (*where, key))
        return built

    def _scalar(self, node: yaml.ScalarNode, where: KeyPath) -> Any:
        named = next((part for part in reversed(where) if isinstance(part, str)), "")
        if node.tag == _BOOLEAN_TAG and named not in self.booleans_at:
            line = node.start_mark.line + 1
            what = f'{node.value} without quotes is read by YAML as true or false; write "{node.value}"'
            self.problems.append(f"{self.path}, line {line}{_key_words(where)}: {what}")
            return node.value
        return _construct(node)


def _construct(node: yaml.ScalarNode) -> Any:
    if node.tag == _TEXT_TAG:
        return node.value
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node)
    except (yaml.YAMLError, ValueError, OverflowError):
        return node.value  # e.g. a date that does not exist: kept as text, the schema then says what is wanted
    finally:
        loader.dispose()


def _key_words(where: Sequence[str | int]) -> str:
    names = [part if isinstance(part, str) else f"item {part + 1}" for part in where]
    return f", key {' '.join(names)}" if names else ""


def schema_problems(source: YamlSource, error: ValidationError) -> list[str]:
    """pydantic's findings as sentences with file, line and key, in words for people who edit YAML."""
    return [source.problem(_real_path(source, found), _plain_words(found)) for found in error.errors()]


def validate(source: YamlSource, schema: type[Schema]) -> tuple[Schema | None, list[str]]:
    """The file's value as `schema`, or None with every problem found, of the YAML itself and of what it holds."""
    problems = list(source.problems)
    if not isinstance(source.value, dict):
        return None, problems or [f"{source.path}, line 1: the file must hold keys with values, like `key: value`"]
    try:
        found = schema.model_validate(source.value)
    except ValidationError as error:
        return None, problems + schema_problems(source, error)
    return (None if problems else found), problems


def _real_path(source: YamlSource, found: Any) -> KeyPath:
    """pydantic puts names of its own (unions, validators) into locations; keep only what stands in the file."""
    path: KeyPath = ()
    for part in found["loc"]:
        if (*path, part) in source.lines or (part == found["loc"][-1] and found["type"] == "missing"):
            path = (*path, part)
    return path


def _plain_words(found: Any) -> str:
    kind, given = found["type"], found.get("input")
    shown = repr(given) if len(repr(given)) <= 60 else repr(given)[:57] + "..."
    plain = {
        "extra_forbidden": "this key is not known here; check its spelling or take it away",
        "missing": "this key is missing; add it",
        "string_type": f"this must be text, not {shown}; put it in quotes",
        "string_too_short": "this is empty; write something or take it away",
        "too_short": "this list is empty; add at least one line",
    }
    if kind in plain:
        return plain[kind]
    message = str(found["msg"]).removeprefix("Value error, ")
    return message[:1].lower() + message[1:] + (f" (found {shown})" if kind != "value_error" else "")
