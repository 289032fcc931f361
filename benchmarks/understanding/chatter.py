"""Open-domain sentences: what people ask other assistants, and what has nothing to do with any of ours.

- Home Assistant's requests (package home-assistant-intents, Apache-2.0): its templates, filled in at random but always the same.
- Questions and remarks of the ChatterBot corpus (package chatterbot-corpus, BSD-3-Clause): trivia, computers, books, money and so on.
  Left out are the files that talk to the assistant about itself, greet it, or tell of health and feelings: some of that is ours.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib import metadata, resources
from typing import Any

from benchmarks.measuring.report import Cell, Column, Table, reason
from benchmarks.understanding.extras import how_to_install
from benchmarks.understanding.scoring import Judgement, Share, judgement_of
from skill.messages import Transcript
from skill.stages import Interpreter
from skill.understanding.wording import normalise

LIMIT = 99.0
EACH_TEMPLATE = 6
MOST_SHOWN = 40
CORPUS_FILES = (
    *("coding", "computers", "food", "gossip", "history", "humor", "literature"),
    *("money", "movies", "politics", "science", "sports", "tech_support", "trivia"),
)
# What Home Assistant asks each household to name, and what people put in freely.
OWN_WORDS = {
    "name": ("kitchen light", "ceiling fan", "front door", "garage door", "television", "heater", "coffee machine", "blinds"),
    "area": ("kitchen", "living room", "bedroom", "garage", "bathroom", "nursery", "hallway", "garden"),
    "floor": ("ground floor", "first floor", "basement", "upstairs"),
    "message": ("dinner is ready", "the taxi is here", "time for school"),
    "search_query": ("some jazz", "the beatles", "the morning news", "a lullaby"),
    "zone": ("home", "work", "school"),
    "timer_name": ("pizza", "laundry", "eggs"),
    "timer_command": ("turn off the lights", "open the garage door"),
    "shopping_list_item": ("milk", "nappies", "two onions", "bread", "washing powder"),
    "todo_list_item": ("call the plumber", "pay the rent", "water the plants"),
}


def measure_chatter(interpreter: Interpreter, own: Collection[str]) -> Iterator[Table]:
    """own: our own examples, normalised; a sentence that is one of them ("stop", "turn it up") is rightly taken for ours."""
    totals: list[Share] = []
    rows: list[tuple[Cell, ...]] = []
    taken: list[tuple[str, Judgement]] = []
    for name, licence, read in (
        ("home-assistant-intents", "Apache-2.0", home_assistant_requests),
        ("chatterbot-corpus", "BSD-3-Clause", chatterbot_remarks),
    ):
        try:
            sentences = read()
        except (ImportError, OSError) as exc:
            rows.append((name, licence, None, None, None, None, f"not measured: {reason(exc)}; {how_to_install()}"))
            continue
        kept = [text for text in sentences if text not in own]
        found = [(text, judgement_of(interpreter.interpret(Transcript(text, "typed")))) for text in kept]
        wrong = [(text, judgement) for text, judgement in found if judgement.labels]
        totals.append(Share(len(kept) - len(wrong), len(kept)))
        taken += wrong
        dangers = sum(bool(judgement.dangers) for _, judgement in wrong)
        remark = f"{len(sentences) - len(kept)} more stand among our own examples; danger labels: {dangers}"
        rows.append((f"{name} {metadata.version(name)}", licence, *_figures(totals[-1]), remark))
    if totals:
        rows.append(("together", "", *_figures(Share(sum(one.hits for one in totals), sum(one.of for one in totals)))))
    columns = (Column("sentences of"), Column("licence"), Column("sentences", 0), Column("left alone, %"), Column("95 % interval"))
    title = f"Open-domain chatter: left alone (bar: at least {LIMIT:g} %)"
    yield Table(title, (*columns, Column("met"), Column("remark")), tuple(rows))
    if taken:
        yield _taken_table(taken)


def _figures(share: Share) -> tuple[Cell, ...]:
    low, high = share.interval
    percent = share.percent or 0.0
    return share.of, percent, f"{low:.2f} to {high:.2f}", "yes" if percent >= LIMIT else "NO"


def _taken_table(taken: Sequence[tuple[str, Judgement]]) -> Table:
    """Dangers first, then the labels that take the most."""
    counts = Counter(judgement.labels[0] for _, judgement in taken)
    ordered = sorted(taken, key=lambda one: (-one[1].tier, -counts[one[1].labels[0]], one[1].labels, one[0]))
    rows = tuple((" ".join(judgement.labels), judgement.tier.word, text) for text, judgement in ordered[:MOST_SHOWN])
    notes = (f"{len(taken)} in all, by first label: {', '.join(f'{label} {number}' for label, number in counts.most_common())}.",)
    return Table("Open-domain chatter that was taken for ours", (Column("given"), Column("tier"), Column("sentence")), rows, notes)


# --- Home Assistant ------------------------------------------------------------------------------------------------------


def home_assistant_requests() -> list[str]:
    """Different sentences, normalised, at most `EACH_TEMPLATE` of each template. Raises ImportError where a package is missing."""
    from hassil import Intents

    file = resources.files("home_assistant_intents").joinpath("data", "en.json")
    book = json.loads(file.read_text(encoding="utf-8"))
    intents = Intents.from_dict(book)
    filler = _Filler(intents.expansion_rules, intents.slot_lists, random.Random(0))
    found: dict[str, None] = {}
    for intent in intents.intents.values():
        for data in intent.data:
            for sentence in data.sentences:
                local = _Filler({**filler.rules, **data.expansion_rules}, {**filler.lists, **data.slot_lists}, filler.chance)
                found.update(dict.fromkeys(normalise(local.text(sentence.expression)) for _ in range(EACH_TEMPLATE)))
    return [text for text in found if text]


class _Filler:
    """One sentence of a template, each choice by chance. hassil's own sampling lists all of them, which never ends for some."""

    def __init__(self, rules: Mapping[str, Any], lists: Mapping[str, Any], chance: random.Random) -> None:
        self.rules, self.lists, self.chance = rules, lists, chance

    def text(self, expression: Any) -> str:
        from hassil import expression as shapes

        if isinstance(expression, shapes.TextChunk):
            return str(expression.original_text)
        if isinstance(expression, shapes.RuleReference):
            return self.text(self.rules[expression.rule_name].expression)
        if isinstance(expression, shapes.ListReference):
            return self._value(expression)
        if isinstance(expression, shapes.Alternative):
            return self.text(self.chance.choice(expression.items)) if expression.items else ""
        if isinstance(expression, shapes.Permutation):
            return " ".join(self.text(item) for item in self.chance.sample(expression.items, len(expression.items)))
        return "".join(self.text(item) for item in expression.items)

    def _value(self, reference: Any) -> str:
        if reference.is_inline_range:
            return str(self.chance.choice(range(*reference.get_inline_range())))
        if reference.list_name in OWN_WORDS:
            return self.chance.choice(OWN_WORDS[reference.list_name])
        values = self.lists[reference.list_name]
        if hasattr(values, "get_numbers"):
            return str(self.chance.choice([number for number in values.get_numbers() if number == int(number)]))
        return self.text(self.chance.choice(values.values).text_in)


# --- ChatterBot ----------------------------------------------------------------------------------------------------------


def chatterbot_remarks() -> list[str]:
    """The first remark of each conversation, normalised, each once. Raises ImportError where the package is missing."""
    import chatterbot_corpus
    import yaml

    folder = resources.files(chatterbot_corpus).joinpath("data", "english")
    found: dict[str, None] = {}
    for name in CORPUS_FILES:
        book = yaml.safe_load(folder.joinpath(f"{name}.yml").read_text(encoding="utf-8"))
        found.update(dict.fromkeys(normalise(str(conversation[0])) for conversation in book["conversations"] if conversation))
    return [text for text in found if text]
