"""EC2, and what speaks its API: libcloud's driver with what it lacks, and with its mends.

Rules: every call is a POST, signed by version 4; what was asked for and may not show yet is nobody's absence.
"""
