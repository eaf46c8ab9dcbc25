"""The weights that an agent's settings call for."""

from __future__ import annotations

import logging

from motcua.edge.settings import EdgeSettings
from motcua.models.errors import ModelError
from motcua.models.fetch import fetch, fetched
from motcua.models.registry import REGISTRY

log = logging.getLogger(__name__)


def weights_of(settings: EdgeSettings) -> list[str]:
    """The registered weights that these settings need."""
    names = {c.detector for c in settings.cameras}
    if settings.sentiment.enabled:
        names |= {"blazeface", settings.sentiment.reader}
    return sorted(names & set(REGISTRY))


def fetch_weights(settings: EdgeSettings) -> None:
    """Get what is missing once, before the cameras start; what cannot be had, each camera says for itself."""
    for name in weights_of(settings):
        if not fetched(name):
            log.info("fetching the weights of %s", name)
            try:
                fetch(name)
            except ModelError as error:
                log.error("%s", error)
