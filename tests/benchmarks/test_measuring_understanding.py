"""The benchmark of understanding counts right, tells what is missing, and remembers what was heard."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.understanding import costs, peers, scoring
from benchmarks.understanding.chatter import measure_chatter
from benchmarks.understanding.heard import Ear
from benchmarks.understanding.scoring import Fault, Judgement, Share, confusions, fault_of, word_errors
from benchmarks.understanding.utterances import Kind, Utterance, read_set, stratified
from benchmarks.understanding.voices import SECONDS_BEFORE, Samples, active_rms, in_room, noise_for, read_wav
from skill.errors import InputError
from skill.hearing.resampling import RECOGNISER_RATE_HZ
from skill.messages import Tier, Transcript, Understanding
from skill.settings import PROJECT, Settings, Storage
from skill.understanding.intents import IntentBook, load_intents

BLEEDING = Utterance("i am bleeding and faint", ("danger.bleeding", "danger.faint"), Tier.EMERGENCY)
SHOES = Utterance("which shoes", ("relief.shoes",), Tier.NONE)
WEATHER = Utterance("nice day", ("none",), Tier.NONE)
STOP = Utterance("stop", ("control.stop",), Tier.NONE)


@pytest.fixture(scope="module")
def book() -> IntentBook:
    return load_intents(PROJECT / "intents" / "en")


def test_wilson_interval_is_that_of_the_textbook() -> None:
    assert Share(8, 10).interval == pytest.approx((49.02, 94.33), abs=0.01)
    assert Share(0, 10).interval == pytest.approx((0.0, 27.75), abs=0.01)
    assert Share(0, 0).percent is None


def test_judgements_of_one_utterance_by_several_voices_do_not_narrow_the_interval() -> None:
    assert Share(40, 50).thinned(5).interval == Share(8, 10).interval


@pytest.mark.parametrize(
    ("utterance", "labels", "tier", "fault"),
    [
        (BLEEDING, ("danger.faint",), Tier.EMERGENCY, None),
        (BLEEDING, (), Tier.NONE, Fault.MISSED),
        (BLEEDING, ("relief.sleep",), Tier.NONE, Fault.MISSED),
        (BLEEDING, ("danger.bleeding",), Tier.NOW, Fault.TIER_LOW),
        (BLEEDING, ("danger.fit",), Tier.EMERGENCY, Fault.WRONG_DANGER),
        (SHOES, ("danger.fall", "relief.shoes"), Tier.NOW, Fault.FALSE_ALARM),
        (SHOES, ("relief.sleep", "relief.shoes"), Tier.NONE, Fault.WRONG_LABEL),
        (SHOES, (), Tier.NONE, Fault.NOT_ANSWERED),
        (SHOES, ("relief.shoes", "relief.sleep"), Tier.NONE, None),
        (STOP, (), Tier.NONE, Fault.NOT_ANSWERED),
        (WEATHER, ("control.greet",), Tier.NONE, Fault.NOT_LEFT_ALONE),
        (WEATHER, (), Tier.NONE, None),
    ],
)
def test_fault(utterance: Utterance, labels: tuple[str, ...], tier: Tier, fault: Fault | None) -> None:
    assert fault_of(utterance, Judgement(labels, tier)) is fault


def test_each_bar_counts_its_own_utterances() -> None:
    judged = [
        (BLEEDING, Judgement(("danger.bleeding",), Tier.NOW)),
        (SHOES, Judgement(("danger.fall", "relief.shoes"), Tier.NOW)),
        (WEATHER, Judgement((), Tier.NONE)),
        (STOP, Judgement(("control.stop",), Tier.NONE)),
    ]
    shares = {bar.name: (bar.share(judged).hits, bar.share(judged).of) for bar in scoring.BARS}
    assert shares == {
        scoring.DANGER_FOUND.name: (1, 1),
        scoring.DANGER_RIGHT.name: (1, 1),
        scoring.TIER_TOO_LOW.name: (1, 1),
        scoring.FALSE_DANGER.name: (1, 3),
        scoring.QUESTION_RIGHT.name: (0, 1),
        scoring.CONTROL_RIGHT.name: (1, 1),
        scoring.CHATTER_ALONE.name: (1, 1),
        scoring.SEVERAL_RIGHT.name: (0, 1),
    }


def test_a_bar_is_met_from_its_limit_on() -> None:
    assert [scoring.DANGER_FOUND.is_met(Share(hits, 100)) for hits in (98, 99)] == [False, True]
    assert [scoring.TIER_TOO_LOW.is_met(Share(hits, 100)) for hits in (2, 3)] == [True, False]
    assert scoring.DANGER_FOUND.is_met(Share(0, 0)) is None


def test_confusions_come_worst_first() -> None:
    judged = [
        (WEATHER, Judgement(("control.greet",), Tier.NONE)),
        (SHOES, Judgement(("danger.fall",), Tier.NOW)),
        (BLEEDING, Judgement(("danger.bleeding",), Tier.NOW)),
        (BLEEDING, Judgement((), Tier.NONE)),
    ]
    assert [one.fault for one in confusions(judged)] == [Fault.MISSED, Fault.TIER_LOW, Fault.FALSE_ALARM, Fault.NOT_LEFT_ALONE]


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [("a b c", "a b c", 0), ("a b c", "", 3), ("", "a", 1), ("a b c", "b x c d", 3), ("low back pain", "low bat paint", 2)],
)
def test_word_errors(said: str, heard: str, errors: int) -> None:
    assert word_errors(said.split(), heard.split()) == errors


# --- sets ----------------------------------------------------------------------------------------------------------------


def test_a_sample_has_every_kind_and_is_the_same_each_time() -> None:
    many = [Utterance(f"{one.text} {number}", one.labels, one.tier) for one in (BLEEDING, SHOES, WEATHER, STOP) for number in range(50)]
    sample = stratified(many, 20)
    assert sample == stratified(reversed(many), 20)
    assert {kind: sum(one.kind is kind for one in sample) for kind in Kind} == {
        Kind.DANGER: 9,
        Kind.QUESTION: 6,
        Kind.CONTROL: 2,
        Kind.CHATTER: 3,
    }


def test_an_absent_set_says_so(tmp_path: Path) -> None:
    assert str(tmp_path / "gone") in read_set("set", tmp_path / "gone").why_absent


@pytest.mark.parametrize("line", ['{"text": "hi"}', "hello", '{"text": "hi", "labels": ["none"], "tier": "soon"}', "[]"])
def test_a_wrong_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(json.dumps({"text": "hi", "labels": ["none"], "tier": "none"}) + "\n" + line + "\n")
    with pytest.raises(InputError, match=r"set\.jsonl, line 2"):
        read_set("set", tmp_path)


# --- others, and what is missing -----------------------------------------------------------------------------------------


def test_a_missing_peer_is_a_row_that_says_so(book: IntentBook, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("hassil", "rapidfuzz", "padacioso", "sklearn.feature_extraction.text"):
        monkeypatch.setitem(sys.modules, module, None)
    (table,) = peers.measure_peers(book, {"ours": lambda text: peers.LEFT_ALONE}, {"few": (SHOES, WEATHER)})
    remarks = {row[0]: row[-1] for row in table.rows}
    assert set(peers.PEERS) < set(remarks)
    for name, (package, _) in peers.PEERS.items():
        assert "pip install" in str(remarks[name])
        assert package in str(remarks[name])


def test_missing_chatter_is_a_row_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hassil", None)
    monkeypatch.setitem(sys.modules, "chatterbot_corpus", None)
    (table,) = measure_chatter(_Nobody(), set())
    assert [row[0] for row in table.rows] == ["home-assistant-intents", "chatterbot-corpus"]
    assert all("pip install" in str(row[-1]) for row in table.rows)


class _Nobody:
    def interpret(self, transcript: Transcript) -> Understanding:
        return Understanding(transcript.text)


def test_time_and_memory_are_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs, "ENCODER", tmp_path / "gone")  # words alone: quick, and an absent encoder has to say so
    (table,) = costs.measure_costs(["my back hurts", "i am bleeding", "nice weather"] * 7, tmp_path)
    encoder, words_alone = table.rows
    assert str(tmp_path / "gone") in str(encoder[-1])
    figures = dict(zip((column.name for column in table.columns), words_alone, strict=True))
    assert float(figures["median, ms"] or 0) > 0
    assert float(figures["memory grew by, MB"] or 0) > float(figures["of it libraries, MB"] or 0) > 0


# --- speech --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decibels", [20.0, 5.0])
def test_noise_lies_as_far_below_the_speech_as_asked(decibels: float) -> None:
    chance = np.random.default_rng(0)
    speech, noise = (chance.standard_normal(RECOGNISER_RATE_HZ).astype(np.float32) * level for level in (0.3, 0.01))
    clean, noisy = in_room(speech), in_room(speech, noise, decibels, start=123)
    added = noisy - clean
    assert 20 * np.log10(active_rms(speech_part(clean)) / np.sqrt(np.mean(added**2))) == pytest.approx(decibels, abs=0.1)


def speech_part(room: Samples) -> Samples:
    begin = round(SECONDS_BEFORE * RECOGNISER_RATE_HZ)
    return room[begin : begin + RECOGNISER_RATE_HZ]


def test_noise_is_the_same_each_time_and_differs_between_texts() -> None:
    sounds = {name: np.zeros(1000, np.float32) for name in ("kitchen", "street")}
    chosen = [noise_for(f"text {number}", sounds) for number in range(20)]
    assert chosen == [noise_for(f"text {number}", sounds) for number in range(20)]
    assert {name for name, _ in chosen} == {"kitchen", "street"}


@pytest.fixture
def storage(whisper_model: Path) -> Storage:
    return Settings().storage.model_copy(update={"models_folder": whisper_model.parent})


def test_what_was_heard_is_kept(storage: Storage, spoken: Callable[[str], Path], tmp_path: Path) -> None:
    asked: list[str] = []

    def sound() -> Samples:
        asked.append("once")
        return read_wav(spoken("which shoes are good for my back"))

    first = Ear(storage, tmp_path).hear("which shoes", "some voice", "clean", sound)
    with (tmp_path / "heard.jsonl").open("a") as file:
        file.write('{"key": "broken off')
    again = Ear(storage, tmp_path).hear("which shoes", "some voice", "clean", sound)
    assert asked == ["once"]
    assert again == first
    assert "shoes" in first[0].text
    assert first[0].words
    Ear(storage, tmp_path).hear("which shoes", "some voice", "10 dB", sound)
    assert asked == ["once", "once"]


def test_the_command_line_names_a_wrong_number(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.understanding.__main__ import main

    monkeypatch.setattr(sys, "argv", ["understanding", "--sample", "many"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "not 'many'" in capsys.readouterr().err
