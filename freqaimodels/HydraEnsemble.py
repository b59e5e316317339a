"""HydraEnsemble: trees, networks, an agent and rules that vote on where the price goes."""

from hydra_quant.adapters.freqai.ensemble import EnsembleModel


class HydraEnsemble(EnsembleModel):
    """P(up over the label horizon) by LightGBM, the LSTM-CNN and the graph network together.

    Weights 0.40, 0.35 and 0.25 unless ``freqai.model_training_parameters`` says otherwise::

        {"members": {"lightgbm": 0.4, "lstm_cnn": 0.35, "graph_attention": 0.25},
         "vote": "soft", "act_above": 0.6, "folds": 3, "lstm_cnn": {"epochs": 20}}

    ``"members": "broad"`` is TFT 0.25, LSTM-CNN 0.20, an agent (``rl``) 0.30, the rules
    ``mean_reversion`` and ``momentum`` 0.10 each and XGBoost 0.05, acted on above 0.8.

    ``vote`` is ``"soft"``, ``"adaptive"`` (weights by what each member's paper positions earned in
    the last 30 days of candles that it had not learned) or ``"learned"`` (weights fitted to such
    candles). A member that fails drops out and leaves its weight to the others.
    """
