"""A hierarchy of agents: a strategy for hours, a target for each candle, an order minute by minute.

The strategic level (PPO) sets a stance and a budget of risk, the tactical one (DDPG) the target
position within them, the execution level (DQN) how orders are worked. Any of them can be switched
off, and `ablation` says what each adds.
"""

from hydra_quant.rl.hierarchy.ablation import ablation
from hydra_quant.rl.hierarchy.added import Ablation
from hydra_quant.rl.hierarchy.costs import Costs
from hydra_quant.rl.hierarchy.levels import Hierarchy
from hydra_quant.rl.hierarchy.options import LEVELS, HierarchyOptions
from hydra_quant.rl.hierarchy.tape import Tape, sandbox_tape, tape_of
from hydra_quant.rl.hierarchy.training import Material, plan, train_hierarchy

__all__ = [
    "LEVELS",
    "Ablation",
    "Costs",
    "Hierarchy",
    "HierarchyOptions",
    "Material",
    "Tape",
    "ablation",
    "plan",
    "sandbox_tape",
    "tape_of",
    "train_hierarchy",
]
