"""A simulated office whose hall and counters are seen by different cameras, told as time goes by. Pure, with time as an argument."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from motcua.edge.compose import Source, agent_version
from motcua.edge.messages import Counts, Health, ModelInfo, Queue
from motcua.onebox.hall_counts import NOISES, messages, seen
from motcua.onebox.hall_day import Hall, day

MODEL = ModelInfo(name="hall_day", version="1")
NOISE = NOISES["misses"]
OFFICE = Hall(
    (("priority",), ("ordinary",), ("ordinary",)), 0.85, "lognormal", 300.0, priority_share=0.25, patience_mean_s=3600
)
LENGTH_S = 24 * 3600.0  # then its people have come, and it closes


class SimulatedHall:
    """What its hall camera and the two cameras at its counters say: counts by the minute, who waits now, and that they run."""

    def __init__(self, office_id: str, seed: int, begin: datetime, epoch: int) -> None:
        """begin: when it opens; it is moved to the next whole minute, as counts begin with one."""
        self._office_id, self._epoch = office_id, epoch
        self._begin = datetime.fromtimestamp(math.ceil(begin.timestamp() / 60) * 60, begin.tzinfo)
        self._guests = day(OFFICE, seed, LENGTH_S)
        copies = seen(self._guests, NOISE, seed)
        told = messages(self._guests, copies, OFFICE, NOISE, begin=self._begin, office_id=office_id, seed=seed)
        self._open = sorted(told, key=lambda m: (m.period_end, m.source_id), reverse=True)
        self._seqs: Counter[str] = Counter()
        self._hidden = random.Random(seed)

    def warm_up(self, at: datetime) -> None:
        """Run up to ``at`` without telling anything."""
        while self._open and self._open[-1].period_end <= at:
            self._open.pop()

    def visits(self, at: datetime) -> Sequence[Counts]:
        """The counts of the minutes that ended up to ``at`` since the last call: there are no visits here."""
        found = []
        while self._open and self._open[-1].period_end <= at:
            m = self._open.pop()
            found.append(m.model_copy(update=self._numbered(m.source_id) | {"model": MODEL}))
        return found

    def queue(self, at: datetime) -> Queue:
        """Who waits in the hall at ``at``, as far as its camera sees; it foretells nothing."""
        at_s = (at - self._begin).total_seconds()
        waiting = [g for g in self._guests if g.arrival_s <= at_s < g.gone_s and self._hidden.random() >= NOISE.hidden]
        oldest_s = max((at_s - g.arrival_s for g in waiting), default=None)
        return Queue(
            **self._envelope("hall", at),
            part="arrivals",
            state="too_few",
            waiting=len(waiting),
            oldest_wait_s=None if oldest_s is None else round(oldest_s, 1),
            model=MODEL,
        )

    def health(self, at: datetime) -> Health:
        """That the hall's camera runs."""
        return Health(**self._envelope("hall", at), status="online", agent_version=agent_version())

    def _envelope(self, source_id: str, at: datetime) -> dict[str, Any]:
        return Source(self._office_id, source_id, "simulated").envelope(at) | self._numbered(source_id)

    def _numbered(self, source_id: str) -> dict[str, int]:
        self._seqs[source_id] += 1
        return {"epoch": self._epoch, "seq": self._seqs[source_id]}
