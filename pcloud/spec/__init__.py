"""The spec file: read, checked, and turned into a plan."""
