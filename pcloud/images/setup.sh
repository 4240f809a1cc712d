#!/bin/sh
# Runs in an image while it is built: what a guest needs, and above all what it does not.
# PCLOUD_IMAGE: qcow2 or tree. PCLOUD_EMULATED: not empty where its guests are emulated by software, where all that runs costs seconds.
set -eu

emulated=${PCLOUD_EMULATED:-}
tree=
if [ "$PCLOUD_IMAGE" = tree ]; then tree=yes; fi

mask() { for unit; do ln -sf /dev/null "/etc/systemd/system/$unit"; done; }

echo guest >/etc/hostname
echo '127.0.0.1 localhost guest' >/etc/hosts
: >/etc/fstab # the kernel mounts / by itself; an entry would make systemd wait for the device
rm -f /etc/resolv.conf
: >/etc/resolv.conf

# cloud-init looks only where it is needed. In a tree, for a container, nothing but what lies in it counts: else it would believe what the
# host's own cloud says, and without any word it must stay off, or it would throw the machine's host keys away.
if [ -n "$tree" ]; then sources='NoCloud, ConfigDrive'; else sources='ConfigDrive, OpenStack, NoCloud'; fi
if [ -n "$emulated" ]; then sources=ConfigDrive; fi
user=$(sed -n 's/^ *name: *\([a-z]*\)$/\1/p' /etc/cloud/cloud.cfg | head -n 1) # the vendor's: debian, ubuntu
cat >/etc/cloud/cloud.cfg.d/90-pcloud.cfg <<END
datasource_list: [$sources]
disable_root: false
ssh_pwauth: false
ssh_genkeytypes: [ed25519]
growpart: {mode: "off"}
resize_rootfs: false
system_info:
  network: {renderers: [networkd]}
  default_user: {name: ${user:-debian}, lock_passwd: true, sudo: ["ALL=(ALL) NOPASSWD:ALL"], shell: /bin/bash}
users: [default]
END
if [ -n "$emulated" ]; then
    cat >>/etc/cloud/cloud.cfg.d/90-pcloud.cfg <<'END'
cloud_init_modules: [write-files, bootcmd, set_hostname, update_hostname, users-groups, ssh]
cloud_config_modules: []
cloud_final_modules: [runcmd, scripts-vendor, scripts-per-once, scripts-per-boot, scripts-per-instance, scripts-user]
END
    printf 'policy: enabled\ndatasource: ConfigDrive\n' >/etc/cloud/ds-identify.cfg # no search
else
    printf 'policy: search,found=first,maybe=none,notfound=disabled\n' >/etc/cloud/ds-identify.cfg
fi

systemctl enable --quiet systemd-networkd.service
mask systemd-networkd-wait-online.service # cloud-init waits by itself, and a machine without a network shall boot all the same

# A hard reboot is a power cut: what cloud-init wrote must be on the disk by then.
for unit in cloud-init-local cloud-init cloud-init-network cloud-config cloud-final; do
    mkdir -p "/etc/systemd/system/$unit.service.d"
    printf '[Service]\nExecStartPost=-/bin/sync\n' >"/etc/systemd/system/$unit.service.d/sync.conf"
done

# Nothing that begins by itself at night, or that only a machine with a screen, a partition table or an unclean update needs.
mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service cloud-init-hotplugd.socket \
    getty@tty1.service systemd-pstore.service systemd-hwdb-update.service ldconfig.service systemd-rfkill.socket

# Each of cloud-init's stages costs ten seconds of emulated Python, each small unit one.
if [ -n "$emulated" ]; then
    mask cloud-config.service fstrim.timer systemd-timesyncd.service systemd-update-utmp.service systemd-update-utmp-runlevel.service \
        systemd-random-seed.service modprobe@configfs.service modprobe@drm.service modprobe@fuse.service modprobe@efi_pstore.service \
        dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount systemd-binfmt.service \
        proc-sys-fs-binfmt_misc.automount kmod-static-nodes.service systemd-remount-fs.service systemd-ask-password-wall.path \
        systemd-ask-password-console.path remote-fs.target
fi

mkdir -p /etc/systemd/journald.conf.d /etc/systemd/system.conf.d
if [ -n "$emulated" ]; then
    printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=8M\n' >/etc/systemd/journald.conf.d/pcloud.conf
    printf '[Manager]\nDefaultTimeoutStopSec=10s\nDefaultTimeoutStartSec=300s\nDefaultDeviceTimeoutSec=300s\n' >/etc/systemd/system.conf.d/pcloud.conf
else
    printf '[Journal]\nSystemMaxUse=64M\n' >/etc/systemd/journald.conf.d/pcloud.conf
    printf '[Manager]\nDefaultTimeoutStopSec=30s\n' >/etc/systemd/system.conf.d/pcloud.conf # an orderly reboot must fit into its time
fi
printf 'UseDNS no\nPermitRootLogin prohibit-password\n' >/etc/ssh/sshd_config.d/pcloud-image.conf

if [ -z "$tree" ]; then
    # The root file system fills the flavour's disk, which is larger than the image: a moment's work, without cloud-init's Python.
    cat >/etc/systemd/system/pcloud-grow.service <<'END'
[Unit]
Description=The root file system fills its disk
DefaultDependencies=no
After=local-fs.target
Before=sysinit.target
ConditionVirtualization=!container
[Service]
Type=oneshot
ExecStart=-/bin/sh -c 'exec resize2fs "$(findmnt -no SOURCE /)"'
[Install]
WantedBy=sysinit.target
END
    systemctl enable --quiet pcloud-grow.service
    # Only the drivers of the machines that OpenStack gives it: an initial RAM disk that is read in a moment.
    sed -i 's/^MODULES=.*/MODULES=list/; s/^COMPRESS=.*/COMPRESS=gzip/' /etc/initramfs-tools/initramfs.conf
    printf '%s\n' virtio_blk virtio_scsi virtio_pci virtio_net ext4 iso9660 vfat ata_piix ahci sd_mod sr_mod virtio_rng >>/etc/initramfs-tools/modules
    update-initramfs -u
fi

# What systemd does at the first boot after an update of /usr (users, catalogs) was done by the packages: no boot need do it again.
touch /etc/.updated /var/.updated

# Each machine's own.
rm -f /etc/ssh/ssh_host_*
: >/etc/machine-id
rm -f /var/lib/dbus/machine-id /var/lib/systemd/random-seed
rm -rf /var/lib/apt/lists/* /var/cache/apt/*
