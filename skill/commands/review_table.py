"""All that the assistant can say, as one Markdown document for the people who review it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from skill.answering.phrases import Phrases
from skill.answering.script import Script
from skill.messages import Tier
from skill.understanding.intents import Intent, IntentBook, Part

# Danger first: it matters most, and a reviewer's time may end before the document.
FAMILIES = {
    "danger": "Danger signs",
    "cause": "Causes",
    "info": "Back pain in pregnancy",
    "relief": "Relief",
    "care": "Care",
    "control": "Talking with it",
    "none": "Anything else",
}
SHARED = {
    "lines": "Lines that several answers share, and what it says of itself",
    "conversation": "What keeps a conversation going",
    "check": "The symptom check: questions, worst first",
}


def review_table(book: IntentBook, script: Script, phrases: Phrases, labels: Iterable[str]) -> str:
    """labels: intents, and keys of SHARED. Answers stand there as they are heard; shared lines with their {placeholders}."""
    wanted = set(labels)
    return "\n".join([*_head(book), *_intents(book, phrases, wanted), *_shared(book, script, wanted)])


def _head(book: IntentBook) -> Iterator[str]:
    signed = sum(bool(intent.reviewed) for intent in book.intents.values())
    yield "# Everything it can say\n"
    yield (
        f"{len(book.intents)} intents, {len(book.dangers)} of them danger signs. "
        f"Signed off by a clinician: {signed} of {len(book.intents)}.\n"
    )
    yield "| tier | what it means |\n|---|---|"
    yield "| emergency | an ambulance, or the fastest way to a hospital |"
    yield "| now | a hospital or birth clinic at once |"
    yield "| today | a midwife, nurse or doctor today |\n"


def _intents(book: IntentBook, phrases: Phrases, wanted: set[str]) -> Iterator[str]:
    for family, title in FAMILIES.items():
        members = [intent for label, intent in book.intents.items() if label in wanted and label.partition(".")[0] == family]
        if members:
            yield f"## {title}\n"
        for intent in members:
            yield from _intent(intent, phrases)


def _intent(intent: Intent, phrases: Phrases) -> Iterator[str]:
    facts = [] if intent.tier is Tier.NONE else [f"Tier: **{intent.tier.word}**"]
    facts += [f"A yes leads to: **{intent.if_yes.word}**"] if intent.if_yes else []
    facts.append(f"Reviewed: {intent.reviewed or '**no**'}")
    yield f"### {intent.label}\n\n{intent.means.capitalize()}. {'. '.join(facts)}.\n"
    rows = [(part.key.removeprefix(f"{intent.label} "), phrases.of_intent(intent, part).text, part.source) for part in intent.parts]
    if rows:
        yield from _table(("part", "what is heard", "source"), rows)
    else:
        yield "It stays silent.\n"


def _shared(book: IntentBook, script: Script, wanted: set[str]) -> Iterator[str]:
    parts: Sequence[Part] = (*book.lines.values(), *script.parts)
    for group, title in SHARED.items():
        if group not in wanted:
            continue
        yield f"## {title}\n"
        reviewed = {"lines": book.lines_reviewed, "conversation": script.lines_reviewed, "check": script.check_reviewed}[group]
        yield f"Reviewed: {reviewed or '**no**'}.\n"
        rows = [(part.key.removeprefix(f"{group} "), part.say, part.source) for part in parts if part.key.startswith(f"{group} ")]
        yield from _table(("line", "what is heard", "source"), rows)
        if group == "conversation":
            yield from _table(("question", "what {topic} stands for"), list(script.topics.items()))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _row(head)
    yield "|" + "---|" * len(head)
    yield from map(_row, rows)
    yield ""


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("\\", "\\\\").replace("|", "\\|") for cell in cells) + " |"
