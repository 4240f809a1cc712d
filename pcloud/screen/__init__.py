"""What people see: words, lines, tables and live views, shared by the command line and the demo.

Rules: text that came from a machine is cleaned of control characters before it reaches a terminal; colours and movement on a terminal only.
"""
