"""Texts into moods: scorers, scores in the memory, and a pair's sentiment as of each close."""
