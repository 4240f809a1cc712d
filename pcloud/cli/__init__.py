"""The command line: ``pcloud NOUN VERB``, one module for each noun.

Rules: results on standard output, errors on standard error as one sentence and a cure; the exit codes of interface.md; every command's help
has an example.
"""
