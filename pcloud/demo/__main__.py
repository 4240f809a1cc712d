"""``python -m pcloud.demo``: starts the demo's program, and ends quietly when interrupted while that is still being loaded."""

import sys

if __name__ == "__main__":
    try:
        from pcloud.demo.program import main

        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
