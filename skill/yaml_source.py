"""Reads YAML that people edit, and remembers on which line each value stands.

The one module that imports PyYAML. Used for intents, settings and the models' manifest, so that every mistake can be shown with its file,
line and key. It refuses what surprises people: doubled keys, unquoted yes/no/on/off (YAML 1.1 reads them as true and false), anchors and
aliases (a few lines of them can fill the memory), files that are too big, and text that is not UTF-8. What is no YAML at all is told in the
words of `yaml_mistakes`.
"""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from skill.yaml_mistakes import IN_QUOTES, Quoted, Stumble, dash_words, told_plainly

LARGEST_FILE_BYTES = 4_000_000
DEEPEST_NESTING = 20
KeyPath = tuple[str | int, ...]

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Schema = TypeVar("Schema", bound=BaseModel)
_BOOLEAN_TAG, _TEXT_TAG = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:str"
_FORBIDDEN_SIGN = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NEAR_ENOUGH = 0.6


@dataclass(frozen=True)
class YamlSource:
    """One file's values, with the line of each (counted from 1) and what was wrong with the YAML itself.

    lines: path of keys and list positions → line. folded: the texts that go over several lines without `>` or `|`. problems: sentences with
    file, line and key; where there are any, value is not to be trusted.
    """

    path: Path
    value: Any
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    folded: frozenset[KeyPath] = frozenset()

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
        return YamlSource(path, None, problems=(_no_yaml(path, text, error),))
    except yaml.YAMLError as error:
        found = _FORBIDDEN_SIGN.search(text)
        place = f"{path}, line {text[: found.start()].count(chr(10)) + 1}" if found else f"{path}"
        what = str(error).splitlines()[0]
        return YamlSource(path, None, problems=(f"{place}: an invisible sign stands here ({what}); type this line anew",))
    if node is None:
        return YamlSource(path, None, problems=(f"{path}: the file is empty",))
    walker = _Walker(path, booleans_at)
    value = walker.build(node, ())
    return YamlSource(path, value, walker.lines, tuple(walker.problems), frozenset(walker.folded))


def _no_yaml(path: Path, text: str, error: yaml.MarkedYAMLError) -> str:
    mark, context = error.problem_mark or error.context_mark, error.context_mark
    why, doing = error.problem or "", error.context or ""
    if mark is not None:
        stumble = Stumble(mark.line, mark.column, why, doing, context.line if context else None, tuple(_quoted(text)))
        if told := told_plainly(text, stumble):
            return f"{path}, line {told[0]}: {told[1]}"
    line = mark.line + 1 if mark else 1
    return f"{path}, line {line}: this is not valid YAML ({why or doing or 'cannot be understood'}); look at this line and the one above"


def _quoted(text: str) -> Iterator[Quoted]:
    """The texts in quotes, as far as they can be read."""
    try:
        for token in yaml.scan(text, Loader=_Loader):
            if isinstance(token, yaml.ScalarToken) and token.style in ("'", '"'):
                start, end = token.start_mark, token.end_mark
                yield Quoted(token.style, start.line, end.line, end.column)
    except yaml.YAMLError:
        return


def _dangerous_shape(path: Path, text: str) -> str | None:
    """Looked at before anything is built: PyYAML's composer recurses, and aliases multiply."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            what = f"anchors and aliases (& and *) are not used here; write it out, or, where it is text, {IN_QUOTES}"
            return f"{path}, line {_line(event)}: {what}"
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
        self.folded: set[KeyPath] = set()
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
        if node.style not in (">", "|") and node.end_mark.line > node.start_mark.line:
            self.folded.add(where)
        if node.tag == _BOOLEAN_TAG and named not in self.booleans_at:
            self._problem(node, where, f'{node.value} without quotes is read by YAML as true or false; write "{node.value}"')
            return node.value
        if node.tag.startswith("!"):
            self._problem(node, where, f"no text may begin with !; {IN_QUOTES}")
            return node.value
        if node.style in (">", "|") and not node.value.strip():
            self._problem(node, where, f"no words stand under `{named}`; they must all start further in than `{named}`, by two more spaces")
        return _construct(node)

    def _problem(self, node: yaml.Node, where: KeyPath, what: str) -> None:
        self.problems.append(f"{self.path}, line {node.start_mark.line + 1}{_key_words(where)}: {what}")


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


def validate(source: YamlSource, schema: type[Schema]) -> tuple[Schema | None, list[str]]:
    """The file's value as `schema`, or None with every problem found, of the YAML itself and of what it holds."""
    problems = list(source.problems)
    if not isinstance(source.value, dict):
        return None, problems or [f"{source.path}, line 1: the file must hold keys with values, like `key: value`"]
    try:
        found = schema.model_validate(source.value)
    except ValidationError as error:
        # What the YAML itself was blamed for in a place is not told again in other words.
        return None, problems + [told for told in _schema_problems(source, error, schema) if not _told_of(told, problems)]
    return (None if problems else found), problems


