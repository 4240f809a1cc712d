"""The client of the HTTP API."""

from pcloud.client.client import Client

__all__ = ["Client"]
