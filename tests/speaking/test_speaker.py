"""The device speaker on a virtual sound card, whose monitor says what really left it; and the WAV speaker."""

import ctypes
import subprocess
import threading
import time
import wave
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from skill.devices import Device, Kind, choose
from skill.errors import InputError, SpeakingError
from skill.messages import Line, Speech, Tone
from skill.speaking.earcons import earcon
from skill.speaking.pyttsx3_voice import Pyttsx3Voice
from skill.speaking.sound import samples_of, speech_of
from skill.speaking.speaker import DeviceSpeaker, WavSpeaker, at_rate, volume_gain
from tests.virtual_sound import VirtualSoundCard

RATE_HZ = 8_000  # at which recordings are compared
WORDS_START = 0.003


@pytest.fixture(scope="module")
def speech() -> Speech:
    voice = Pyttsx3Voice()
    rendered = voice.render(Line("Go to a hospital now. Do not wait."))
    voice.close()
    return rendered


@pytest.fixture(scope="module")
def device(sound_card: VirtualSoundCard) -> Iterator[Device]:
    # A null sink that nobody plays to falls asleep, and then swallows sound in leaps of two seconds, which no real card does.
    with subprocess.Popen(
        ["pacat", "--playback", "--device=speaker", "--latency-msec=20", "--raw", "/dev/zero"], env=sound_card.environment
    ) as awake:
        yield choose(Kind.SPEAKER, "auto")
        awake.terminate()


@pytest.fixture
def speaker(device: Device) -> Iterator[DeviceSpeaker]:
    opened = DeviceSpeaker(device, volume=100)
    yield opened
    opened.close()


def at_8_khz(samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    resampled: NDArray[np.float32] = soxr.resample(samples, rate_hz, RATE_HZ)
    return resampled


def recorded(path: Path) -> NDArray[np.float32]:
    samples, rate_hz = soundfile.read(path, dtype="float32")
    return at_8_khz(samples, rate_hz)


def original(speech: Speech) -> NDArray[np.float32]:
    return at_8_khz(samples_of(speech.pcm), speech.rate_hz)


def sounding_seconds(samples: NDArray[np.float32]) -> float:
    loud = np.flatnonzero(np.abs(samples) > WORDS_START)
    return float(loud[-1] - loud[0]) / RATE_HZ if loud.size else 0.0


def assert_whole(heard: NDArray[np.float32], said: NDArray[np.float32]) -> NDArray[np.float32]:
    """All of `said` is in `heard`, from the first 0.3 s to the last; gives what was heard behind it."""
    size = 1 << (len(heard) + len(said)).bit_length()
    likeness = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size)), size)[: max(len(heard) - len(said), 1)]
    start = int(np.argmax(likeness))
    edge = int(0.3 * RATE_HZ)
    for part in (slice(None), slice(None, edge), slice(-edge, None)):
        assert np.corrcoef(heard[start : start + len(said)][part], said[part])[0, 1] > 0.9, part
    return heard[start + len(said) :]


def test_the_first_answer_after_start_is_heard_whole(
    speaker: DeviceSpeaker, sound_card: VirtualSoundCard, speech: Speech, tmp_path: Path
) -> None:
    with sound_card.record_speaker(tmp_path / "heard.wav"):
        assert speaker.play(speech) is True
    heard = recorded(tmp_path / "heard.wav")
    assert_whole(heard, original(speech))
    assert sounding_seconds(heard) == pytest.approx(sounding_seconds(original(speech)), abs=0.03)


def test_play_returns_when_the_sound_has_left_the_device(
    speaker: DeviceSpeaker, sound_card: VirtualSoundCard, speech: Speech, tmp_path: Path
) -> None:
    silence = Speech(bytes(2 * 2400), 24_000)
    with sound_card.record_speaker(tmp_path / "heard.wav"):
        speaker.play(silence)
        start = time.monotonic()
        speaker.play(speech)
        took = time.monotonic() - start
    assert speech.seconds - 0.05 < took < speech.seconds + 0.7


def test_a_sleeping_device_gets_near_silence_before_the_first_word_only(
    speaker: DeviceSpeaker, sound_card: VirtualSoundCard, speech: Speech, tmp_path: Path
) -> None:
    with sound_card.record_speaker(tmp_path / "first.wav"):
        speaker.play(speech)
    samples, rate_hz = soundfile.read(tmp_path / "first.wav", dtype="float32")
    first_word = int(np.flatnonzero(np.abs(samples) > WORDS_START)[0])
    before = np.abs(samples[max(first_word - int(0.35 * rate_hz), 0) : first_word])
    assert np.count_nonzero(before) > 0.2 * rate_hz
    assert np.max(before) <= WORDS_START


