"""Makes a deployable's recorded decisions again, from the journal's facts, by the policy and the spec of now (policy.md section 8).

``again.Again`` runs ``step`` over the facts, ``comparing.replayed`` holds its decisions against those that were recorded.

Rules: no I/O; the very function that the daemon runs; what cannot be compared is said to be so, never guessed.
"""
