"""``pcloud simulate``: a spec and a trace of what befalls its deployable in, the policy's decisions out.

The daemon's own ``step`` decides; what it would see and do is played by a small world, at the moments that the trace says.

Rules: no daemon, no I/O, no clock; the same spec, trace and options give the same output, under every hash seed.
"""
