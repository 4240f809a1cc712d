"""What the whole house talks about: plans, state, events, actions. Plain data, no I/O, no clock.

Rules: stdlib dataclasses, frozen; mappings in them are never changed after they were built; times named ``at``, ``since`` or ``until`` are
moments on one deployable's own monotonic clock in float seconds; durations are float seconds.
"""
