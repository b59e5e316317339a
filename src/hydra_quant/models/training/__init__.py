"""One trainer for every network: options, the loop, checkpoints, and what comes out of it.

Nothing is imported here: torch comes with the modules that train.
"""
