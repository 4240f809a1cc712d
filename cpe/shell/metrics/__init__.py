"""What the daemon says of itself: metrics for Prometheus, and the line that systemd shows.

Rules: taken from what the objects know when somebody asks, nothing is counted on the fast path; series never carry the names of
deployables, of which there may be thousands.
"""
