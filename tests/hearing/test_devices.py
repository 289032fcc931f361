from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from skill.devices import Kind, choose, list_devices
from skill.errors import HearingError, SpeakingError
from skill.hearing.microphone import DeviceMicrophone
from tests.virtual_sound import VirtualSoundCard

pytestmark = pytest.mark.usefixtures("sound_card")


@pytest.mark.parametrize("kind", Kind)
def test_the_systems_default_is_marked_and_chosen(kind: Kind) -> None:
    devices = list_devices(kind)
    assert [device.name for device in devices if device.is_default] == ["default"]
    assert choose(kind, "auto").name == "default"
    assert all(device.rate_hz >= 8_000 and device.channels >= 1 and device.host == "ALSA" for device in devices)


@pytest.mark.parametrize("wanted", ["virtual_room", "Virtual", " ROOM "])
def test_a_part_of_the_name_in_any_case_is_enough(wanted: str) -> None:
    assert choose(Kind.MICROPHONE, wanted).name == "virtual_room"


@pytest.mark.parametrize(("kind", "error"), [(Kind.MICROPHONE, HearingError), (Kind.SPEAKER, SpeakingError)])
@pytest.mark.parametrize("wanted", ["Blue Yeti", "hw:1,0", "7", ""])
def test_an_unknown_name_lists_those_there_are(kind: Kind, error: type[Exception], wanted: str) -> None:
    with pytest.raises(error) as raised:
        choose(kind, wanted)
    assert f'"{wanted}"' in str(raised.value)
    assert '"default", "virtual_room"' in str(raised.value) or '"virtual_room", "default"' in str(raised.value)


def test_the_list_is_renewed_but_not_under_an_open_stream(sound_card: VirtualSoundCard) -> None:
    alsa = Path(sound_card.environment["ALSA_CONFIG_PATH"])
    was = alsa.read_text()
    microphone = DeviceMicrophone(choose(Kind.MICROPHONE, "auto"))
    try:
        alsa.write_text(was + 'pcm.just_plugged_in { type pulse hint { show on description "New" } }\n')
        assert "just_plugged_in" not in [device.name for device in list_devices(Kind.MICROPHONE)]
        microphone.close()
        assert "just_plugged_in" in [device.name for device in list_devices(Kind.MICROPHONE)]
    finally:
        microphone.close()
        alsa.write_text(was)


def in_a_fresh_process(script: str, tmp_path: Path, alsa: str) -> subprocess.CompletedProcess[str]:
    setup = tmp_path / "asound.conf"
    setup.write_text(alsa)
    environment = {**os.environ, "ALSA_CONFIG_PATH": str(setup), "PULSE_SERVER": "unix:/nonexistent"}
    return subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)


CHOOSE = """
from skill.devices import Kind, choose
from skill.errors import BackCareError
try:
    print(choose(Kind.{kind}, "auto"))
except BackCareError as exc:
    print(type(exc).__name__, exc)
"""


@pytest.mark.parametrize(("kind", "error"), [("MICROPHONE", "HearingError"), ("SPEAKER", "SpeakingError")])
def test_no_device_at_all_is_one_clear_sentence_without_noise_from_the_libraries(tmp_path: Path, kind: str, error: str) -> None:
    done = in_a_fresh_process(CHOOSE.format(kind=kind), tmp_path, "pcm.broken { type nonsense }\n")
    assert done.stdout.startswith(f"{error} There is no {kind.lower()}: plug one in")
    assert done.stderr == ""


def test_a_missing_portaudio_says_what_to_do(tmp_path: Path) -> None:
    # As sounddevice itself raises it where the library is not installed.
    (tmp_path / "sounddevice.py").write_text('raise OSError("PortAudio library not found")\n')
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n" + CHOOSE.format(kind="MICROPHONE")
    done = in_a_fresh_process(script, tmp_path, "")
    assert "HearingError" in done.stdout
    assert "script/setup" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_broken_default_is_not_chatty(tmp_path: Path) -> None:
    done = in_a_fresh_process(CHOOSE.format(kind="MICROPHONE"), tmp_path, "pcm.!default { type pulse }\npcm.odd { type nonsense }\n")
    assert "ALSA lib" not in done.stderr
    assert done.stdout.startswith(("HearingError", "Device"))
