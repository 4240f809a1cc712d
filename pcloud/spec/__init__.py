"""The spec file of a deployable: read, judged with everything that is wrong at once, and turned into a plan.

``files.files_of`` names the files to bring along, ``loading.load`` judges, ``planning.plan`` makes the plan; ``references`` resolves
``${assembly.word}`` later, ``problems.SpecError`` is the only error.

Rules: no I/O: whoever calls reads the files; bounded, whatever the text. Nothing is imported here, so that the command line and the
policy pay for what they use only.
"""
