"""policy-rc.d, Debian's way of being told to start no service at installation, put there for as long as an installation takes.

A file that is there already is somebody else's and is not touched: apt sees ours in its place, in a mount namespace of its own.
Ours bears a mark, so that the next ``up`` or ``down`` finds and removes it after a kill.
"""

from __future__ import annotations

from pathlib import Path

POLICY = Path("/usr/sbin/policy-rc.d")
MARK = "# put here by the OpenStack lab of pcloud, for as long as it installs packages"
TEXT = f"#!/bin/sh\n{MARK}\nexit 101\n"
OURS = Path("/run/pcloud-openstack-lab-policy-rc.d")


def is_ours(policy: Path = POLICY) -> bool:
    return policy.is_file() and MARK in policy.read_text(errors="replace").splitlines()


def forbid(policy: Path = POLICY, ours: Path = OURS) -> None:
    target = ours if policy.exists() and not is_ours(policy) else policy
    new = target.with_name(target.name + ".new-by-pcloud-lab")
    new.write_text(TEXT)
    new.chmod(0o755)
    new.rename(target)


def allow(policy: Path = POLICY, ours: Path = OURS) -> list[Path]:
    """Puts things back, whether an installation ended or was killed; the files that were removed."""
    pieces = [path for target in (policy, ours) for path in (target, target.with_name(target.name + ".new-by-pcloud-lab"))]
    removed = [path for path in pieces if path != policy and path.exists()] + ([policy] if is_ours(policy) else [])
    for path in removed:
        path.unlink()
    return removed


def guarded(argv: list[str], policy: Path = POLICY, ours: Path = OURS) -> list[str]:
    """The command, seeing our file where somebody else's is."""
    if is_ours(policy) or not policy.exists():
        return argv
    return ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" "$1" && shift && exec "$@"', str(ours), str(policy), *argv]
