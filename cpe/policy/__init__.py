"""The controller's own pure policy, for what spans deployables."""
