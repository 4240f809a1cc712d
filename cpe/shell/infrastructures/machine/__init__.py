"""The driver ``machine``: systemd-nspawn containers on this host, each with its own systemd, sshd and address, for Linux as root.

Rules: every machine is an overlay upon an image, a directory with a root file system; it outlives the controller, and is known by a mark in
the environment of its first process, so that nothing is called off that may still run.
"""
