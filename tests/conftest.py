"""Makes ``tests`` importable (``from support.venue import ...``); sets how hypothesis looks."""

import os
import signal

from hypothesis import settings

pytest_plugins = ["support.postgres"]

# A slow machine is no failure. Every other run looks at new examples; CI repeats its own.
settings.register_profile("hydra", deadline=None, derandomize="CI" in os.environ, print_blob=True)
settings.load_profile("hydra")

# Whoever starts the tests in the background may have them, and the commands they start, ignore it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
