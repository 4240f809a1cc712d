"""What is done for each kind of fault, and how it ends. One function for a kind: it strikes one world, and returns what takes it back."""
