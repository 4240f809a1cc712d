"""The Unix socket's place in the file system: claimed by one daemon at a time.

Rules: a socket on which somebody listens is never taken away; one that a dead daemon left is; anything else at that path is left alone.
Two daemons that start at the same moment are kept apart by a lock on the directory, held only while the path is claimed, so that no file
stays behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pcloud.errors import RefusedError

ANSWER = 1.0  # seconds; a listener on this machine accepts at once, or its queue is full, which refuses at once as well
CREDENTIALS = struct.Struct("3i")  # pid, uid, gid of the other side (unix(7), SO_PEERCRED)
BACKLOG = 128  # requests that wait while the loop is busy


@dataclass(frozen=True, slots=True)
class SocketFile:
    """A listening socket and the file that it is reached by."""

    path: Path
    listener: socket.socket
    inode: int  # of the file, to tell it from one that another daemon has put in its place

    def release(self) -> None:
        """Close the listener and remove the file, if it is still ours."""
        self.listener.close()
        with contextlib.suppress(FileNotFoundError):  # somebody has tidied up already
            if self.path.lstat().st_ino == self.inode:
                self.path.unlink()


def refuse_taken(path: Path) -> None:
    """RefusedError if ``path`` cannot be claimed as things are; changes nothing. For asking before anything is made elsewhere."""
    try:
        if path.parent.exists():
            _expect_own(path.parent)
        _left_behind(path)
    except OSError as error:
        raise _cannot(path, error) from error


def claim(path: Path) -> SocketFile:
    """Listen at ``path``, mode 0600, in a directory that is made with mode 0700 if it is missing. RefusedError if the path is taken."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _expect_own(path.parent)
        with _locked(path.parent):
            _clear(path)
            return _listen(path)
    except OSError as error:
        raise _cannot(path, error) from error


def _cannot(path: Path, error: OSError) -> RefusedError:
    return RefusedError(f"cannot listen on {path}: {error.strerror or error}", "set PCLOUD_SOCKET to another place")


def _expect_own(directory: Path) -> None:
    """RefusedError where anybody could put a socket of his own in the place of ours, and hear what is said to us."""
    mode = directory.stat().st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        raise RefusedError(f"everybody may write in {directory}, and so take the place of the API's socket", f"run chmod o-w {directory}")


@contextlib.contextmanager
def _locked(directory: Path) -> Iterator[None]:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RefusedError(f"another daemon is just starting in {directory}", "look again in a moment") from error
        yield
    finally:
        os.close(handle)


def _clear(path: Path) -> None:
    """Remove what a dead daemon left; RefusedError for anything else."""
    if _left_behind(path):
        path.unlink()


def _left_behind(path: Path) -> bool:
    """Whether the socket of a dead daemon is there; RefusedError where somebody listens, or something else is."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISSOCK(mode):
        raise RefusedError(f"{path} is there already and is no socket", "set PCLOUD_SOCKET to another place")
    listener = _listener(path)
    if listener:
        raise RefusedError(
            f"a daemon ({listener}) is running on {path} already", "stop that one first, or set PCLOUD_SOCKET to another place"
        )
    return True


def _listener(path: Path) -> str:
    """Who listens there, as words; "" if nobody does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trying:
        trying.settimeout(ANSWER)
        try:
            trying.connect(os.fspath(path))
        except ConnectionRefusedError:
            return ""
        except (TimeoutError, BlockingIOError):
            return "too busy to answer"  # its queue is full: alive
        pid, _, _ = CREDENTIALS.unpack(trying.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size))
        return f"process {pid}"


def _listen(path: Path) -> SocketFile:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # Linux gives the file the mode of the unbound socket: it is never open to others, not even for a moment.
        os.fchmod(listener.fileno(), 0o600)
        listener.bind(os.fspath(path))
        listener.listen(BACKLOG)
        listener.setblocking(False)
        return SocketFile(path, listener, path.lstat().st_ino)
    except OSError:
        listener.close()
        raise
