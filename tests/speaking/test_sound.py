import numpy as np
import pytest

from skill.errors import SpeakingError
from skill.messages import Line, Tone
from skill.speaking.earcons import earcon
from skill.speaking.sound import joined, levelled, samples_of, sentences_of, trimmed

RATE_HZ = 24_000


def tone(seconds: float, level: float) -> np.ndarray:
    return (level * np.sin(2 * np.pi * 220 * np.arange(int(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Go now. Do not wait!", ("Go now.", "Do not wait!")),
        ("Do you want more?", ("Do you want more?",)),
        ("Take 2.5 cups. Rest.", ("Take 2.5 cups.", "Rest.")),
        ("Ask Dr. Mbeki. Go at 8 a.m. if you can.", ("Ask Dr. Mbeki.", "Go at 8 a.m. if you can.")),
        ("Go\n  now.\x00 Wait… Then sleep.", ("Go now.", "Wait…", "Then sleep.")),
        ("Go now. ... !", ("Go now.",)),
    ],
)
def test_a_line_is_split_where_a_speaker_would_pause(text: str, sentences: tuple[str, ...]) -> None:
    assert sentences_of(Line(text)) == sentences


@pytest.mark.parametrize("text", ["", "   ", "...", "?!", "\n\t", "\x00", "🙂"])
def test_a_line_without_words_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(SpeakingError, match="sleep\\.answer"):
        sentences_of(Line(text, key="sleep.answer"))


def test_an_enormous_line_is_refused() -> None:
    with pytest.raises(SpeakingError, match="Shorten"):
        sentences_of(Line("word " * 100_000))


def test_only_silence_is_trimmed_and_quiet_sound_at_the_edges_stays() -> None:
    silence = np.zeros(RATE_HZ, np.float32)
    soft = tone(0.1, 0.005)
    kept = trimmed(np.concatenate([silence, soft, tone(0.5, 0.5), soft, silence]), RATE_HZ)
    assert 0.7 <= len(kept) / RATE_HZ <= 0.75


def test_pauses_between_sentences_are_ours() -> None:
    padded = np.concatenate([np.zeros(RATE_HZ, np.float32), tone(1.0, 0.5), np.zeros(RATE_HZ, np.float32)])
    speech = joined([padded, padded, padded], RATE_HZ, pause_seconds=0.4)
    assert speech.seconds == pytest.approx(3.8, abs=0.15)


def test_quiet_and_loud_renderings_come_to_the_same_level_without_clipping() -> None:
    quiet, loud = levelled(tone(1.0, 0.01), RATE_HZ), levelled(tone(1.0, 0.99), RATE_HZ)
    assert np.sqrt(np.mean(quiet**2)) == pytest.approx(np.sqrt(np.mean(loud**2)), rel=0.02)
    click = tone(1.0, 0.01)
    click[1000] = 0.9
    assert np.max(np.abs(levelled(click, RATE_HZ))) < 1.0


def test_silence_stays_silence() -> None:
    silence = np.zeros(RATE_HZ, np.float32)
    assert not levelled(silence, RATE_HZ).any()
    assert len(trimmed(silence, RATE_HZ)) == 0


@pytest.mark.parametrize("kind", list(Tone))
def test_tones_are_short_soft_and_do_not_click(kind: Tone) -> None:
    samples = samples_of(earcon(kind).pcm)
    assert 0.1 < earcon(kind).seconds < 0.8
    assert np.max(np.abs(samples)) < 0.5
    assert abs(samples[0]) < 0.001
    assert abs(samples[-1]) < 0.001
    assert np.max(np.abs(np.diff(samples))) < 0.15


@pytest.mark.parametrize("kind", list(Tone))
def test_tones_are_level_with_the_voice(kind: Tone) -> None:
    """A tone that startles is turned down, and the voice with it."""
    samples = samples_of(earcon(kind).pcm)
    as_voice = levelled(samples, RATE_HZ)
    assert 20 * np.log10(rms(samples) / rms(as_voice)) == pytest.approx(1.5, abs=3.0)


def test_tones_are_told_apart_by_length_and_by_pitch() -> None:
    assert earcon(Tone.DANGER).seconds > 2 * earcon(Tone.LISTENING).seconds
    assert earcon(Tone.CANNOT_HEAR).seconds > 2 * earcon(Tone.LISTENING).seconds
    assert pitch_hz(Tone.CANNOT_HEAR) < 0.6 * pitch_hz(Tone.LISTENING)
    assert pitch_hz(Tone.CANNOT_HEAR) < 0.5 * pitch_hz(Tone.DANGER)
    assert rms(samples_of(earcon(Tone.DANGER).pcm)) > rms(samples_of(earcon(Tone.LISTENING).pcm))


def rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(samples))))


def pitch_hz(kind: Tone) -> float:
    """Of the first note."""
    note = samples_of(earcon(kind).pcm)[: int(0.12 * RATE_HZ)]
    return float(np.argmax(np.abs(np.fft.rfft(note, RATE_HZ))))  # padded to a second: one bin for each Hz
