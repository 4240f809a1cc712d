"""OpenStack: libcloud's driver with what it lacks, spoken over its own connections.

Rules: one login for all threads of an infrastructure; nothing that a cloud's operator would have to grant is needed: an ordinary member's
rights are enough.
"""
