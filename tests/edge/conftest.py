from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from edge_tools import OwnBroker
from file_server import cache, file_server, known

from motcua.models.fetch import fetch

__all__ = ["cache", "file_server", "known", "own_broker", "weights"]


@pytest.fixture
def own_broker(open_folder: Path) -> Iterator[OwnBroker]:
    """A broker for this test alone."""
    with OwnBroker(open_folder / "broker") as broker:
        yield broker


@pytest.fixture(scope="session")
def weights() -> None:
    """The default detector's weights are in the cache."""
    fetch("ssdlite")
