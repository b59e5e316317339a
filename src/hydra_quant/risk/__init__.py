"""Gates, sizes and stops: what stands between an opinion and an order."""
