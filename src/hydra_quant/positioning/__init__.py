"""Positioning: what the crowd of leveraged traders holds, against its own past."""
