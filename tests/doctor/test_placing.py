"""run_assistant.py doctor --hear: on a virtual sound card with recordings, and what it makes of what it heard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from skill.commands.placing import Heard, Spot, is_right, judge
from skill.hearing.loudness import Loudness
from skill.settings import Hearing, Settings
from tests.doctor.running import run, start
from tests.virtual_sound import VirtualSoundCard

CLEAR = Loudness(-30.0, -60.0)
NOISY = Loudness(-30.0, -40.0)
DROWNED = Loudness(-30.0, -33.0)
QUIET = Loudness(-50.0, -80.0)
CLIPPED = Loudness(-3.0, -60.0, is_clipped=True)
NOBODY = Loudness(-60.0, -60.0, anyone_spoke=False)
LOUD_AND_NOBODY = Loudness(-30.0, -30.0, anyone_spoke=False)
NO_SOUND = Loudness(-90.0, -90.0, anyone_spoke=False, is_silent=True)
RIGHT = "why does my back hurt"


def spot(loudness: Loudness, words: str = RIGHT) -> Spot:
    return Spot(words, loudness, is_right(words, Settings()))


@pytest.mark.parametrize(
    ("near", "door", "verdict", "advice"),
    [
        (spot(CLEAR), spot(CLEAR), "This is a good place", ""),
        (spot(CLEAR), spot(NOISY), "This place will do", "away from the stove"),
        (spot(NOISY), spot(CLEAR), "This place will do", "away from the stove"),
        (spot(CLIPPED), spot(CLEAR), "This place will do", "too loud for me"),
        (spot(CLEAR), spot(NOBODY, ""), "good for somebody who is near", "within two metres"),
        (spot(CLEAR), spot(CLEAR, "white bus"), "good for somebody who is near", "within two metres"),
        (spot(DROWNED), spot(CLEAR), "not a good place", "away from the stove"),
        (spot(QUIET, "eh"), spot(CLEAR), "not a good place", "too quietly"),
        (spot(NOBODY, ""), spot(NOBODY, ""), "not a good place", "too quietly"),
        (spot(LOUD_AND_NOBODY, ""), spot(NOBODY, ""), "not a good place", "away from the stove"),
        (spot(NO_SOUND, ""), spot(NO_SOUND, ""), "not a good place", "switch"),
        (spot(CLEAR, "i owe my bag"), spot(CLEAR), "not a good place", "nearer"),
    ],
)
def test_the_verdict_and_the_advice(near: Spot, door: Spot, verdict: str, advice: str) -> None:
    said, do = judge(near, door)
    assert verdict in said
    assert advice in " ".join(do)
    assert bool(do) == bool(advice)


@pytest.mark.parametrize(
    ("heard", "says"),
    [
        (spot(CLEAR), 'I heard: "why does my back hurt". Your voice is much louder than the room.'),
        (spot(NOISY), "only a little louder"),
        (spot(DROWNED, ""), "I heard a voice, but no words. The room is as loud as your voice."),
        (spot(NOBODY, ""), "I heard nobody speak."),
        (spot(LOUD_AND_NOBODY, ""), "I heard nobody speak. The room is loud."),
        (spot(NO_SOUND, ""), "There was no sound at all."),
    ],
)
def test_what_it_says_of_one_place(heard: Spot, says: str) -> None:
    assert heard.report.startswith(says) or says in heard.report


def test_with_a_wake_phrase_that_must_be_heard_too() -> None:
    by_phrase = Settings(hearing=Hearing(wake="phrase"))
    assert is_right("hello back here why does my back hurt", by_phrase)
    assert not is_right("why does my back hurt", by_phrase)
    assert is_right("why do my back hurt", Settings())
    assert not is_right("", Settings())


def test_worse_is_less() -> None:
    assert Heard.BADLY < Heard.JUST < Heard.WELL


@pytest.mark.slow
def test_it_walks_from_here_to_the_door(
    sound_card: VirtualSoundCard, whisper_model: Path, spoken: Callable[[str], Path], tmp_path: Path
) -> None:
    """Heard well from here; at the door the television talks."""
    environment = {**sound_card.environment, "BACK_CARE_RECOGNISER": "whisper"}
    recording = tmp_path / "speaker.wav"
    questions = [spoken("Why does my back hurt?"), spoken("The minister arrived in Paris.")]
    with sound_card.record_speaker(recording), start(tmp_path, environment, "doctor", "--hear") as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line == "(listening)\n":
                sound_card.play_into_microphone(questions.pop(0))
        out = "".join(lines)
        assert process.wait(120) == 0, out
    assert 'I heard: "why does my back hurt". Your voice is much louder than the room.' in out
    assert out.index("Speak from here now.") < out.index('why does my back hurt".') < out.index("Now from the door.")
    assert "minister" in out.partition("Now from the door.")[2]
    assert "This place is good for somebody who is near." in out
    assert "within two metres" in out
    sound, _ = soundfile.read(recording)
    assert abs(sound).max() > 0.05  # it was said aloud
    assert [path for path in tmp_path.rglob("*.wav") if path != recording] == []  # what the helper said is kept nowhere


def test_without_a_microphone_it_says_so_and_what_to_do(no_sound: dict[str, str], tmp_path: Path) -> None:
    done = run(tmp_path, no_sound, "doctor", "--hear")
    assert done.returncode == 1
    assert "I cannot hear you. There is no microphone." in done.stdout
    assert "What I say is only shown here." in done.stderr
