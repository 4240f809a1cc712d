"""What the lab tells its operator when it cannot go on: one clear sentence."""


class LabError(Exception):
    """Its text is the whole message; what is to be done stands in it."""
