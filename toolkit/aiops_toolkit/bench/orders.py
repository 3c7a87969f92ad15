"""One load as it is asked for, and how it is shared out among generator processes."""

from dataclasses import dataclass, replace

from aiops_toolkit.bench.loops import ClosedLoop, LoadLoop, OpenLoop
from aiops_toolkit.bench.schedule import Schedule
from aiops_toolkit.bench.target import Target
from aiops_toolkit.bench.watch import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Load for `duration_s` by so many `clients`, or by a schedule; then wait up to `drain_s` for the last answers."""

    duration_s: float
    drain_s: float
    clients: int = 0
    schedule: Schedule | None = None

    def loop(self, target: Target, watch: Watch) -> LoadLoop:
        """What carries it out in one process."""
        if self.schedule is None:
            return ClosedLoop(target, watch, clients=self.clients)
        return OpenLoop(target, watch, schedule=self.schedule)

    def shares(self, processes: int) -> list["Order"]:
        """An order for each process that takes part: none is left without a client, or without an arrival.

        Clients are shared out evenly; of a schedule, each process sends every n-th request.
        """
        if self.schedule is None:
            count = max(1, min(processes, self.clients))
            each, more = divmod(self.clients, count)
            return [replace(self, clients=each + (number < more)) for number in range(count)]
        count = max(1, min(processes, len(self.schedule)))
        return [replace(self, schedule=self.schedule[number::count]) for number in range(count)]
