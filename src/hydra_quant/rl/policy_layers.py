"""Which of stable-baselines3's weights choose the action."""

from collections.abc import Mapping

from torch import Tensor

from hydra_quant.models.store import Refused

Layer = tuple[Tensor, Tensor]
# Where stable-baselines3 keeps the layers that choose the action, and the last of them if apart.
_PARTS = {
    "ppo": ("mlp_extractor.policy_net.", "action_net"),
    "sac": ("actor.latent_pi.", "actor.mu"),
    "td3": ("actor.mu.", None),
    "ddpg": ("actor.mu.", None),
    "dqn": ("q_net.q_net.", None),
}
KINDS = tuple(_PARTS)


def layers(kind: str, weights: Mapping[str, Tensor]) -> list[Layer]:
    """Return weight and bias of every layer from the observation to the action.

    Raises
    ------
    Refused
        When one is missing.
    """
    prefix, last = _PARTS[kind]
    numbers = sorted(
        int(name.removeprefix(prefix).removesuffix(".weight"))
        for name in weights
        if name.startswith(prefix) and name.endswith(".weight")
    )
    names = [f"{prefix}{number}" for number in numbers] + ([last] if last else [])
    if not names:
        raise Refused(f"these are no weights of a {kind}: {prefix}0.weight is missing")
    return [layer(kind, weights, name) for name in names]


def layer(kind: str, weights: Mapping[str, Tensor], name: str) -> Layer:
    """Return weight and bias of one layer, or refuse as `layers` does."""
    try:
        return weights[f"{name}.weight"], weights[f"{name}.bias"]
    except KeyError as error:
        missing = error.args[0]
        raise Refused(f"these are no weights of a {kind}: {missing} is missing") from error
