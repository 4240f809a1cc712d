"""What PyYAML raises over a text that is no YAML: beside its own errors those of Python, for it converts and recurses without looking."""

from __future__ import annotations

import yaml

UNREADABLE = (yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)
"""Of a date that is none, of ``!!int ""``, of what is nested thousands deep."""
