"""A PostgreSQL server as a process uses it: two pools, a connection that listens, one for turns.

All tenants of the server share them. Each is opened when it is first needed.
"""

from projections.databases.connections import IN_ORDER
from projections.keeping.projector import Projector
from service.databases.addresses import conninfo, place_of
from service.databases.connection_pools import POOL_SIZE, READERS, Pool, open_pool
from service.databases.listener import Listener
from service.databases.pool_use import PoolUse
from service.databases.turns import Turn, Turns

_STANDBY = (
    "SELECT extract(epoch FROM clock_timestamp() - state_change) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event = 'SyncRep' ORDER BY 1 DESC LIMIT 1"
)


class Server:
    """One server: `pool` for everything in short, connections beside for listening and turns.

    Pages of the backlog are read on the connections of `readers`.
    """

    def __init__(self, url: str, pool_size: int = POOL_SIZE) -> None:
        """Raises BadDatabase for an address that is none."""
        self.url = url
        self._name = place_of(url)
        self.pool = open_pool(conninfo(url, "billing-backlog"), 1, pool_size)
        self.readers = open_pool(conninfo(url, "billing-backlog pages", **IN_ORDER), 0, READERS)
        self._listener = Listener(url)
        self._turns = Turns(url)

    def listen(self, schema: str, projector: Projector) -> None:
        """Tells the projector how far history and views in a schema have got, from now on."""
        self._listener.add(schema, projector)

    def unlisten(self, schema: str) -> None:
        """Tells nobody of this schema any more."""
        self._listener.remove(schema)

    def turn(self, name: str) -> Turn:
        """The turn of that name, that one process at a time has."""
        return Turn(self._turns, name)

    def commit_waits(self) -> float:
        """For how many seconds a commit has waited for a standby, 0.0 when none does."""
        with self.pool.connection() as connection:
            found = connection.execute(_STANDBY).fetchone()
        return float(found[0]) if found else 0.0

    def pools(self) -> list[PoolUse]:
        """How its connections are used at this moment."""
        return [
            _use_of(self._name, *each) for each in (("short", self.pool), ("pages", self.readers))
        ]

    def close(self) -> None:
        """Closes all connections."""
        self._listener.close(self.pool)
        self._turns.close()
        self.readers.close()
        self.pool.close()


def _use_of(server: str, name: str, pool: Pool) -> PoolUse:
    stats = pool.get_stats()
    return PoolUse(
        server=server,
        name=name,
        limit=pool.max_size,
        opened=stats.get("pool_size", 0),
        idle=stats.get("pool_available", 0),
        waiting=stats.get("requests_waiting", 0),
    )
