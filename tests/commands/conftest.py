from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.program import Program, program
from tests.knowledge import cache_folder, short_intents

__all__ = ["cache_folder"]


@pytest.fixture(scope="session")
def short_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An intents folder that is read fast."""
    return short_intents(tmp_path_factory.mktemp("intents")).parent


@pytest.fixture(scope="session")
def short_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def quick(tmp_path: Path, short_folder: Path, short_cache: Path) -> Program:
    """The program on a few examples, for what does not depend on how well it understands."""
    return program(tmp_path / "home", BACK_CARE_INTENTS_FOLDER=short_folder, BACK_CARE_CACHE_FOLDER=short_cache)


@pytest.fixture
def real(tmp_path: Path, cache_folder: Path) -> Program:
    """The program on the real intents."""
    return program(tmp_path / "home", BACK_CARE_CACHE_FOLDER=cache_folder)
