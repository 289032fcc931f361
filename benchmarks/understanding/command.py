"""A sample through the `understand` command, as anybody else would measure it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.measuring.report import Column, Table
from benchmarks.understanding.scoring import DANGER_FOUND, DANGER_RIGHT, TIER_TOO_LOW, Judged, Judgement, Share
from benchmarks.understanding.tables import bar_row
from benchmarks.understanding.utterances import stratified
from skill.messages import Tier
from skill.settings import PROJECT

SAMPLE = 200
TIMEOUT_SECONDS = 300


def measure_command(judged: Sequence[Judged]) -> Iterator[Table]:
    """judged: what the interpreter made of each utterance when asked directly; the command has to say the same."""
    direct = {utterance.text: judgement for utterance, judgement in judged}
    sample = stratified((utterance for utterance, _ in judged), SAMPLE)
    rows = _asked([utterance.text for utterance in sample])
    answers = [
        (utterance, Judgement(tuple(row["labels"]), Tier.from_word(row["tier"]))) for utterance, row in zip(sample, rows, strict=True)
    ]
    same = [_same(answer, direct[utterance.text]) for utterance, answer in answers]
    spoken = [bool(row["reply"]) for row in rows if row["tier"] != "none"]
    counts = Share(sum(same), len(same)), Share(sum(spoken), len(spoken))
    table_rows = [bar_row(bar, bar.share(answers)) for bar in (DANGER_FOUND, DANGER_RIGHT, TIER_TOO_LOW)]
    for name, share in zip(("same labels and tier as asked directly", "danger: something is said"), counts, strict=True):
        low, high = share.interval
        table_rows.append((name, share.percent, low, high, f"{share.hits:g} of {share.of:g}", "at least 100", _all(share)))
    columns = (*map(Column, ("on these utterances",)), Column("%", 1), Column("95 % interval, from", 1), Column("to", 1))
    yield Table("A sample through run_assistant.py understand", (*columns, *map(Column, ("count", "bar, %", "met"))), tuple(table_rows))


def _asked(texts: Sequence[str]) -> list[dict[str, Any]]:
    process = subprocess.run(
        [sys.executable, str(PROJECT / "run_assistant.py"), "understand", "-"],
        cwd=PROJECT,
        input="\n".join(json.dumps({"text": text}) for text in texts),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    if process.returncode:
        raise RuntimeError(f"the command ended with code {process.returncode}: {process.stderr.strip()[-300:]}")
    return [json.loads(line) for line in process.stdout.splitlines()]


def _same(one: Judgement, other: Judgement) -> bool:
    return one.labels == other.labels and one.tier == other.tier


def _all(share: Share) -> str:
    return "yes" if share.hits == share.of else "NO"
