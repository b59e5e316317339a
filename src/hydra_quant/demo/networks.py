"""How a demo trains networks and agents: in minutes, which is too briefly to judge them by."""

from typing import Any

from hydra_quant.rl.options import QUICK_STEPS

# These learn for hours on two cores; a demo shows that they run.
NETWORKS = ("HydraLstmCnn", "HydraTransformer", "HydraTft", "HydraNhits", "HydraGnn")
ENSEMBLE = "HydraEnsemble"
MEMBERS = ("lstm_cnn", "graph_attention")  # beside trees, which take seconds as they are
AGENTS = ("HydraPPO", "HydraSAC", "HydraTD3")
BRIEFLY: dict[str, Any] = {"mode": "quick", "epochs": 2}
AGENT_BRIEFLY: dict[str, Any] = {"mode": "quick"}
# A candle costs these two so much that their own 100 and 168 would take a demo half an hour.
SHORTER: dict[str, dict[str, Any]] = {
    "HydraTransformer": {"length": 48},
    "HydraTft": {"length": 48},
}


def training(model: str) -> dict[str, Any]:
    """Return ``freqai.model_training_parameters`` of a demo with this model; empty: as it is."""
    if model in AGENTS:
        return dict(AGENT_BRIEFLY)
    if model == ENSEMBLE:
        return {member: dict(BRIEFLY) for member in MEMBERS}
    return {**BRIEFLY, **SHORTER.get(model, {})} if model in NETWORKS else {}


def strategy(model: str) -> str:
    """Return the strategy that a model is made for."""
    return "HydraRLStrategy" if model in AGENTS else "HydraStrategy"


def cautioned(banner: str, model: str) -> str:
    """Return a banner that also says how a network or an agent was trained."""
    how = _how_briefly(model)
    if not how:
        return banner
    return (
        f"{banner} {model} has learned briefly ({how}): "
        "this shows that it runs, not what it is worth."
    )


def _how_briefly(model: str) -> str:
    if model in AGENTS:
        return f"{QUICK_STEPS} candles of trading a window"
    if model not in (*NETWORKS, ENSEMBLE):
        return ""
    length = SHORTER.get(model, {}).get("length")
    shorter = f", from {length} candles, fewer than it is made for" if length else ""
    return f"every fourth candle, {BRIEFLY['epochs']} epochs{shorter}"
