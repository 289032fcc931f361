"""The figures of understanding as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from benchmarks.measuring.report import Cell, Column, Table
from benchmarks.understanding.scoring import BARS, Bar, Judged, Share, confusions
from benchmarks.understanding.utterances import Kind

_MOST_EVIDENCE = 90


def bars_table(title: str, judged: Sequence[Judged], notes: tuple[str, ...] = ()) -> Table:
    columns = (
        Column("on these utterances"),
        Column("%", 1),
        Column("95 % interval, from", 1),
        Column("to", 1),
        Column("count"),
        Column("bar, %"),
        Column("met"),
    )
    return Table(title, columns, tuple(bar_row(bar, bar.share(judged)) for bar in BARS), (_counts(judged), *notes))


def bar_row(bar: Bar, share: Share) -> tuple[Cell, ...]:
    if share.percent is None:
        return bar.name, None, None, None, "none of these", bar.wanted, ""
    low, high = share.interval
    return bar.name, share.percent, low, high, f"{share.hits:g} of {share.of:g}", bar.wanted, met(bar, share)


def met(bar: Bar, share: Share) -> str:
    return {True: "yes", False: "NO", None: ""}[bar.is_met(share)]


def percent_text(share: Share, voices: int = 1) -> str:
    """Like "98.6 (96.7 to 99.4)". voices: how many judgements stand for one utterance; the interval takes them as one."""
    if share.percent is None:
        return ""
    low, high = share.thinned(voices).interval
    return f"{share.percent:.1f} ({low:.1f} to {high:.1f})"


def confusions_table(title: str, judged: Sequence[Judged], most: int) -> Table:
    """The worst ones, at most so many; the note says how many there are of each kind."""
    found = confusions(judged)
    counts = Counter(one.fault for one in found)
    spoken = any(one.judgement.heard is not None for one in found)
    names = ["what", "meant", "tier", "given", "tier given", "said", *(["heard"] if spoken else []), "because"]
    rows = tuple(
        (
            one.fault.words,
            " ".join(one.utterance.labels),
            one.utterance.tier.word,
            " ".join(one.judgement.labels) or "nothing of ours",
            one.judgement.tier.word,
            one.utterance.text,
            *([one.judgement.heard or ""] if spoken else []),
            one.judgement.why[:_MOST_EVIDENCE],
        )
        for one in found[:most]
    )
    total = ", ".join(f"{fault.words} {number}" for fault, number in sorted(counts.items())) or "none"
    notes = [f"In all {len(found)} of {len(judged)}: {total}."]
    if len(found) > len(rows):
        notes.append(f"The worst {len(rows)} are shown; --confusions {len(found)} shows all.")
    return Table(title, tuple(Column(name) for name in names), rows, tuple(notes))


def _counts(judged: Sequence[Judged]) -> str:
    counts = Counter(utterance.kind for utterance, _ in judged)
    return f"{len(judged)} utterances: " + ", ".join(f"{counts[kind]} {kind.value}" for kind in Kind) + "."
