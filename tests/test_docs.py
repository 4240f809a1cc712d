"""``docs/README.md`` leads to every page."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"
ROW = re.compile(r"^\| \[[^]]+\]\(([^)]+)\) \| (.+) \|$", re.MULTILINE)


def test_the_index_lists_every_page_once_and_nothing_else() -> None:
    pages = sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md") if page != DOCS / "README.md")
    assert sorted(page for page, _ in ROW.findall((DOCS / "README.md").read_text())) == pages


def test_no_link_of_a_page_leads_nowhere() -> None:
    lost = [
        f"{page.name}: {link}"
        for page in DOCS.rglob("*.md")
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / link).exists()
    ]
    assert lost == []
