"""What a user may say about an ensemble, checked."""

from collections.abc import Mapping
from typing import Any, NoReturn

from freqtrade.exceptions import OperationalException

from hydra_quant.adapters.freqai.member import Member
from hydra_quant.adapters.freqai.member_ground import Dealing
from hydra_quant.adapters.freqai.members import KINDS, member
from hydra_quant.adapters.freqai.net_options import WHERE
from hydra_quant.models.ensemble.weights import DIRECTION, PRESETS, Preset

VOTES = ("soft", "adaptive", "learned")
USUAL: dict[str, Any] = {
    "members": "direction",
    "vote": "soft",
    "act_above": DIRECTION.act_above,
    "folds": 3,
}


def resolved(given: Mapping[str, Any], members: Mapping[str, Member]) -> dict[str, Any]:
    """Return how members vote, and every parameter that their training depends on.

    Raises
    ------
    OperationalException
        When a key is not known or a value is refused.
    """
    known = (*USUAL, *members)
    if unknown := sorted({*given} - {*known}):
        _refuse(f"{unknown[0]!r} is not among {', '.join(known)}; remove it")
    preset = _preset(given)
    usual = {**USUAL, "act_above": preset.act_above}
    chosen = {**usual, **{key: given[key] for key in USUAL if key in given}}
    if chosen["vote"] not in VOTES:
        _refuse(f"vote is one of {', '.join(VOTES)}, not {chosen['vote']!r}")
    if not _number(chosen["act_above"]) or not 0.5 <= chosen["act_above"] < 1:
        _refuse(f"act_above is a probability from 0.5 to 1, not {chosen['act_above']!r}")
    folds = chosen["folds"]
    if not isinstance(folds, int) or isinstance(folds, bool) or not 1 <= folds <= 20:
        _refuse(f"folds is a whole number from 1 to 20, not {folds!r}")
    # the number of threads changes no tree
    own = {
        name: {key: value for key, value in of.parameters.items() if key != "num_threads"}
        for name, of in members.items()
    }
    return {**chosen, "members": dict(preset.weights), **own}


def members_of(
    given: Mapping[str, Any], *, seed: int, horizon: int, dealing: Dealing
) -> dict[str, Member]:
    """Return the members that are asked for, in sorted order, each with its own options checked.

    Parameters
    ----------
    given : ``freqai.model_training_parameters``
    seed, horizon, dealing : see `members.member`

    Raises
    ------
    OperationalException
        When there is none, one is not known, or its weight or an option is refused.
    """
    found = {}
    for name in sorted(_preset(given).weights):
        options = given.get(name, {})
        if not isinstance(options, Mapping):
            _refuse(f"{name} is {options!r}, not a section with its options")
        where = f"{WHERE}.{name}"
        found[name] = member(
            name, options, seed=seed, horizon=horizon, dealing=dealing, where=where
        )
    return found


def _preset(given: Mapping[str, Any]) -> Preset:
    """The set of weights that is named, or the one that is spelled out."""
    members = given.get("members", USUAL["members"])
    if isinstance(members, str) and members in PRESETS:
        return PRESETS[members]
    if not isinstance(members, Mapping) or not members:
        named = ", ".join(f'"{name}"' for name in PRESETS)
        spelled = 'weights by name as {"lightgbm": 0.4, …}'
        _refuse(f"members is {members!r}, not {named} or {spelled}")
    for name, weight in members.items():
        if name not in KINDS:
            _refuse(f"members: {name!r} is not among {', '.join(KINDS)}")
        if not _number(weight) or not 0 < weight <= 1:
            _refuse(f"members.{name} is a weight above 0, at most 1, not {weight!r}")
    weights = {name: float(weight) for name, weight in members.items()}
    return Preset(weights, DIRECTION.act_above)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refuse(said: str) -> NoReturn:
    raise OperationalException(f"{WHERE}: {said}.")
