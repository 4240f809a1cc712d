"""The embedded cloud: a machine is a group of ordinary processes on its own loopback address, with a real SSH server.

Rules: all state lies on disk below one directory, in files that are replaced whole; nothing is kept in memory, so that several
processes may use the same cloud one after another, and machines outlive them all; needs no root.
"""