def _told_of(problem: str, problems: Iterable[str]) -> bool:
    place = problem.partition(": ")[0]
    return any(other.startswith(f"{place}: ") for other in problems)


def _schema_problems(source: YamlSource, error: ValidationError, schema: type[BaseModel]) -> list[str]:
    """pydantic's findings as sentences with file, line and key, in words for people who edit YAML.

    A key that is misspelt is unknown and missing at once; it is told once, where it stands.
    """
    told: dict[KeyPath, str] = {}
    meant: set[KeyPath] = set()
    for found in error.errors():
        path = _real_path(source, found)
        if found["type"] != "extra_forbidden":
            told.setdefault(path, _plain_words(found))
            continue
        around, key = path[:-1], str(path[-1])
        known = {name for name in _keys_at(schema, around) if (*around, name) not in source.lines}
        if near := nearest(key, known):
            told[path] = f"this key is not known here; did you mean {near}?"
            meant.add((*around, near))
        elif around and isinstance(around[-1], int):
            told[around] = _torn_text(key, found.get("input"))
            meant |= {(*around, name) for name in known}
        else:
            text = f"; where it is a part of a text, {IN_QUOTES}" if " " in key else ""
            told[path] = f"this key is not known here; check its spelling or take it away{text}"
    return [source.problem(path, what) for path, what in told.items() if path not in meant]


def nearest(key: str, known: Iterable[str]) -> str | None:
    """The known key that was probably meant."""
    return next(iter(difflib.get_close_matches(key.lower(), list(known), n=1, cutoff=_NEAR_ENOUGH)), None)


def _keys_at(schema: type[BaseModel], where: KeyPath) -> set[str]:
    """The keys that the schema knows in this place; lists and named entries are walked through."""
    models = {schema}
    for part in ("root", *where):
        inner = {one for model in models if part in model.model_fields for one in _models_in(model.model_fields[str(part)].annotation)}
        models = inner or models
    return {name for model in models for name in model.model_fields}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _torn_text(key: str, value: object) -> str:
    """A sentence of a list that YAML took for a key and its value."""
    whole = f"{key}: {value}" if isinstance(value, str) else key
    return f'a text with a colon or a comma in it was torn apart; {IN_QUOTES}, like "{_short(whole)}"'


def _real_path(source: YamlSource, found: Any) -> KeyPath:
    """pydantic puts names of its own (unions, validators) into locations; keep only what stands in the file."""
    path: KeyPath = ()
    for part in found["loc"]:
        if (*path, part) in source.lines or (part == found["loc"][-1] and found["type"] == "missing"):
            path = (*path, part)
    return path


def _plain_words(found: Any) -> str:
    kind, given = found["type"], found.get("input")
    shown = _short(given.isoformat() if isinstance(given, datetime.date) else repr(given))
    no_keys = "this must hold keys with values, each on a line of its own, further in and without a dash"
    plain = {
        "missing": "this key is missing; add it",
        "string_type": f"this must be text, not {shown}; put it in quotes",
        "string_too_short": "this is empty; write something or take it away",
        "too_short": "this list is empty; add at least one line",
        "int_type": f"this must be a whole number, not {shown}",
        "list_type": f"this must be a list; {dash_words(2)}",
        "model_type": no_keys,
        "dict_type": no_keys,
    }
    if kind == "string_type" and given is None:
        return plain["string_too_short"]
    if kind == "string_type" and isinstance(given, dict | list):
        return f"this must be text; {IN_QUOTES}"
    if kind in plain:
        return plain[kind]
    message = str(found["msg"]).removeprefix("Value error, ")
    return message[:1].lower() + message[1:] + (f" (found {shown})" if kind != "value_error" else "")


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
