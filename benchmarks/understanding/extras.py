"""The packages that only the comparisons need: the dependency group `bench` of pyproject.toml. Set-up does not install them."""

from __future__ import annotations

import shlex
import tomllib

from skill.settings import PROJECT

GROUP = "bench"


def how_to_install() -> str:
    """By name: `pip install --group` needs a newer pip than Debian 12 has."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    names = shlex.join(project["dependency-groups"][GROUP])
    return f"to have it: .venv/bin/python -m pip install {names}"
