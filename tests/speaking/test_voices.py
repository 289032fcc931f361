"""Both voices, rendered for real. Whisper says whether the words are there."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soxr

from benchmarks.voices import DANGER, ORDINARY
from skill.errors import SettingsError, SpeakingError
from skill.messages import Line, Pace, Speech
from skill.speaking import VOICES, open_voice, pyttsx3_voice
from skill.speaking.cache import CachedVoice
from skill.speaking.pyttsx3_voice import Pyttsx3Voice
from skill.speaking.sound import FASTEST_SPEED, SLOWEST_SPEED, samples_of
from skill.stages import Voice

ROOT = Path(__file__).resolve().parents[2]
LONG = Line(" ".join(ORDINARY))


@pytest.fixture(params=list(VOICES))
def voice(request: pytest.FixtureRequest) -> Iterator[Voice]:
    opened = open_voice(request.param)
    yield opened
    opened.close()


@pytest.fixture
def espeak() -> Iterator[Pyttsx3Voice]:
    opened = Pyttsx3Voice(answer_seconds=1.5)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def words_in(whisper_model: Path) -> Callable[[Speech], set[str]]:
    from faster_whisper import WhisperModel

    model = WhisperModel(str(whisper_model), device="cpu", compute_type="int8", local_files_only=True)

    def words(speech: Speech) -> set[str]:
        heard, _ = model.transcribe(soxr.resample(samples_of(speech.pcm), speech.rate_hz, 16_000), language="en")
        return set(re.findall(r"[a-z]+", " ".join(segment.text for segment in heard).lower()))

    return words


def words_a_minute(voice: Voice, texts: tuple[str, ...], pace: Pace) -> float:
    return 60 * sum(len(text.split()) for text in texts) / sum(voice.render(Line(text, pace)).seconds for text in texts)


def pauses_seconds(speech: Speech) -> list[float]:
    """Stretches of silence inside the speech that are longer than the stop of a consonant."""
    loud = np.flatnonzero(np.abs(samples_of(speech.pcm)) > 0.003)
    gaps = np.diff(loud) / speech.rate_hz
    return [float(gap) for gap in gaps if gap > 0.25]


def worker_pids() -> list[int]:
    """This process's living workers; one that is only waiting to be reaped no longer counts."""
    pids = []
    for entry in Path("/proc").iterdir():
        try:
            state, parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:2]
            command = (entry / "cmdline").read_text()
        except (OSError, IndexError):
            continue
        if int(parent) == os.getpid() and state != "Z" and "pyttsx3_worker" in command:
            pids.append(int(entry.name))
    return pids


# --- every voice -----------------------------------------------------------------------------------------------------


def test_the_pace_is_the_designed_one_with_pauses_counted(voice: Voice) -> None:
    assert 125 <= words_a_minute(voice, ORDINARY, Pace.ORDINARY) <= 135
    assert 115 <= words_a_minute(voice, DANGER, Pace.DANGER) <= 125


def test_sentences_are_parted_by_pauses_of_the_designed_length(voice: Voice) -> None:
    pauses = pauses_seconds(voice.render(Line("Warm is fine. Hot is not. Call a nurse.")))
    assert len(pauses) == 2
    assert all(0.3 <= pause <= 0.5 for pause in pauses)


def test_nothing_but_speech_at_both_ends(voice: Voice) -> None:
    speech = voice.render(Line("Go to a hospital now."))
    loud = np.flatnonzero(np.abs(samples_of(speech.pcm)) > 0.003)
    assert loud[0] / speech.rate_hz < 0.1
    assert speech.seconds - loud[-1] / speech.rate_hz < 0.15


def test_speed_scales_the_pace_and_is_held_within_bounds(voice: Voice) -> None:
    line = Line("Try not to carry heavy things. Bend your knees, not your back.")
    ordinary = voice.render(line).seconds
    voice.speed = 0.8
    assert 1.1 < voice.render(line).seconds / ordinary < 1.4
    voice.speed = 1.4
    assert 0.6 < voice.render(line).seconds / ordinary < 0.85
    voice.speed = 50.0
    assert voice.speed == FASTEST_SPEED
    voice.speed = 0.0
    assert voice.speed == SLOWEST_SPEED


