"""``python -m pcloud.cli`` is ``pcloud``."""

from pcloud.cli.entry import main

main()
