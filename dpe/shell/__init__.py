"""What surrounds the rules of one deployable: it feeds them facts and does what they order."""
