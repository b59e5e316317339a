"""Makes ``tests`` importable (``from support.venue import ...``); sets how hypothesis looks."""

import os

from hypothesis import settings

pytest_plugins = ["support.postgres"]

# A slow machine is no failure. Every other run looks at new examples; CI repeats its own.
settings.register_profile("hydra", deadline=None, derandomize="CI" in os.environ, print_blob=True)
settings.load_profile("hydra")
