"""Honest numbers: objectives, statistics and reports about results."""
