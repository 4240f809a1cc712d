#!/bin/sh
# Run in the guest's image while it is built: what a guest of the lab needs, and above all what it does not.
set -eu

echo guest >/etc/hostname
echo '127.0.0.1 localhost guest' >/etc/hosts
: >/etc/fstab # the kernel mounts / by itself; an entry would make systemd wait for the device
: >/etc/resolv.conf

cat >/etc/cloud/cloud.cfg.d/90-lab.cfg <<'END'
datasource_list: [ConfigDrive]
disable_root: false
ssh_pwauth: false
ssh_genkeytypes: [ed25519]
growpart: {mode: "off"}
resize_rootfs: false
system_info:
  distro: debian
  network: {renderers: [networkd]}
  default_user: {name: debian, lock_passwd: true, sudo: ["ALL=(ALL) NOPASSWD:ALL"], shell: /bin/bash}
users: [default]
cloud_init_modules: [write-files, bootcmd, set_hostname, update_hostname, users-groups, ssh]
cloud_config_modules: []
cloud_final_modules: [runcmd, scripts-vendor, scripts-per-once, scripts-per-boot, scripts-per-instance, scripts-user]
END
printf 'policy: enabled\ndatasource: ConfigDrive\n' >/etc/cloud/ds-identify.cfg # no search

systemctl enable systemd-networkd.service

# A hard reboot is a power cut: what cloud-init wrote must be on the disk by then.
for unit in cloud-init-local cloud-init cloud-final; do
    mkdir -p "/etc/systemd/system/$unit.service.d"
    printf '[Service]\nExecStartPost=-/bin/sync\n' >"/etc/systemd/system/$unit.service.d/sync.conf"
done

# Each of cloud-init's stages costs ten seconds of emulated Python, each small unit one.
systemctl mask --quiet cloud-config.service cloud-init-hotplugd.socket apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
    e2scrub_all.timer e2scrub_reap.service fstrim.timer systemd-timesyncd.service systemd-update-utmp.service \
    systemd-update-utmp-runlevel.service systemd-hwdb-update.service ldconfig.service systemd-networkd-wait-online.service \
    systemd-random-seed.service getty@tty1.service systemd-pstore.service modprobe@configfs.service modprobe@drm.service \
    modprobe@fuse.service modprobe@efi_pstore.service dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount \
    sys-kernel-tracing.mount systemd-binfmt.service proc-sys-fs-binfmt_misc.automount kmod-static-nodes.service \
    systemd-remount-fs.service systemd-ask-password-wall.path systemd-ask-password-console.path remote-fs.target systemd-rfkill.socket

mkdir -p /etc/systemd/journald.conf.d /etc/systemd/system.conf.d
printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=8M\n' >/etc/systemd/journald.conf.d/lab.conf
printf '[Manager]\nDefaultTimeoutStopSec=10s\nDefaultTimeoutStartSec=300s\nDefaultDeviceTimeoutSec=300s\n' >/etc/systemd/system.conf.d/lab.conf
printf 'UseDNS no\nPermitRootLogin prohibit-password\n' >/etc/ssh/sshd_config.d/lab.conf

# Only the drivers of the machine that Nova gives it.
sed -i 's/^MODULES=.*/MODULES=list/; s/^COMPRESS=.*/COMPRESS=gzip/' /etc/initramfs-tools/initramfs.conf
printf '%s\n' virtio_blk virtio_pci virtio_net ext4 iso9660 vfat ata_piix sr_mod virtio_rng >>/etc/initramfs-tools/modules
update-initramfs -u

# Each machine's own.
rm -f /etc/ssh/ssh_host_*
: >/etc/machine-id
rm -rf /var/lib/apt/lists/* /var/cache/apt/*
