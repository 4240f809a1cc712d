"""The HTTP API: what the controller can do, for everybody who is not in its process."""
