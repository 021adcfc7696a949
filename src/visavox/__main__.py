"""``python -m visavox`` is ``visavox``."""

import sys

from visavox.cli import main

if __name__ == "__main__":
    sys.exit(main())
