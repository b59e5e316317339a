"""Makes ``tests`` importable, so that a test can say ``from support.venue import venue``."""
