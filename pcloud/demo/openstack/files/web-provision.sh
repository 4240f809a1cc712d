#!/bin/sh
# Makes a place for the site's settings, which configure writes, and lets Apache begin at each boot from now on.
set -eu
install -d -o pcloud -g www-data -m 2750 /etc/pcloud-demo
# As `systemctl enable` does it, which spends ten emulated seconds in Perl for units that are older than systemd.
ln -sf /lib/systemd/system/apache2.service /etc/systemd/system/multi-user.target.wants/apache2.service
