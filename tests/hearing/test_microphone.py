from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from skill.devices import Kind, choose
from skill.hearing.microphone import DeviceMicrophone
from tests.virtual_sound import VirtualSoundCard, virtual_sound_card


@contextmanager
def opened(queue_seconds: float = 30.0, silent_seconds: float = 5.0) -> Iterator[DeviceMicrophone]:
    microphone = DeviceMicrophone(choose(Kind.MICROPHONE, "auto"), queue_seconds, silent_seconds)
    try:
        yield microphone
    finally:
        microphone.close()


@pytest.fixture
def beep(tmp_path: Path) -> Path:
    path = tmp_path / "beep.wav"
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * 1_000 * np.arange(24_000) / 48_000), 48_000)
    return path


def loudest(microphone: DeviceMicrophone, seconds: float) -> int:
    """The loudest sample within the next seconds of sound."""
    peak = 0
    for block in microphone.blocks():
        peak = max(peak, int(np.abs(np.frombuffer(block.pcm, "<i2").astype(int)).max()))
        seconds -= block.seconds
        if seconds <= 0:
            break
    return peak


def test_it_hears_at_the_devices_own_rate(sound_card: VirtualSoundCard, beep: Path) -> None:
    with opened() as microphone:
        microphone.flush()
        assert loudest(microphone, 0.3) < 100
        sound_card.play_into_microphone(beep)
        heard = next(microphone.blocks())
        assert heard.rate_hz == choose(Kind.MICROPHONE, "auto").rate_hz
        assert loudest(microphone, 1.0) > 10_000


def test_a_full_queue_drops_and_counts(sound_card: VirtualSoundCard) -> None:
    with opened(queue_seconds=0.3) as microphone:
        deadline = time.monotonic() + 20
        while microphone.lost_blocks <= 10 and time.monotonic() < deadline:
            time.sleep(0.05)
        blocks = microphone.blocks()
        first = next(blocks)
        assert first.lost_blocks > 10
        waited = [next(blocks) for _ in range(9)]
        assert sum(block.seconds for block in waited) <= 0.31
        # Each lost block is told of once.
        assert first.lost_blocks + sum(block.lost_blocks for block in waited) <= microphone.lost_blocks


def test_flush_empties_the_queue_and_forgives_what_nobody_wanted_to_hear(sound_card: VirtualSoundCard, beep: Path) -> None:
    with opened(queue_seconds=0.6) as microphone:
        sound_card.play_into_microphone(beep)
        time.sleep(0.6)
        microphone.flush()
        assert loudest(microphone, 0.5) < 100
        assert microphone.lost_blocks == 0


def test_close_releases_the_device_and_may_come_twice(sound_card: VirtualSoundCard) -> None:
    for _ in range(3):
        with opened() as microphone:
            assert next(microphone.blocks()).pcm
            microphone.close()
            assert list(microphone.blocks()) == []
            microphone.flush()


def test_close_from_another_thread_ends_the_blocks(sound_card: VirtualSoundCard) -> None:
    with opened() as microphone:
        closing = threading.Timer(0.3, microphone.close)
        closing.start()
        assert sum(block.seconds for block in microphone.blocks()) < 5
        closing.join()


LISTEN_UNTIL_SIGTERM = """
import signal
from skill.devices import Kind, choose
from skill.hearing.microphone import DeviceMicrophone
microphone = DeviceMicrophone(choose(Kind.MICROPHONE, "auto"))
signal.signal(signal.SIGTERM, lambda number, frame: microphone.close())
print("listening", flush=True)
for block in microphone.blocks():
    pass
print("ended", flush=True)
"""


def test_close_from_a_signal_handler_ends_the_blocks(sound_card: VirtualSoundCard) -> None:
    command = [sys.executable, "-c", LISTEN_UNTIL_SIGTERM]
    with subprocess.Popen(command, env=sound_card.environment, stdout=subprocess.PIPE, text=True) as listening:
        assert listening.stdout is not None
        assert listening.stdout.readline() == "listening\n"
        time.sleep(0.3)
        listening.send_signal(signal.SIGTERM)
        assert listening.communicate(timeout=20)[0] == "ended\n"
        assert listening.returncode == 0


UNPLUG = """
from skill.devices import Kind, choose
from skill.errors import HearingError
from skill.hearing.microphone import DeviceMicrophone
microphone = DeviceMicrophone(choose(Kind.MICROPHONE, "auto"), silent_seconds=3.0)
try:
    for number, block in enumerate(microphone.blocks()):
        if number == 5:
            print("listening", flush=True)
except HearingError as exc:
    print(exc, flush=True)
microphone.close()
"""


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL], ids=["goes silent", "goes away"])
def test_a_lost_device_is_noticed(number: signal.Signals) -> None:
    """The sound server under the microphone stops, or dies, as when a device is pulled out."""
    with virtual_sound_card() as card:
        command = [sys.executable, "-c", UNPLUG]
        with subprocess.Popen(command, env=card.environment, stdout=subprocess.PIPE, text=True) as listening:
            assert listening.stdout is not None
            assert listening.stdout.readline() == "listening\n"
            card.server.send_signal(number)
            try:
                sentence = listening.stdout.readline()
                assert 'microphone "default" has stopped giving sound' in sentence
                assert "plug it in again" in sentence
            finally:
                card.server.send_signal(signal.SIGCONT)
                listening.communicate(timeout=20)


CANNOT_OPEN = """
from skill.devices import Device
from skill.errors import HearingError
from skill.hearing.microphone import DeviceMicrophone
try:
    DeviceMicrophone(Device(index=0, name="Desk", rate_hz=48_000, channels=2, is_default=True, host="ALSA"))
except HearingError as exc:
    print(exc)
"""


def test_what_cannot_be_opened_is_one_clear_sentence(sound_card: VirtualSoundCard) -> None:
    environment = {**sound_card.environment, "PULSE_SERVER": "unix:/nonexistent"}
    done = subprocess.run([sys.executable, "-c", CANNOT_OPEN], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.startswith('The microphone "Desk" cannot be opened (')
    assert done.stdout.count("\n") == 1
    assert "ALSA lib" not in done.stderr
