"""Which members an ensemble can have, and what they are built with."""

from collections.abc import Mapping
from typing import Any

from freqtrade.exceptions import OperationalException

from hydra_quant.adapters.freqai import net_options
from hydra_quant.adapters.freqai.member import Member
from hydra_quant.adapters.freqai.member_agent import agent
from hydra_quant.adapters.freqai.member_ground import Dealing
from hydra_quant.adapters.freqai.member_nets import NetMember
from hydra_quant.adapters.freqai.member_rules import RULES, rule
from hydra_quant.adapters.freqai.member_trees import LightGbmMember, XgboostMember
from hydra_quant.heads.boosted import BOOSTED, BOOSTED_ROUNDS
from hydra_quant.heads.sequence_features import NAMES
from hydra_quant.models import boosting, xgb
from hydra_quant.models.boosting import BASELINE

_QUANTILES: dict[str, Any] = {
    **{"loss": "both", "batch": 64, "optimiser": "adam", "lr": 1e-3, "weight_decay": 1e-5},
    **{"schedule": "plateau", "epochs": 100},
}
# What differs from the usual training, as the FreqAI models of these networks have it.
_OWN: dict[str, dict[str, Any]] = {
    "tft": _QUANTILES,
    "nhits": _QUANTILES,
    "graph_attention": {"batch": 16, "lr": 1e-3},
}
NETS = ("lstm_cnn", "graph_attention", "direction_transformer", "lstm_attention", "tft", "nhits")
AGENT = "rl"
KINDS = ("lightgbm", "xgboost", *NETS, AGENT, *RULES)


def member(
    name: str,
    given: Mapping[str, Any],
    *,
    seed: int,
    horizon: int,
    dealing: Dealing,
    where: str,
) -> Member:
    """Return a member with its parameters checked.

    Parameters
    ----------
    name : of `KINDS`
    given : its options, over what is usual
    seed : for those that have none of their own
    horizon : candles that the label looks ahead
    dealing : by what an agent trades while it learns
    where : the key of the configuration that errors name

    Raises
    ------
    OperationalException
        When an option is none, or its value is refused.
    """
    if name in RULES:
        return rule(name, given, where)
    if name == AGENT:
        return agent(name, given, dealing, where)
    try:
        if name == "lightgbm":
            usual = {**BASELINE, "max_bin": 63}
            chosen = {**given, "objective": "binary"}
            return LightGbmMember(name, boosting.parameters(chosen, usual, seed))
        if name == "xgboost":
            usual = {**BOOSTED, "num_boost_round": BOOSTED_ROUNDS}
            return XgboostMember(name, xgb.parameters(given, usual, seed))
    except ValueError as error:
        raise OperationalException(f"{where}: {error}") from None
    steps = {"target": NAMES.index("return"), "steps": (horizon,)} if name == "nhits" else {}
    own = {**_OWN.get(name, {}), **steps, **given}
    return NetMember(name, net_options.resolved(name, own, where))
