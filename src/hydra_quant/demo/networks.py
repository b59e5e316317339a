"""How a demo trains a network: in minutes, which is too briefly to judge it by."""

from typing import Any

# These learn for hours on two cores; a demo shows that they run.
NETWORKS = ("HydraLstmCnn", "HydraTransformer", "HydraTft", "HydraNhits", "HydraGnn")
BRIEFLY: dict[str, Any] = {"mode": "quick", "epochs": 2}
# A candle costs these two so much that their own 100 and 168 would take a demo half an hour.
SHORTER: dict[str, dict[str, Any]] = {
    "HydraTransformer": {"length": 48},
    "HydraTft": {"length": 48},
}


def training(model: str) -> dict[str, Any]:
    """Return ``freqai.model_training_parameters`` of a demo with this model; empty: as it is."""
    return {**BRIEFLY, **SHORTER.get(model, {})} if model in NETWORKS else {}


def cautioned(banner: str, model: str) -> str:
    """Return a banner that also says how a network was trained."""
    if model not in NETWORKS:
        return banner
    length = SHORTER.get(model, {}).get("length")
    shorter = f", from {length} candles, fewer than it is made for" if length else ""
    return (
        f"{banner} {model} has learned briefly (every fourth candle, {BRIEFLY['epochs']} epochs"
        f"{shorter}): this shows that it runs, not what it is worth."
    )
