"""What is used of torch-geometric; importing it takes seconds, so only what needs it imports this.

Its import calls ``torch.jit.script``, of which torch 2.13 warns; nothing here is scripted.
"""

import warnings

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "`torch.jit.script", DeprecationWarning)
    from torch_geometric.data import Data, HeteroData
    from torch_geometric.nn import GATv2Conv, HeteroConv

__all__ = ["Data", "GATv2Conv", "HeteroConv", "HeteroData"]
