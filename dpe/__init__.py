"""One deployable's policy engine: policy decides, shell does."""
