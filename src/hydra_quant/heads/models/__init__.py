"""What the networks and what stands beside them are worth, on history they did not learn from."""
