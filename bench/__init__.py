"""Side-by-side measurements: ours against what a user would otherwise run, in one go."""
