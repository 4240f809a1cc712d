"""``python -m pcloud.cli`` is ``pcloud``."""

from pcloud.cli.main import main

main()
