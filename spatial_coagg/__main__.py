"""Run the command line as ``python -m spatial_coagg``."""

import sys

from spatial_coagg.cli import main

if __name__ == "__main__":
    sys.exit(main())