def test_two_different_texts_in_succession_are_both_whole(voice: Voice, words_in: Callable[[Speech], set[str]]) -> None:
    first = voice.render(Line("Go to a hospital or birth clinic now, day or night."))
    second = voice.render(Line("Ask a nurse or a doctor before you take any medicine.", Pace.DANGER))
    assert {"hospital", "clinic", "now", "night"} <= words_in(first)
    assert {"nurse", "doctor", "before", "medicine"} <= words_in(second)


def test_the_same_words_are_the_same_length_each_time(voice: Voice) -> None:
    lengths = [voice.render(Line(ORDINARY[0])).seconds for _ in range(4)]
    assert max(lengths) - min(lengths) < 0.15


@pytest.mark.parametrize("text", ["", "  ", "...", "\n"])
def test_blank_text_is_refused_and_the_voice_still_works(voice: Voice, text: str) -> None:
    with pytest.raises(SpeakingError, match="no words"):
        voice.render(Line(text))
    assert voice.render(Line("Go now.")).seconds > 0.4


def test_odd_characters_do_not_break_the_voice(voice: Voice) -> None:
    odd = voice.render(Line("Go now\x00 \u2013 “please” 🙂 <b>&amp; [[x]] {not} a | b; naïve café."))
    assert odd.seconds > 1.5
    assert voice.render(Line("Go now.")).seconds > 0.4


def test_both_voices_are_equally_loud() -> None:
    levels = []
    for name in VOICES:
        opened = open_voice(name)
        samples = samples_of(opened.render(Line(DANGER[0], Pace.DANGER)).pcm)
        opened.close()
        assert np.max(np.abs(samples)) < 0.95
        levels.append(20 * np.log10(np.sqrt(np.mean(samples[np.abs(samples) > 0.005] ** 2))))
    assert max(levels) - min(levels) < 2.0


# --- pyttsx3 and its worker ------------------------------------------------------------------------------------------


def test_ten_of_ten_files_are_complete(espeak: Pyttsx3Voice) -> None:
    lines = [Line(text, pace) for text, pace in zip(ORDINARY[:5] + DANGER[:5], [*Pace] * 5, strict=True)]
    first = [espeak.render(line).seconds for line in lines]
    again = [espeak.render(line).seconds for line in reversed(lines)]
    assert first == pytest.approx(again[::-1], rel=0.03)
    for line, seconds in zip(lines, first, strict=True):
        assert 95 < 60 * len(line.text.split()) / seconds < 160


def test_changing_rate_and_words_at_once_loses_nothing(espeak: Pyttsx3Voice) -> None:
    seconds: dict[tuple[str, Pace], set[float]] = {}
    for _ in range(30):
        for text in ("Go now.", "Do you want more?"):
            for pace in Pace:
                seconds.setdefault((text, pace), set()).add(espeak.render(Line(text, pace)).seconds)
    assert all(max(lengths) - min(lengths) < 0.1 for lengths in seconds.values())


def test_a_worker_killed_between_two_lines_is_replaced(espeak: Pyttsx3Voice) -> None:
    whole = espeak.render(LONG).seconds
    (pid,) = worker_pids()
    os.kill(pid, signal.SIGKILL)
    assert espeak.render(LONG).seconds == pytest.approx(whole, rel=0.03)
    assert worker_pids() != [pid]


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV])
def test_a_worker_lost_in_the_middle_of_a_line_costs_no_words(espeak: Pyttsx3Voice, blow: signal.Signals) -> None:
    whole = espeak.render(LONG).seconds
    (pid,) = worker_pids()
    struck = threading.Timer(0.03, os.kill, (pid, blow))
    struck.start()
    lengths = [espeak.render(LONG).seconds for _ in range(3)]
    struck.join()
    assert lengths == pytest.approx([whole] * 3, rel=0.03)
    assert worker_pids() != [pid]