def test_lines_of_one_answer_are_all_whole(speaker: DeviceSpeaker, sound_card: VirtualSoundCard, speech: Speech, tmp_path: Path) -> None:
    sounds = (earcon(Tone.DANGER), speech, earcon(Tone.LISTENING))
    with sound_card.record_speaker(tmp_path / "heard.wav"):
        for sound in sounds:
            assert speaker.play(sound)
    rest = recorded(tmp_path / "heard.wav")
    for sound in sounds:
        rest = assert_whole(rest, original(sound))


def test_speech_brought_to_the_devices_rate_in_pieces_is_the_same_as_in_one(speech: Speech) -> None:
    """Long enough for several pieces, and of no length at all."""
    for pcm in (speech.pcm * 4, b""):
        pieces = list(at_rate(Speech(pcm, speech.rate_hz), 48_000, 1.0))
        whole = soxr.resample(samples_of(pcm), speech.rate_hz, 48_000)
        assert len(pieces) > 3 or not pcm
        assert np.array_equal(np.concatenate(pieces), (np.clip(whole, -1.0, 1.0) * 32767.0).astype(np.int16))


def test_a_device_that_ran_dry_is_given_more_ahead_from_then_on(device: Device, speech: Speech) -> None:
    """Here all of Python stands still for a moment in the middle of a line, as when a library does not let others work."""
    speaker = DeviceSpeaker(device, volume=0)
    before = speaker.ahead_seconds
    standstill = threading.Timer(0.8, ctypes.PyDLL(None).usleep, [400_000])  # PyDLL: without letting other threads go on
    standstill.start()
    assert speaker.play(speech) is True
    standstill.join()
    assert speaker.ahead_seconds > before
    speaker.close()


def test_stop_from_another_thread_ends_it_at_once_and_the_next_line_is_whole(
    speaker: DeviceSpeaker, sound_card: VirtualSoundCard, speech: Speech, tmp_path: Path
) -> None:
    with sound_card.record_speaker(tmp_path / "stopped.wav"):
        stopping = threading.Timer(1.0, speaker.stop)
        stopping.start()
        assert speaker.play(speech) is False
        time.sleep(0.5)
    assert 0.2 < sounding_seconds(recorded(tmp_path / "stopped.wav")) < 1.0
    assert speech.seconds > 2.0
    with sound_card.record_speaker(tmp_path / "again.wav"):
        assert speaker.play(speech) is True
    assert_whole(recorded(tmp_path / "again.wav"), original(speech))


def test_close_in_the_middle_ends_it_and_may_be_called_twice(speaker: DeviceSpeaker, speech: Speech) -> None:
    closing = threading.Timer(0.8, speaker.close)
    closing.start()
    assert speaker.play(speech) is False
    closing.join()
    speaker.close()
    with pytest.raises(SpeakingError, match="closed"):
        speaker.play(speech)


def test_a_stop_while_nothing_plays_does_not_silence_the_next_line(speaker: DeviceSpeaker) -> None:
    speaker.stop()
    assert speaker.play(earcon(Tone.LISTENING)) is True


def test_volume_changes_between_lines(speaker: DeviceSpeaker, sound_card: VirtualSoundCard, tmp_path: Path) -> None:
    tone = earcon(Tone.DANGER)
    peaks = []
    for percent in (100, 50, 0):
        speaker.volume = percent
        with sound_card.record_speaker(tmp_path / f"{percent}.wav"):
            speaker.play(tone)
        peaks.append(float(np.max(np.abs(recorded(tmp_path / f"{percent}.wav")))))
    assert peaks[0] == pytest.approx(float(np.max(np.abs(original(tone)))), rel=0.05)
    assert peaks[1] == pytest.approx(peaks[0] / 4, rel=0.05)
    assert peaks[2] < 0.001


def test_volume_is_held_within_bounds_and_never_amplifies(device: Device) -> None:
    assert DeviceSpeaker(device, volume=1000).volume == 100
    assert DeviceSpeaker(device, volume=-5).volume == 0
    assert volume_gain(100) == 1.0
    assert all(volume_gain(quiet) < volume_gain(quiet + 1) for quiet in range(100))


def test_the_device_is_let_go_after_a_while(speaker: DeviceSpeaker, sound_card: VirtualSoundCard) -> None:
    def streams() -> int:
        listed = subprocess.run(
            ["pactl", "list", "short", "sink-inputs"], env=sound_card.environment, capture_output=True, text=True, check=True
        )
        return len(listed.stdout.splitlines())

    before = streams()
    speaker.play(earcon(Tone.LISTENING))
    speaker.prepare()
    assert streams() == before + 1
    deadline = time.monotonic() + 15
    while streams() > before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert streams() == before


