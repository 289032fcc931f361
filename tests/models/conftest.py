from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.models.shelf import Shelf, serving


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    """A real HTTP server on this machine."""
    with serving() as opened:
        yield opened
