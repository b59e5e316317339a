"""Causal selection for a panel: which features drive the label in at least half of the pairs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hydra_quant.adapters.freqai.frames import PairFrame
from hydra_quant.models.causal import Parent, Selection, cached_select
from hydra_quant.models.causal.selection import MIN_ROWS
from hydra_quant.models.rows import Rows
from hydra_quant.settings import Causal

Floats = NDArray[np.float64]


class Search(NamedTuple):
    """How it is searched.

    Attributes
    ----------
    settings : ``hydra.causal``
    horizon : candles that a label looks ahead
    bar : seconds of a candle
    seed : of the search
    folder : where what was found is kept, by a hash of what it was found in
    """

    settings: Causal
    horizon: int
    bar: int
    seed: int
    folder: Path


def chosen(frames: Mapping[str, PairFrame], block: Rows, search: Search) -> Selection:
    """Choose features on the training rows of a window, and on nothing after them.

    Each pair is searched by itself, over its latest ``max_rows`` candles up to its last training
    row; only training rows have a label there. A feature stays that drives a label in at least
    half of the pairs that have enough rows. With several labels, whatever drives one of them stays.

    Parameters
    ----------
    frames : by pair, with the same features
    block : the training rows of the pooled window
    search : Search

    Returns
    -------
    Selection
        ``parents`` with the mean strength over the pairs that have the link and the largest of
        their p-values; ``rows`` of all pairs together.
    """
    first = next(iter(frames.values()))
    settings = {"tau_max": search.settings.tau_max, "alpha": search.settings.alpha}
    found = []
    for label in range(len(first.label_names)):
        each = []
        for code, pair in enumerate(block.universe):
            own = block.pairs == code
            if not own.any():
                continue
            values, aim = _series(frames[pair], block.times[own], label, search)
            each.append(
                cached_select(
                    search.folder, values, aim, first.names,
                    **settings, seed=search.seed, reach=search.horizon,
                )
            )  # fmt: skip
        found.append(agreed(each, first.names))
    return united(found, first.names, search.settings.most)


def agreed(found: Sequence[Selection], names: Sequence[str]) -> Selection:
    """Keep what at least half of the pairs with enough rows keep; strongest first."""
    spoken = [one for one in found if one.rows >= MIN_ROWS]
    votes = {name: sum(name in one.kept for one in spoken) for name in names}
    kept = {name for name in names if votes[name] and 2 * votes[name] >= len(spoken)}
    links: dict[tuple[str, int], list[Parent]] = {}
    for link in (link for one in spoken for link in one.parents if link.name in kept):
        links.setdefault((link.name, link.lag), []).append(link)
    parents = [
        Parent(name, lag, float(np.mean([p.strength for p in of])), max(p.p for p in of))
        for (name, lag), of in links.items()
    ]
    why = {name: _why(name, votes[name], spoken or found) for name in names if name not in kept}
    return _ranked(kept, parents, why, sum(one.rows for one in spoken))


def united(found: Sequence[Selection], names: Sequence[str], most: int | None) -> Selection:
    """Keep what drives any label, at most so many features, the strongest."""
    parents = [link for one in found for link in one.parents]
    why = {name: found[0].why[name] for name in names if all(name in one.why for one in found)}
    whole = _ranked({p.name for p in parents}, parents, why, max(one.rows for one in found))
    if most is None or len(whole.kept) <= most:
        return whole
    weaker = dict.fromkeys(whole.kept[most:], f"weaker than the {most} that are kept")
    left = [link for link in parents if link.name not in weaker]
    return _ranked(set(whole.kept[:most]), left, why | weaker, whole.rows)


def _ranked(
    kept: set[str], parents: Sequence[Parent], why: Mapping[str, str], rows: int
) -> Selection:
    ordered = sorted(parents, key=lambda link: (-abs(link.strength), link.name, link.lag))
    names = dict.fromkeys(link.name for link in ordered if link.name in kept)
    return Selection(tuple(names), tuple(ordered), (), dict(why), rows)


def _why(name: str, votes: int, found: Sequence[Selection]) -> str:
    if votes:
        return f"drives the label in {votes} of {len(found)} pairs"
    return next((one.why[name] for one in found if name in one.why), "no pair was searched")


def _series(
    frame: PairFrame, taught: NDArray[np.int64], label: int, search: Search
) -> tuple[Floats, Floats]:
    """Features and label of one pair, candle after candle; NaN where not known or not taught."""
    begins = int(taught[-1]) - search.bar * (search.settings.max_rows - 1)
    rows = frame.rows(max(begins, int(taught[0])), int(taught[-1]) + 1)
    times = frame.times[rows]
    places = (times - times[0]) // search.bar
    values = np.full((int(places[-1]) + 1, len(frame.names)), np.nan)
    aim = np.full(len(values), np.nan)
    values[places] = frame.features[rows]
    known = np.isin(times, taught)
    aim[places[known]] = frame.labels[rows, label][known]
    return values, aim
