"""Graphs between assets as padded arrays: who is near whom at each time, and how strongly.

Nothing heavy is imported here: torch-geometric comes only with the functions that return its data.
"""
