"""Mounting an assembly's volumes in its machine: found by their ids, formatted once if blank, mounted at every boot.

Rules: only what is blank is formatted: no signature is found on it and its beginning is zeros; whatever else is on a volume stays. A volume
that is not mounted is told, and provisioning then fails: services must not begin anew on the machine's own disk. Where the infrastructure
mounts the volumes itself (``local``, ``machine``) nothing is left to do.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

DEVICE = 60
"""Seconds for a volume's device to appear: it is attached before the machine boots, udev names it within a second."""

LETTERS = "fghijklmnop"
"""Those that EC2's volumes get, the first one the first: its machines without NVMe, Xen's, show volumes by these and not by their ids."""

SCRIPT = """\
# $1 is the volume's id, $2 where it is mounted, $3 its letter
id=$1 place=$2 letter=$3 device=
[ -z "${PCLOUD_ROOT:-}" ] || exit 0
if mountpoint -q "$place"; then exit 0; fi
short=$(printf %.20s "$id")
bare=$(printf %s "$id" | tr -d -)
waited=0
while [ -z "$device" ]; do
    for each in /dev/disk/by-id/virtio-"$short" /dev/disk/by-id/*_"$short"* /dev/disk/by-id/*"$id" /dev/disk/by-id/*_"$bare"; do
        case $each in *-part[0-9]*) continue ;; esac
        if [ -b "$each" ]; then device=$each; fi
    done
    case $id in vol-*) if [ -z "$device" ] && [ -b "/dev/xvd$letter" ]; then device=/dev/xvd$letter; fi ;; esac
    if [ -z "$device" ]; then
        if [ "$waited" -ge @DEVICE@ ]; then
            echo "pcloud: volume $id has no device, and $place is not mounted" >&2
            exit 1
        fi
        sleep 1
        waited=$((waited + 1))
    fi
done
blkid -p "$device" >/dev/null 2>&1
found=$?
if [ "$found" -eq 2 ] && [ "$(head -c 1048576 "$device" | tr -d '\\000' | head -c 1 | wc -c)" -eq 0 ]; then
    mkfs.ext4 -q -F "$device" || exit 1
elif [ "$found" -ne 0 ]; then
    echo "pcloud: volume $id ($device) holds something that is no file system, and is not formatted" >&2
    exit 1
fi
mkdir -p "$place"
mount "$device" "$place" || exit 1
# at later boots by systemd, before services; without the volume it waits a while, and goes on
if ! grep -qs "^$device " /etc/fstab; then
    echo "$device $place auto defaults,nofail,x-systemd.before=local-fs.target,x-systemd.device-timeout=@DEVICE@ 0 2" >>/etc/fstab
fi
echo "pcloud: volume $id ($device) is mounted at $place"
"""
"""For any POSIX shell. Names of devices: virtio's serial ends after 20 characters, SCSI's is the whole id, NVMe's has no hyphens."""


def boot_commands(volumes: Sequence[tuple[str, str]]) -> list[list[str]]:
    """cloud-config's ``bootcmd``, which runs early in every boot: one command for each volume, of id, mount path and letter."""
    script = SCRIPT.replace("@DEVICE@", str(DEVICE))
    letters = LETTERS.ljust(len(volumes), "-")  # a cloud with letters takes no more volumes
    return [["sh", "-c", script, "pcloud-mount", volume, place, letter] for (volume, place), letter in zip(volumes, letters, strict=False)]


def unmounted(volumes: Sequence[tuple[str, str]]) -> str:
    """Shell commands that print each place without its volume, and nothing where all is well."""
    said = [(shlex.quote(place), shlex.quote(f"no volume is mounted at {place}")) for _, place in volumes]
    return "".join(f"    mountpoint -q {place} || echo {words}\n" for place, words in said)
