"""Outside sources, one file each; all write into the memory."""
