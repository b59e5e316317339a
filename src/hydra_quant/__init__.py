"""HYDRA: an honest, gated, risk-sized strategy bundle for Freqtrade."""

from importlib.metadata import version

__version__ = version("hydra-quant")
