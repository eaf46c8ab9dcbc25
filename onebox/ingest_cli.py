"""``motcua ingest``: one ingestor."""

from __future__ import annotations

import logging
import signal
import sys
import threading

from motcua.analytics.ingest import Ingestor
from motcua.analytics.ingest_status import serving
from motcua.analytics.settings import IngestSettings


def ingest() -> None:
    """Take messages from the broker into the database until stopped. Start as many as the load needs.

    Settings: MOTCUA_INGEST_DSN, MOTCUA_INGEST_BROKER_HOST, _PORT, _USERNAME, _PASSWORD (docs/settings.md).

    Example: MOTCUA_INGEST_DSN=postgresql://… MOTCUA_INGEST_BROKER_PASSWORD=… motcua ingest
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    sys.setswitchinterval(0.0005)  # the thread that stores waits for the database, not for the one that decodes
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    settings = IngestSettings()
    ingestor, log = Ingestor(settings, stop), logging.getLogger("motcua.ingest")
    with serving(settings.status_port, ingestor.state) as port:
        ingestor.run(
            lambda: log.info("ready" if port is None else f"ready; http://127.0.0.1:{port}/healthz tells how it is")
        )
