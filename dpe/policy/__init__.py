"""Pure rules: which action follows from which fact (policy.md)."""
