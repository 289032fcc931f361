"""What is wrong in a file of an intent and is no matter of its shape: looked for in the bare values, shown with what the schema says."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from skill.understanding.intent_files import DANGER_TIERS, IntentFile
from skill.understanding.wording import normalise
from skill.yaml_source import KeyPath, YamlSource, nearest

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
WITH_NUMBER = "_with_number"  # a line of this ending is said in place of the one without it where the country's number is known
_JOINED = re.compile(r"\s-\s")  # what is left of a dash that did not begin a line of the list


def placeholder_problems(source: YamlSource, where: KeyPath, names: Iterable[str], lines: Collection[str]) -> list[str]:
    problems = []
    for name in sorted(names):
        if name.endswith(WITH_NUMBER):
            plain = name.removesuffix(WITH_NUMBER)
            problems.append(source.problem(where, f"write {{{plain}}}; it becomes {{{name}}} where the country's number is known"))
        elif name not in lines:
            problems.append(source.problem(where, f"{{{name}}} is not a line of shared/lines.yaml; check its spelling"))
    return problems


def file_problems(source: YamlSource, lines: Collection[str]) -> list[str]:
    """What the schema does not say. Looked for in the bare values, so that it is shown together with what the schema says."""
    if not isinstance(source.value, dict):
        return []
    problems = _whole_problems(source, source.value)
    for where, said in _spoken(source.value):
        # Where no line could be read, each {line} would only repeat that.
        problems += placeholder_problems(source, where, set(PLACEHOLDER.findall(said)), lines) if lines else []
    return problems + _example_problems(source, source.value.get("people_say")) + _tier_problems(source, source.value)


def _whole_problems(source: YamlSource, value: Mapping[str, Any]) -> list[str]:
    label, tier = value.get("label"), value.get("tier")
    is_danger = str(label).startswith("danger.")
    found = {
        "label": (
            label is not None and source.path.stem != label,
            f"the label is {label} but the file is named {source.path.name}; make them the same",
        ),
        "answer": (
            not value.get("answer") and not value.get("silent") and not _misspelt(value, "answer", "silent"),
            "the answer is missing; add `answer:` with `say:` and `source:`, or `silent:` with the reason why nothing is said",
        ),
        "silent": (bool(value.get("answer") and value.get("silent")), "both `answer` and `silent` are there; keep one of them"),
        "unsure": (
            is_danger and value.get("unsure") is None and not _misspelt(value, "unsure"),
            "a danger sign needs `unsure:`, the conditional line that is said when the words are not sure",
        ),
        "tier": (
            (tier == "none") if is_danger else tier in DANGER_TIERS,
            "a danger sign needs a tier: today, now or emergency" if is_danger else f"{label} is no danger sign, so its tier must be none",
        ),
    }
    return [source.problem((key,), what) for key, (wrong, what) in found.items() if wrong]


def _misspelt(value: Mapping[str, Any], *keys: str) -> bool:
    """One of these keys stands there under a name that nobody knows: the schema tells it."""
    return any(nearest(given, IntentFile.model_fields) in keys for given in value if given not in IntentFile.model_fields)


def _spoken(value: object, where: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Every `say` that the assistant speaks, and where it stands."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "say" and isinstance(inner, str):
                yield (*where, key), inner
            elif key != "people_say":
                yield from _spoken(inner, (*where, key))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _spoken(inner, (*where, position))


def _example_problems(source: YamlSource, examples: object) -> list[str]:
    problems = []
    seen: dict[str, int] = {}
    for position, example in enumerate(examples if isinstance(examples, list) else []):
        where = ("people_say", position)
        said = example.get("say") if isinstance(example, dict) else example
        if not isinstance(said, str):
            continue  # the schema says it
        text = normalise(said)
        if _JOINED.search(said) or {where, (*where, "say")} & source.folded:
            what = "this is more than one line; each sentence starts with two spaces, a dash and a space, and goes to the end of its line"
            problems.append(source.problem(where, what))
        elif not text:
            problems.append(source.problem(where, "this example is empty; write what people say or take it away"))
        elif text in seen:
            line = source.line_of(("people_say", seen[text]))
            problems.append(source.problem(where, f"{text!r} stands twice (line {line}); keep one"))
        seen.setdefault(text, position)
    return problems


def _tier_problems(source: YamlSource, value: Mapping[str, Any]) -> list[str]:
    """Tiers of single sentences: words that make a danger sign more, or less, serious."""
    label, examples = value.get("label"), value.get("people_say")
    problems = []
    for position, example in enumerate(examples if isinstance(examples, list) else []):
        tier = example.get("tier") if isinstance(example, dict) else None
        where = ("people_say", position, "tier")
        if isinstance(tier, str) and not str(label).startswith("danger."):
            problems.append(source.problem(where, f"{label} is no danger sign, so its sentences have no tier; take `tier: {tier}` away"))
        elif isinstance(tier, str) and tier not in DANGER_TIERS:
            problems.append(source.problem(where, f"{tier!r} is not a tier of a danger sign; write {', '.join(DANGER_TIERS)}"))
    return problems
