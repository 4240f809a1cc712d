"""Eyes and hands inside a machine."""
