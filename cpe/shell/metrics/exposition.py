"""The metrics as Prometheus reads them, from a registry of their own."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder

from cpe.shell.metrics.families import Families, Sources
from cpe.shell.metrics.happenings import Happenings


class Metrics:
    """Everything that is told at ``/metrics``."""

    def __init__(self, sources: Sources) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(Families(sources))
        ProcessCollector(registry=self._registry)  # memory, processor time, descriptors: as every exporter names them
        sources.store.on_events(Happenings(self._registry).hear)

    def exposed(self, accept: str) -> tuple[bytes, str]:
        """The text of this moment, and its media type: the best one that whoever asks accepts."""
        try:
            encode, media_type = choose_encoder(accept)
        except (TypeError, ValueError):  # it cannot read what is asked for: a version that is no number
            encode, media_type = choose_encoder("")
        return encode(self._registry), media_type
