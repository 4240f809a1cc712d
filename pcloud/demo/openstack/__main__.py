"""``python -m pcloud.demo.openstack``: starts the program, and ends quietly when interrupted while that is still being loaded."""

import sys

if __name__ == "__main__":
    try:
        from pcloud.demo.openstack.program import main

        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