def test_a_prepared_device_need_not_be_woken_again(device: Device, sound_card: VirtualSoundCard, speech: Speech, tmp_path: Path) -> None:
    speaker = DeviceSpeaker(device, wake_seconds=1.5, volume=100)
    try:
        speaker.prepare()
        time.sleep(2.5)
        began = time.monotonic()
        with sound_card.record_speaker(tmp_path / "heard.wav"):
            recording_began = time.monotonic()
            assert speaker.play(speech) is True
            took = time.monotonic() - recording_began
    finally:
        speaker.close()
    assert recording_began - began < 2.0, "the recorder was so slow that the speaker was closed again"
    assert took < speech.seconds + 1.0
    assert_whole(recorded(tmp_path / "heard.wav"), original(speech))


def test_words_that_come_while_the_device_wakes_wait_for_it(
    speaker: DeviceSpeaker, sound_card: VirtualSoundCard, speech: Speech, tmp_path: Path
) -> None:
    with sound_card.record_speaker(tmp_path / "heard.wav"):
        speaker.prepare()
        speaker.prepare()
        assert speaker.play(speech) is True
        speaker.prepare()
        assert speaker.play(earcon(Tone.DANGER)) is True
    assert_whole(assert_whole(recorded(tmp_path / "heard.wav"), original(speech)), original(earcon(Tone.DANGER)))


def test_preparing_a_device_that_fails_says_nothing_until_it_is_to_play(device: Device) -> None:
    failing = DeviceSpeaker(replace(device, name="Kitchen speaker", index=999))
    failing.prepare()
    with pytest.raises(SpeakingError, match="Kitchen speaker"):
        failing.play(earcon(Tone.LISTENING))
    failing.close()
    failing.prepare()


@pytest.mark.parametrize(("index", "rate_hz"), [(999, 48_000), (0, 7)])
def test_a_device_that_fails_is_named_in_one_sentence(device: Device, index: int, rate_hz: int) -> None:
    failing = DeviceSpeaker(replace(device, name="Kitchen speaker", index=index, rate_hz=rate_hz))
    with pytest.raises(SpeakingError, match=r"'Kitchen speaker' failed .*plugged in"):
        failing.play(earcon(Tone.LISTENING))
    failing.close()


def test_speech_of_no_length_is_played(speaker: DeviceSpeaker) -> None:
    assert speaker.play(Speech(b"", 22_050)) is True


# --- WavSpeaker ------------------------------------------------------------------------------------------------------


def test_everything_spoken_is_in_one_recording(speech: Speech, tmp_path: Path) -> None:
    path = tmp_path / "spoken.wav"
    speaker = WavSpeaker(path)
    assert speaker.play(earcon(Tone.DANGER)) is True
    assert speaker.play(speech) is True
    before_close = recorded(path)
    speaker.close()
    speaker.close()
    assert len(recorded(path)) == len(before_close)
    assert len(before_close) / RATE_HZ == pytest.approx(earcon(Tone.DANGER).seconds + speech.seconds, abs=0.01)
    assert_whole(assert_whole(before_close, original(earcon(Tone.DANGER))), original(speech))


def test_loud_speech_is_not_wrapped_around_when_it_is_resampled(tmp_path: Path) -> None:
    square = np.sign(np.sin(2 * np.pi * 441 * np.arange(22_050, dtype=np.float32) / 22_050)).astype(np.float32)
    speaker = WavSpeaker(tmp_path / "loud.wav")
    speaker.play(speech_of(square, 22_050))
    speaker.close()
    samples, rate_hz = soundfile.read(tmp_path / "loud.wav", dtype="float32")
    middle = samples[rate_hz // 4 : rate_hz // 2]
    # A sample that wrapped around has the wrong sign in the midst of a half wave.
    assert np.count_nonzero(np.diff(np.sign(middle))) == pytest.approx(2 * 441 / 4, abs=3)


def test_a_recording_of_silence_is_a_recording(tmp_path: Path) -> None:
    WavSpeaker(tmp_path / "empty.wav").close()
    with wave.open(str(tmp_path / "empty.wav")) as empty:
        assert empty.getnframes() == 0


@pytest.mark.parametrize("place", ["no/such/folder/out.wav", "."])
def test_a_recording_that_cannot_be_written_is_wrong_input(tmp_path: Path, place: str) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        WavSpeaker(tmp_path / place)


def test_a_full_disk_under_a_recording_is_named(speech: Speech) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(SpeakingError, match="Make room"):
        WavSpeaker(Path("/dev/full")).play(speech)
