"""The show-piece on the embedded cloud."""
