"""The embedded store: deployables, their states with open intents, and the journal, in one SQLite file.

Rules: what is acknowledged is on disk (WAL, synchronous=FULL); one daemon per directory; a file that cannot be trusted is left as it is;
StoreError and RefusedError are the only errors.
"""

from cpe.shell.store.port import Store, StoredDeployable
from cpe.shell.store.sqlite import SqliteStore

__all__ = ["SqliteStore", "Store", "StoredDeployable"]
