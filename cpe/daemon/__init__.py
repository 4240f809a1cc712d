"""The daemon's entry: wires everything together."""
