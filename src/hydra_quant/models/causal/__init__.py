"""Causal selection: which features drive a target, in place of which merely move with it."""

from hydra_quant.models.causal.cache import cached_select
from hydra_quant.models.causal.drawing import network_svg, write_network
from hydra_quant.models.causal.found import Parent, Selection
from hydra_quant.models.causal.selection import select

__all__ = ["Parent", "Selection", "cached_select", "network_svg", "select", "write_network"]