def test_a_voice_that_always_hangs_ends_in_an_error_and_leaves_no_process(espeak: Pyttsx3Voice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyttsx3_voice, "START_SECONDS", 1.0)
    over = threading.Event()

    def stop_every_worker() -> None:
        while not over.wait(0.005):
            for pid in worker_pids():
                with suppress(ProcessLookupError):  # given up meanwhile
                    os.kill(pid, signal.SIGSTOP)

    hanging = threading.Thread(target=stop_every_worker)
    hanging.start()
    with pytest.raises(SpeakingError, match=r"no answer within .* Tried 2 times"):
        espeak.render(Line("Go now."))
    over.set()
    hanging.join()
    assert worker_pids() == []
    assert espeak.render(Line("Go now.")).seconds > 0.4


def test_a_worker_that_cannot_start_says_why(espeak: Pyttsx3Voice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyttsx3_voice, "ESPEAK_VOICE", "no-such-voice")
    with pytest.raises(SpeakingError, match="no-such-voice"):
        espeak.render(Line("Go now."))


def test_closing_ends_the_worker_in_the_middle_of_a_line(espeak: Pyttsx3Voice) -> None:
    espeak.render(Line("Go now."))
    failures: list[SpeakingError] = []

    def speak_on() -> None:
        try:
            for _ in range(1000):
                espeak.render(LONG)
        except SpeakingError as exc:
            failures.append(exc)

    speaking = threading.Thread(target=speak_on)
    speaking.start()
    time.sleep(0.1)
    espeak.close()
    espeak.close()
    speaking.join(timeout=10)
    assert not speaking.is_alive()
    assert len(failures) == 1
    assert worker_pids() == []


# --- choosing --------------------------------------------------------------------------------------------------------


def test_an_unknown_voice_lists_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="natural, espeak"):
        open_voice("alexa")


def test_auto_prefers_the_natural_voice() -> None:
    assert open_voice("auto").name == "natural"


def test_auto_takes_espeak_where_hibari_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hibari", None)
    assert open_voice("auto").name == "espeak"
    with pytest.raises(SpeakingError, match=r"hibari-tts.*script/setup"):
        open_voice("natural")


def test_without_the_library_espeak_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyttsx3_voice, "LIBRARIES", ("libnot-there.so.1",))
    with pytest.raises(SpeakingError, match=r"espeak-ng.*script/setup"):
        open_voice("espeak")
    monkeypatch.setitem(sys.modules, "hibari", None)
    with pytest.raises(SpeakingError, match=r"hibari-tts.*espeak-ng"):
        open_voice("auto")


def test_the_natural_voice_does_not_take_no_for_number(words_in: Callable[[Speech], set[str]]) -> None:
    """hibari reads "no." at the end of a sentence as the short form of "number"."""
    heard = words_in(open_voice("natural").render(Line("Please answer with yes or no.")))
    assert "number" not in heard
    assert "no" in heard


LAZILY = """
import sys
from skill import assembly
from skill.messages import Line
from skill.settings import Settings, Storage

voice = assembly.lasting_voice(Settings(storage=Storage(cache_folder=sys.argv[1])), print, print)
before = voice.name
print(before, voice.render(Line(sys.argv[2])).from_cache, voice.name, "hibari" in sys.modules, "scipy" in sys.modules)
"""


def rendered_lazily(cache: Path, text: str, libraries: Path | None = None) -> list[str]:
    """What a fresh process says that speaks as the assistant does. libraries: found before those that are installed."""
    path = {"PYTHONPATH": f"{libraries}:{ROOT}" if libraries else str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", LAZILY, cache, text], env={**os.environ, **path}, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_an_answer_from_the_store_needs_none_of_the_voices_libraries(tmp_path: Path) -> None:
    cached = CachedVoice(open_voice("natural"), tmp_path / "speech")
    cached.prepare([Line("Go now.")], lambda done, total: None)
    assert rendered_lazily(tmp_path, "Go now.") == ["natural True natural False False"]


def test_a_natural_voice_that_proves_broken_when_it_is_needed_leaves_the_word_to_espeak(tmp_path: Path) -> None:
    (tmp_path / "libraries" / "hibari").mkdir(parents=True)
    (tmp_path / "libraries" / "hibari" / "__init__.py").write_text("raise ImportError('a library is torn')\n")
    told, spoken = rendered_lazily(tmp_path, "Go now.", tmp_path / "libraries")
    assert "The natural voice failed" in told
    assert spoken == "natural False espeak False False"
