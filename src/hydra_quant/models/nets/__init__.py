"""Networks as plain torch modules, one a file; `registry.build` makes one by its name.

Nothing heavy is imported here: torch comes with the first network, torch-geometric with the one
that needs it.
"""
