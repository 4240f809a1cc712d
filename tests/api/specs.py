"""Specs that are sent in these tests."""

from __future__ import annotations

from pcloud.records.requests import SpecUpload

BLOG = """\
deployable: blog
infrastructure: local
assemblies:
  mysql:
    image: host
    resources:
      mysqld: {agent: "process:mariadbd"}
  web:
    image: host
    after: [mysql]
    resources:
      php: {agent: "process:php -S 127.0.0.1:8080"}
"""


def upload(source: str = BLOG) -> SpecUpload:
    return SpecUpload(source=source, path="blog.yaml")
