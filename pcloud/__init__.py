"""The common language of pcloud and the operator's tools."""

__version__ = "0.1.0"
