from __future__ import annotations

import csv
import re
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from skill.devices import Kind, choose
from skill.errors import ModelError
from skill.hearing import open_recogniser
from skill.hearing.listener import Listener
from skill.hearing.microphone import DeviceMicrophone
from skill.hearing.recording import RecordingMicrophone
from skill.hearing.spoken_sound import SpokenSound
from skill.hearing.whisper_recogniser import WhisperRecogniser, plain_words
from skill.messages import AudioBlock, Heard, NothingHeard, Transcript
from tests.virtual_sound import VirtualSoundCard

SOUNDS = Path(__file__).resolve().parents[2].parent / "shared" / "sounds"
SENTENCE = "My back hurts when I walk."
WORDS = "my back hurts when i walk"


@pytest.fixture(scope="module")
def whisper(whisper_model: Path) -> WhisperRecogniser:
    return WhisperRecogniser(whisper_model)


def hear(whisper: WhisperRecogniser, path: Path, block_seconds: float = 0.1) -> list[Heard]:
    return list(Listener(RecordingMicrophone(path, block_seconds), whisper).heard())


def transcripts(heard: list[Heard]) -> list[Transcript]:
    return [one for one in heard if isinstance(one, Transcript)]


def without_cost(heard: list[Heard]) -> list[str]:
    return [re.sub(r"compute_seconds=[^,)]*", "", repr(one)) for one in heard]


def test_a_sentence_is_heard_with_all_that_belongs_to_it(whisper: WhisperRecogniser, spoken: Callable[[str], Path]) -> None:
    (heard,) = transcripts(hear(whisper, spoken(SENTENCE)))
    assert heard.text == WORDS
    assert heard.recogniser == "whisper"
    assert " ".join(word.text for word in heard.words) == heard.text
    assert all(0 < word.confidence <= 1 for word in heard.words)
    starts = [word.start_seconds for word in heard.words]
    assert starts == sorted(starts)
    assert 0.5 < heard.start_seconds < 1.5  # one second of silence comes first
    assert heard.start_seconds < heard.end_seconds < soundfile.info(spoken(SENTENCE)).duration
    assert 0.3 < heard.confidence <= 1
    assert heard.compute_seconds > 0
    assert heard.text not in [other.text for other in heard.alternatives]


def test_unclear_words_come_with_other_readings(whisper: WhisperRecogniser, spoken: Callable[[str], Path], tmp_path: Path) -> None:
    sound, rate_hz = soundfile.read(spoken("The pain goes down my leg into my foot."))
    noisy = sound + np.random.default_rng(5).normal(0, 0.03, len(sound))
    soundfile.write(tmp_path / "noisy.wav", noisy, rate_hz)
    (heard,) = transcripts(hear(whisper, tmp_path / "noisy.wav"))
    assert heard.alternatives
    shares = [other.confidence for other in heard.alternatives]
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) < 1


def test_the_size_of_the_blocks_does_not_show(whisper: WhisperRecogniser, spoken: Callable[[str], Path]) -> None:
    small, large = (hear(whisper, spoken(SENTENCE), seconds) for seconds in (0.02, 0.25))
    assert without_cost(small) == without_cost(large)
    assert transcripts(small)


@pytest.mark.parametrize(
    ("rate_hz", "channels", "bits"),
    [(8_000, 1, ["-b", "16"]), (16_000, 2, ["-b", "8"]), (44_100, 2, ["-b", "24"]), (48_000, 1, ["-e", "float", "-b", "32"])],
)
def test_rate_width_and_channels_do_not_change_the_words(
    whisper: WhisperRecogniser, spoken: Callable[[str], Path], tmp_path: Path, rate_hz: int, channels: int, bits: list[str]
) -> None:
    converted = tmp_path / "converted.wav"
    subprocess.run(
        ["sox", str(spoken(SENTENCE)), "-r", str(rate_hz), "-c", str(channels), *bits, str(converted)], check=True, capture_output=True
    )
    assert [heard.text for heard in transcripts(hear(whisper, converted))] == [WORDS]


def test_two_sentences_are_two_utterances(whisper: WhisperRecogniser, spoken: Callable[[str], Path], tmp_path: Path) -> None:
    both = tmp_path / "both.wav"
    subprocess.run(["sox", str(spoken(SENTENCE)), str(spoken("How should I sleep?")), str(both)], check=True)
    first, second = transcripts(hear(whisper, both))
    assert (first.text, second.text) == (WORDS, "how should i sleep")
    assert second.start_seconds > first.end_seconds + 1


