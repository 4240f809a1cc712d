"""What is written down and sent over the wire: the journal's events, the bodies of the HTTP API.

Rules: pydantic models; snake_case; moments are RFC 3339 in UTC; durations are seconds (interface.md).
"""
