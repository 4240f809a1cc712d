"""Guest images that are built here: a small Debian with systemd, sshd and cloud-init, as a disk with its kernel, or as a tree.

Rules: nothing but the standard library and our errors, so that any Python runs it (``python3 -m pcloud.images``); an image appears whole or
not at all; whatever a build begins ends with it, by the kernel's hand.
"""
