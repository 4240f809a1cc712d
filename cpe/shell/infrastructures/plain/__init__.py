"""Every other compute driver of libcloud, as far as its base API goes.

Rules: what a driver has beyond libcloud's base class is found by looking at it, never by its name; what it lacks is said when it is tried
(``pcloud infrastructure test``), and refused when it is asked for.
"""
