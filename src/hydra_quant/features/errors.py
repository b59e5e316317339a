"""What goes wrong between candles and features."""


class FeatureError(ValueError):
    """Candles or names that no feature can be computed from; the message says what to change."""
