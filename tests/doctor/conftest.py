from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def no_sound(tmp_path: Path) -> dict[str, str]:
    """An environment in which ALSA knows nothing but a sound server that is not there."""
    alsa = tmp_path / "asound.conf"
    alsa.write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
    return {"ALSA_CONFIG_PATH": str(alsa), "PULSE_SERVER": f"unix:{tmp_path}/nowhere"}
