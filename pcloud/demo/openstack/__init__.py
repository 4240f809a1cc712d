"""The show-piece on a real OpenStack: WordPress and its database in guests, broken six times, healed six times."""
