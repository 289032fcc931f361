"""The bars on recognised speech: five voices, clean and in noise, heard by the embedded recogniser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from benchmarks.measuring.report import Cell, Column, Table, not_measured
from benchmarks.understanding import scoring
from benchmarks.understanding.heard import Ear
from benchmarks.understanding.scoring import Bar, Judged, Judgement, judgement_of, word_errors
from benchmarks.understanding.tables import confusions_table, met, percent_text
from benchmarks.understanding.utterances import Utterance
from benchmarks.understanding.voices import OTHERS_TALKING, Render, Samples, in_room, noise_for, noises, open_voices
from skill.messages import Tier, Transcript
from skill.stages import Interpreter
from skill.understanding.wording import normalise

AS_TEXT, CLEAN = "as text", "clean"
OTHERS = "10 dB, others talking"
# Condition → limits in percent: some danger found, question right.
LIMITS: Mapping[str, tuple[float, float]] = {CLEAN: (96, 82), "10 dB": (90, 70)}
SHOWN = (
    scoring.DANGER_FOUND,
    scoring.DANGER_RIGHT,
    scoring.TIER_TOO_LOW,
    scoring.FALSE_DANGER,
    scoring.QUESTION_RIGHT,
    scoring.CONTROL_RIGHT,
    scoring.CHATTER_ALONE,
)


@dataclass(frozen=True, slots=True)
class Said:
    """One utterance as one voice said it in one room, what was heard of it (None: it was read) and what was made of that."""

    condition: str
    voice: str
    noise: str
    utterance: Utterance
    heard: tuple[Transcript, ...] | None
    judgement: Judgement

    @property
    def judged(self) -> Judged:
        return self.utterance, self.judgement

    @property
    def errors_and_words(self) -> tuple[int, int]:
        said = normalise(self.utterance.text).split()
        heard = normalise(" ".join(one.text for one in self.heard or ())).split()
        return word_errors(said, heard), len(said)


def measure_speech(
    interpreter: Interpreter, ear: Ear, sample: Sequence[Utterance], noise_folder: Path, most_confusions: int
) -> Iterator[Table]:
    voices, sounds = open_voices(), noises(noise_folder)
    said = [_read_out(interpreter, utterance) for utterance in sample]
    said += _spoken(interpreter, ear, sample, voices, sounds)
    conditions = list(dict.fromkeys(one.condition for one in said))
    yield _bars(said, conditions, len(voices), ear.name)
    yield _errors("voice", said, [condition for condition in conditions if condition != AS_TEXT])
    if sounds:
        yield _errors("noise", said, [condition for condition in conditions if condition not in (AS_TEXT, CLEAN)])
    else:
        yield not_measured("Recognised speech in noise", f"there is no *.wav file in {noise_folder}")
    for condition in (one for one in conditions if one in LIMITS):
        judged = [one.judged for one in said if one.condition == condition]
        yield confusions_table(f"Spoken, {condition}: what went wrong, worst first", judged, most_confusions)


def _read_out(interpreter: Interpreter, utterance: Utterance) -> Said:
    understood = interpreter.interpret(Transcript(utterance.text, "typed"))
    return Said(AS_TEXT, "", "", utterance, None, judgement_of(understood))


def _spoken(
    interpreter: Interpreter, ear: Ear, sample: Sequence[Utterance], voices: Mapping[str, Render], sounds: Mapping[str, Samples]
) -> Iterator[Said]:
    rooms = _rooms(sounds)
    with Progress(transient=True) as progress:
        task = progress.add_task("speaking and hearing", total=len(rooms) * len(voices) * len(sample))
        for condition, decibels, around in rooms:
            for voice, render in voices.items():
                for utterance in sample:
                    name, start = noise_for(utterance.text, around) if around else ("", 0)
                    heard = ear.hear(
                        utterance.text,
                        voice,
                        f"{name} {condition}",
                        lambda: in_room(render(utterance.text), around.get(name), decibels, start),  # noqa: B023  asked for at once
                    )
                    yield Said(condition, voice, name, utterance, heard, _judged(interpreter, heard))
                    progress.advance(task)


def _rooms(sounds: Mapping[str, Samples]) -> list[tuple[str, int, Mapping[str, Samples]]]:
    """Condition, decibels, and the noises to choose from. Household noise counts for the bars."""
    household = {name: sound for name, sound in sounds.items() if name not in OTHERS_TALKING}
    others = {name: sound for name, sound in sounds.items() if name in OTHERS_TALKING}
    noisy = [*((f"{decibels} dB", decibels, household) for decibels in (20, 10, 5)), (OTHERS, 10, others)]
    return [(CLEAN, 0, {}), *(room for room in noisy if room[2])]


def _judged(interpreter: Interpreter, heard: Sequence[Transcript]) -> Judgement:
    """Each utterance that was heard is a turn of its own; together they are what she was answered: the most serious one counts."""
    understood = sorted((judgement_of(interpreter.interpret(transcript)) for transcript in heard), key=lambda one: -one.tier)
    labels = tuple(dict.fromkeys(label for one in understood for label in one.labels))
    text = " / ".join(transcript.text for transcript in heard) or "(nothing)"
    return Judgement(labels, max((one.tier for one in understood), default=Tier.NONE), understood[0].why if understood else "", text)


# --- tables --------------------------------------------------------------------------------------------------------------


def _bars(said: Sequence[Said], conditions: Sequence[str], voices: int, recogniser: str) -> Table:
    columns = (Column("heard"), Column("word errors, %", 1), *(Column(f"{bar.name}, %") for bar in SHOWN), Column("bars"), Column("met"))
    rows = []
    for condition in conditions:
        here = [one for one in said if one.condition == condition]
        judged = [one.judged for one in here]
        cells = [percent_text(bar.share(judged), 1 if condition == AS_TEXT else voices) for bar in SHOWN]
        rows.append((condition, _error_percent(here), *cells, *_limits(condition, judged)))
    count = sum(one.condition == AS_TEXT for one in said)
    notes = (
        f"{count} utterances, each by {voices} voices, heard by {recogniser} from recordings through the path of the microphone. "
        "The interval takes the voices of one utterance as one. Noise: of a household, so many decibels below the speech.",
        f"Nothing at all was heard of {sum(one.heard == () for one in said)} recordings.",
    )
    return Table("Recognised speech", columns, tuple(rows), notes)


def _limits(condition: str, judged: Sequence[Judged]) -> tuple[str, str]:
    if condition not in LIMITS:
        return "", ""
    danger, question = LIMITS[condition]
    bars = [
        (Bar(bar.name, bar.applies, bar.hit, limit), bar.share(judged))
        for bar, limit in ((scoring.DANGER_FOUND, danger), (scoring.QUESTION_RIGHT, question))
    ]
    return f"danger {danger:g}, question {question:g}", ", ".join(met(bar, share) for bar, share in bars)


def _errors(by: str, said: Sequence[Said], conditions: Sequence[str]) -> Table:
    """Word errors and dangers found, a row for each voice or noise."""
    names = list(dict.fromkeys(getattr(one, by) for one in said if getattr(one, by)))
    columns = [Column(by)]
    for condition in conditions:
        columns += [Column(f"{condition}: word errors, %", 1), Column(f"{condition}: danger found, %", 1)]
    rows: list[tuple[Cell, ...]] = []
    for name in names:
        row: list[Cell] = [name]
        for condition in conditions:
            here = [one for one in said if one.condition == condition and getattr(one, by) == name]
            row += [_error_percent(here), scoring.DANGER_FOUND.share(one.judged for one in here).percent]
        rows.append(tuple(row))
    return Table(f"Recognised speech, by {by}", tuple(columns), tuple(rows))


def _error_percent(said: Sequence[Said]) -> float | None:
    counted = [one.errors_and_words for one in said if one.heard is not None]
    words = sum(of for _, of in counted)
    return 100 * sum(errors for errors, _ in counted) / words if words else None
