"""The only rooms that import freqtrade: strategies, FreqAI models and data meet it here."""
