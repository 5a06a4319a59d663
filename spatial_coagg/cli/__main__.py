"""Lets ``python -m spatial_coagg.cli`` run the command line."""

import sys

from spatial_coagg.cli import main

sys.exit(main())
