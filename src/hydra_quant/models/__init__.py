"""Models as plain numerics: rows in, predictions out, no framework.

Importing this package makes waiting OpenMP threads sleep (see `threads.quiet_openmp`); that must
happen before LightGBM is loaded, which is why LightGBM is only ever reached through here.
"""

from hydra_quant.models.threads import quiet_openmp

quiet_openmp()
