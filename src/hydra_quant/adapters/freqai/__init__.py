"""FreqAI models of two kinds: one model a pair (`PairModel`), one model for all (`PanelModel`,
and `ScoringModel` for signals).

Both replace what surrounds the fit in FreqAI's backtest, keep every law of the house (no label
that reaches past its window, nothing stale, errors that stop the run) and work unchanged in
dry-run and live.
"""

from hydra_quant.adapters.freqai.pair import PairModel
from hydra_quant.adapters.freqai.panel import PanelModel
from hydra_quant.adapters.freqai.scoring import ScoringModel

__all__ = ["PairModel", "PanelModel", "ScoringModel"]
