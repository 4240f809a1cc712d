#!/bin/sh
# Makes a place for the site's settings, which configure writes, and lets Apache begin at each boot from now on.
set -eu
install -d -o pcloud -g www-data -m 2750 /etc/pcloud-demo
systemctl enable --quiet apache2.service
