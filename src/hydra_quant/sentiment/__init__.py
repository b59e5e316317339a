"""Texts into moods: scorers, scores in the memory, and what volume says of them."""
