"""The clouds: one adapter over Apache libcloud, and the embedded cloud ``local`` as a libcloud driver of ours.

Rules: libcloud is imported below here only; the adapter knows no driver by name, what differs between drivers stands in a dialect.
"""