def with_pause(spoken: Callable[[str], Path], first: str, pause_seconds: float, then: str, path: Path) -> Path:
    """Two halves and what lies between; silence around both."""
    halves, rate_hz = [], 0
    for half in (first, then):
        samples, rate_hz = soundfile.read(spoken(half))
        loud = np.flatnonzero(np.abs(samples) > 0.02)
        halves.append(samples[loud[0] : loud[-1]])
    silence = np.zeros(2 * rate_hz)
    pause = np.zeros(round(pause_seconds * rate_hz))
    soundfile.write(path, np.concatenate([silence, halves[0], pause, halves[1], silence]), rate_hz)
    return path


def test_who_looks_for_a_word_is_not_cut_off(whisper: WhisperRecogniser, spoken: Callable[[str], Path], tmp_path: Path) -> None:
    recording = with_pause(spoken, "I cannot sleep because of my", 1.1, "hurting back.", tmp_path / "searching.wav")
    (heard,) = transcripts(hear(whisper, recording))
    assert heard.text.startswith("i cannot sleep because of my")
    assert heard.text.endswith("back")


def test_a_finished_sentence_is_over_in_the_usual_pause(whisper: WhisperRecogniser, spoken: Callable[[str], Path], tmp_path: Path) -> None:
    recording = with_pause(spoken, "My back hurts.", 1.1, "What helps?", tmp_path / "finished.wav")
    assert len(transcripts(hear(whisper, recording))) == 2


def test_what_follows_a_short_pause_is_heard_though_the_words_were_looked_at_in_it(
    whisper: WhisperRecogniser, spoken: Callable[[str], Path], tmp_path: Path
) -> None:
    recording = with_pause(spoken, "My back hurts", 0.6, "when I walk.", tmp_path / "breath.wav")
    (heard,) = transcripts(hear(whisper, recording))
    assert heard.text == WORDS
    assert heard.end_seconds > heard.words[2].end_seconds + 0.8


def pause_before_it_is_heard(whisper: WhisperRecogniser, path: Path) -> float:
    """Seconds of silence that it took until the words came."""
    (block,) = RecordingMicrophone(path, 60.0).blocks()
    loud = np.flatnonzero(np.abs(np.frombuffer(block.pcm, "<i2")) > 600)
    microphone, taken = RecordingMicrophone(path, 0.02), 0.0
    listener = Listener(microphone, whisper)
    for piece in microphone.blocks():
        taken += piece.seconds
        if transcripts(list(listener.take(piece))):
            whisper.reset()
            return taken - float(loud[-1]) / block.rate_hz
    pytest.fail("nothing was heard")


def test_a_command_is_over_sooner_than_a_word_that_more_may_follow(whisper: WhisperRecogniser, spoken: Callable[[str], Path]) -> None:
    assert pause_before_it_is_heard(whisper, spoken("Louder.")) < pause_before_it_is_heard(whisper, spoken("Help!")) - 0.15


def test_a_recording_that_ends_in_speech_is_heard_to_its_end(
    whisper: WhisperRecogniser, spoken: Callable[[str], Path], tmp_path: Path
) -> None:
    cut = tmp_path / "cut.wav"
    subprocess.run(["sox", str(spoken(SENTENCE)), str(cut), "trim", "0", "-0.9"], check=True)
    assert [heard.text for heard in transcripts(hear(whisper, cut))] == [WORDS]


def test_reset_forgets_half_a_sentence(whisper: WhisperRecogniser, spoken: Callable[[str], Path], tmp_path: Path) -> None:
    sound = at_16_khz(spoken(SENTENCE), tmp_path)
    half = len(sound) // 4 * 2
    assert whisper.accept(AudioBlock(sound[:half], 16_000)) == []
    whisper.reset()
    assert whisper.finish() == []
    whisper.accept(AudioBlock(sound[:half], 16_000))
    assert transcripts(list(whisper.finish()))  # without the reset there would have been something to forget


def at_16_khz(path: Path, folder: Path) -> bytes:
    subprocess.run(["sox", str(path), "-r", "16000", str(folder / "16.wav")], check=True)
    sound: bytes = soundfile.read(folder / "16.wav", dtype="int16")[0].tobytes()
    return sound


@pytest.mark.parametrize("name", ["kitchen_freesound_30s", "background_noise_s2p"])
def test_noise_is_no_transcript(whisper: WhisperRecogniser, name: str) -> None:
    path = SOUNDS / "noise" / f"{name}.wav"
    if not path.is_file():
        pytest.skip(f"the recording {name} is not on this machine")
    assert transcripts(hear(whisper, path)) == []


@pytest.mark.parametrize("start", [0, 8, 16, 24])
def test_noise_that_voice_activity_lets_through_is_no_transcript_either(whisper: WhisperRecogniser, start: int) -> None:
    path = SOUNDS / "noise" / "kitchen_freesound_30s.wav"
    if not path.is_file():
        pytest.skip("the recording of the kitchen is not on this machine")
    sound, _ = soundfile.read(path, start=start * 16_000, frames=3 * 16_000, dtype="int16")
    assert isinstance(whisper._transcribe(SpokenSound.of(sound.tobytes())), NothingHeard)


