from __future__ import annotations

import pytest

from skill.hearing.patience import LONGER, SHORTER, Patience
from skill.hearing.voice_activity import FRAME_SECONDS, Segmenter


@pytest.mark.parametrize("said", ["my back hurts and", "can i take my", "i have um", "what is", "the"])
def test_who_looks_for_a_word_has_more_time(said: str) -> None:
    assert Patience().silence_seconds(said, 0.8) == 0.8 * LONGER


@pytest.mark.parametrize("said", ["stop", "say that again", "louder"])
def test_after_a_command_nothing_is_waited_for(said: str) -> None:
    assert Patience().silence_seconds(said, 0.8) == 0.8 * SHORTER


@pytest.mark.parametrize("said", ["", "my back hurts", "yes", "no", "help", "stop it hurts", "i am not", "my hand"])
def test_else_the_usual_time(said: str) -> None:
    """ "No", "help" and their like too: what follows may be a danger."""
    assert Patience().silence_seconds(said, 0.8) == 0.8


@pytest.mark.parametrize(("factor", "utterances"), [(SHORTER, 2), (1.0, 1), (LONGER, 1)])
def test_the_pause_that_ends_an_utterance_may_change_within_it(factor: float, utterances: int) -> None:
    segmenter = Segmenter(end_silence_seconds=0.8)
    pieces = [segmenter.step(bytes(1024), 0.9) for _ in range(20)]
    segmenter.end_after(0.8 * factor)
    probabilities = [0.0] * round(0.6 / FRAME_SECONDS) + [0.9] * 20 + [0.0] * 60
    pieces += [segmenter.step(bytes(1024), probability) for probability in probabilities]
    assert sum(piece.is_last for piece in pieces if piece is not None) == utterances
