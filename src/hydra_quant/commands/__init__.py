"""Commands of ``hydra-quant`` that work on a user's configuration, data and memory."""
