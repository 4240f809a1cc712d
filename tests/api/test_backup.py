"""A backup through the API: whole, one at a time, and nothing of it stays."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from cpe.shell.backups import BACKUP, Backups
from cpe.shell.store.backup import check_backup
from cpe.shell.store.sqlite import SqliteStore
from pcloud.client import Client
from pcloud.errors import RefusedError

pytestmark = pytest.mark.real


def test_a_backup_is_sent_whole(contracted: Client, tmp_path: Path) -> None:
    for _ in range(2):
        got = io.BytesIO()
        contracted.backup(got.write)
        (tmp_path / "got").write_bytes(got.getvalue())
        check_backup(tmp_path / "got")


async def test_there_is_one_at_a_time_and_nothing_stays_of_it(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path):
        backups = Backups(tmp_path, turn=0.1)
        async with backups.made() as file:
            assert file == tmp_path / BACKUP
            with pytest.raises(RefusedError, match="another backup is being made"):
                async with backups.made():
                    pass
        assert not file.exists()
        (tmp_path / BACKUP).write_text("of a daemon that was killed")
        async with backups.made() as file:
            check_backup(file)
