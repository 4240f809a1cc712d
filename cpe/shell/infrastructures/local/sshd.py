"""The SSH server of a machine: its configuration, its keys, and the user who logs in.

Rules: the user is the one who runs pcloud, by key only; a command sees the machine's environment and nothing of the user's own
(no rc file of his login shell runs: they lie below HOME, and HOME is the machine's).
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from cpe.shell.infrastructures.local.disk import write_whole
from cpe.shell.infrastructures.local.refusals import ConflictError, UnavailableError

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""What a service finds on a machine: also the programs for administrators, which an ordinary user's PATH leaves out."""

NO_LOGIN = ("nologin", "false")
"""Shells that let nobody in; sshd would start them all the same."""

KEYGEN_TIMEOUT = 20.0
"""Seconds for ssh-keygen, which takes a few milliseconds."""

CONFIG = """\
Port {port}
ListenAddress {address}
HostKey "{directory}/host_key"
AuthorizedKeysFile "{directory}/authorized_keys"
AllowUsers {user}
PidFile none
StrictModes no
UsePAM {pam}
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitUserRC no
PrintMotd no
PrintLastLog no
UseDNS no
LogLevel ERROR
# one connection carries the watcher, the actions and what peers are asked
MaxSessions 100
# all of a deployable's peers may knock at once
MaxStartups 100:30:200
SetEnv {environment}
Subsystem sftp internal-sftp
"""


def login_user() -> pwd.struct_passwd:
    """The user who runs pcloud; ConflictError if he could not log in."""
    user = pwd.getpwuid(os.getuid())
    if Path(user.pw_shell).name in NO_LOGIN or not os.access(user.pw_shell or "/bin/sh", os.X_OK):
        raise ConflictError(
            f"the user {user.pw_name} has no login shell ({user.pw_shell}): a machine here runs as him and lets him in by SSH"
        )
    return user


def sshd_program() -> str:
    """The absolute path of sshd, which it insists on; ConflictError if it is not installed."""
    program = shutil.which("sshd", path=SYSTEM_PATH)
    if program is None:
        raise ConflictError("there is no sshd on this host: install openssh-server")
    return program


def machine_environment(root: Path, address: str) -> dict[str, str]:
    """What every process of the machine finds in its environment."""
    return {
        "PCLOUD_ROOT": str(root),
        "PCLOUD_ADDRESS": address,
        "HOME": f"{root}/home",
        "PATH": SYSTEM_PATH,
        "LANG": "C.UTF-8",
    }


def install(directory: Path, *, authorized_keys: Sequence[str], host_private: str, host_public: str) -> None:
    """Put the keys into ``directory``; a host key is made where none was given."""
    directory.mkdir()
    write_whole(directory / "authorized_keys", "".join(f"{key.strip()}\n" for key in authorized_keys).encode())
    if host_private:
        write_whole(directory / "host_key", host_private.encode())
        write_whole(directory / "host_key.pub", f"{host_public.strip()}\n".encode(), 0o644)
        return
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(directory / "host_key")]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=KEYGEN_TIMEOUT)
    except (OSError, subprocess.SubprocessError) as error:
        raise UnavailableError(f"cannot make a host key: {error}") from error


def configure(directory: Path, *, address: str, port: int, user: str, environment: Mapping[str, str]) -> None:
    """Write sshd_config into ``directory``."""
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd as root insists on it; otherwise its own service makes it
    # A bash that sshd starts for a command reads the system's rc file unless it believes that it is not the outermost one.
    words = " ".join(f'"{name}={value}"' for name, value in {**environment, "SHLVL": "1"}.items())
    text = CONFIG.format(address=address, port=port, directory=directory, user=user, environment=words, pam=_pam(user))
    write_whole(directory / "sshd_config", text.encode())


def _pam(user: str) -> str:
    """Whether sshd asks PAM: as root only where it must.

    Without PAM it refuses an account whose password is locked; and an ordinary user's sshd cannot read who is locked. With PAM a root's
    session is the host's business as well: it would be registered with logind, or refused by whatever is set up there.
    """
    if os.getuid() != 0:
        return "yes"
    shadow = Path("/etc/shadow")
    lines = shadow.read_text().splitlines() if shadow.exists() else []
    locked = any(line.split(":")[0] == user and line.split(":")[1].startswith("!") for line in lines)
    return "yes" if locked else "no"