def test_silence_that_voice_activity_lets_through_is_no_transcript(whisper: WhisperRecogniser) -> None:
    assert isinstance(whisper._transcribe(SpokenSound.of(bytes(2 * 16_000 * 3))), NothingHeard)


def test_real_people_are_heard(whisper: WhisperRecogniser) -> None:
    if not SOUNDS.is_dir():
        pytest.skip("the recordings of real people are not on this machine")
    with (SOUNDS / "MANIFEST.csv").open(newline="") as file:
        clips = [row for row in csv.DictReader(file) if row["file"].startswith("people/s2p_en/") and row["transcript"]][::3]
    right = wanted = 0
    for clip in clips:
        heard = transcripts(hear(whisper, SOUNDS / clip["file"]))
        assert heard, f"nothing heard in {clip['file']}"
        said = clip["transcript"].split()
        right += sum(word in " ".join(one.text for one in heard).split() for word in said)
        wanted += len(said)
    assert right / wanted > 0.7


def test_the_first_utterance_through_the_microphone(
    sound_card: VirtualSoundCard, whisper: WhisperRecogniser, spoken: Callable[[str], Path]
) -> None:
    microphone = DeviceMicrophone(choose(Kind.MICROPHONE, "auto"))
    try:
        playing = threading.Thread(target=sound_card.play_into_microphone, args=(spoken(SENTENCE),))
        playing.start()
        listener = Listener(microphone, whisper)
        heard = next(one for one in listener.heard() if isinstance(one, Transcript))
        playing.join()
        assert heard.text == WORDS
        assert listener.lost_blocks == 0
    finally:
        microphone.close()


def test_it_is_deaf_to_what_was_said_before_a_reset(
    sound_card: VirtualSoundCard, whisper: WhisperRecogniser, spoken: Callable[[str], Path]
) -> None:
    microphone = DeviceMicrophone(choose(Kind.MICROPHONE, "auto"))
    try:
        listener = Listener(microphone, whisper)
        heard = listener.heard()
        listening = threading.Thread(target=sound_card.play_into_microphone, args=(spoken("Call the clinic now."),))
        listening.start()
        listening.join()
        listener.reset()
        asking = threading.Thread(target=sound_card.play_into_microphone, args=(spoken(SENTENCE),))
        asking.start()
        assert next(one for one in heard if isinstance(one, Transcript)).text == WORDS
        asking.join()
    finally:
        microphone.close()


@pytest.mark.parametrize("missing", ["model.bin", "config.json", "tokenizer.json", "vocabulary.txt"])
def test_a_model_with_a_missing_file_says_how_to_mend_it(whisper_model: Path, tmp_path: Path, missing: str) -> None:
    folder = tmp_path / "whisper-tiny.en"
    folder.mkdir()
    for file in whisper_model.iterdir():
        if file.name != missing:
            (folder / file.name).symlink_to(file)
    with pytest.raises(ModelError, match=f"lacks {re.escape(missing)}.*models fetch whisper-tiny.en"):
        open_recogniser("whisper", folder)


@pytest.mark.parametrize("damaged", ["model.bin", "config.json", "tokenizer.json", "vocabulary.txt"])
def test_a_damaged_model_says_how_to_mend_it(whisper_model: Path, tmp_path: Path, damaged: str) -> None:
    folder = tmp_path / "whisper-tiny.en"
    folder.mkdir()
    for file in whisper_model.iterdir():
        if file.name != damaged:
            (folder / file.name).symlink_to(file)
    with (whisper_model / damaged).open("rb") as file:
        (folder / damaged).write_bytes(file.read(1_000))
    with pytest.raises(ModelError, match=r"is damaged.*models fetch whisper-tiny.en"):
        open_recogniser("whisper", folder)


def test_a_missing_folder_says_how_to_mend_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no Whisper model in .*models fetch whisper-tiny.en"):
        open_recogniser("whisper", tmp_path / "whisper-tiny.en")


def test_it_opens_no_connection(whisper_model: Path, spoken: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was opened")

    path = spoken(SENTENCE)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert transcripts(hear(WhisperRecogniser(whisper_model), path))


@pytest.mark.parametrize(
    ("written", "spoken_words"),
    [
        ("I\u2019m not bleeding, am I?", "i'm not bleeding am i"),
        ("It's 'really' bad -- 10%!", "it's really bad 10 percent"),
        ("[BLANK_AUDIO] (sighs) *coughs*", ""),
        ("1,500 steps; ill-disposed caf\u00e9", "1500 steps ill disposed cafe"),
        (" ... ", ""),
    ],
)
def test_plain_words(written: str, spoken_words: str) -> None:
    assert plain_words(written) == spoken_words
