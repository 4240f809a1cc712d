"""Specs that are sent in these tests."""

from __future__ import annotations

from pcloud.records.requests import SpecUpload

BLOG = """\
deployable: blog
infrastructure: local
defaults:
  monitor: {interval: 200ms, timeout: 2s}
assemblies:
  mysql:
    image: host
    resources:
      mysqld: {agent: "process:sleep 100000"}
  web:
    image: host
    after: [mysql]
    resources:
      php: {agent: "process:sleep 100000"}
"""


def upload(source: str = BLOG) -> SpecUpload:
    return SpecUpload(source=source, path="blog.yaml")
