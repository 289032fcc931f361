"""The real assistant, as a service, while its sound devices and the sound server come and go."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.household import MICROPHONE, SPEAKER, Household, household
from tests.virtual_sound import missing_programs

LOST, AGAIN = "Back Care: I cannot hear you now", "Back Care: I can hear you again"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, whisper_model: Path) -> Iterator[Household]:
    """Started before its microphone was there, as at a boot: one start for all tests here, which follow each other in its life."""
    if missing := missing_programs():
        pytest.skip(f"no virtual sound card without {', '.join(missing)}")
    with household(tmp_path_factory.mktemp("house"), SPEAKER, listens=False) as started:
        yield started


@pytest.mark.timeout(600)
def test_started_without_a_microphone_it_says_so_waits_and_hears_when_there_is_one(house: Household) -> None:
    house.wait_for("Back Care: I cannot hear you. There is no microphone", 240)
    state = house.until_state(lambda state: state.last_failure)
    assert (state.is_running, state.is_hearing, state.broken) == (True, False, ("hearing",))
    assert f'No microphone has "{MICROPHONE}"' in str(state.last_failure)
    assert b"READY=1" in house.signs_of_life()  # it is no failed start
    house.plug(SPEAKER, MICROPHONE)
    house.wait_for(AGAIN)
    assert house.until_state(lambda state: state.is_hearing).repaired == {"hearing": 1}


@pytest.mark.timeout(600)
def test_a_microphone_that_comes_back_with_another_number_is_found_by_its_name(house: Household) -> None:
    house.plug("other", SPEAKER)
    house.wait_for(LOST)
    house.plug("other", MICROPHONE, SPEAKER)
    house.wait_for(AGAIN)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_sound_server_that_dies_and_one_that_hangs_are_outlived(house: Household) -> None:
    house.card.kill()
    house.wait_for(LOST)
    house.card.start_again()
    house.wait_for(AGAIN)
    house.until_well()
    house.card.server.send_signal(signal.SIGSTOP)
    house.wait_for(LOST)
    house.card.server.send_signal(signal.SIGCONT)
    house.wait_for(AGAIN)


@pytest.mark.timeout(600)
def test_an_answer_that_no_speaker_could_play_is_given_when_there_is_one(house: Household, spoken: Callable[[str], Path]) -> None:
    house.until_well()
    house.plug(MICROPHONE, "other")
    house.ask(spoken("What shoes should I wear?"))
    house.wait_for("Back Care: Flat shoes")
    house.wait_for('No speaker has "')
    house.plug("other", MICROPHONE, SPEAKER)
    house.wait_for("It can speak again")
    assert house.process.poll() is None
    state = house.until_state(lambda state: not state.broken)
    assert (state.starts, state.process) == (1, house.process.pid)
