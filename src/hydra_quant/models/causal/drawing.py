"""The discovered network as a picture: one SVG file that needs nothing else."""

import os
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from hydra_quant.models.causal.found import Parent, Selection

WIDTH = 720
ROW = 46
TOP = 70
NODE = 250
"""Width of a feature's box."""
RAISES, LOWERS, INK, PAPER = "#1b7f4d", "#b3372f", "#222222", "#ffffff"


def network_svg(selection: Selection, target: str = "target") -> str:
    """Draw what drives the target.

    Features stand on the left with the target on the right; an edge says its lag and its partial
    correlation, is as wide as that is strong, and green where the feature raises the target or
    red where it lowers it. The target's own past is an edge from a box below.

    Parameters
    ----------
    selection : Selection
    target : str
        Name to write at the target.

    Returns
    -------
    str
        An SVG document; it refers to no other file.
    """
    sources = list(selection.kept)
    if selection.own:
        sources.append(f"{target}, its own past")
    height = TOP + ROW * max(len(sources), 2) + 30
    middle = (TOP + height - 30) / 2
    places = {name: TOP + ROW * (at + 0.5) for at, name in enumerate(sources)}
    edges: list[str] = []
    for name, y in places.items():
        own = name not in selection.kept
        links = selection.own if own else [p for p in selection.parents if p.name == name]
        edges += _edge(links, y, middle)
        edges.append(_node(20, y, NODE, name))
    empty = "Nothing drives the target." if not selection.kept else ""
    body = [
        _text(20, 28, f"What drives {target}", size=17, weight="bold"),
        _text(20, 48, _caption(selection), size=12),
        _text(20, TOP + 14, empty) if empty and not selection.own else "",
        *edges,
        _node(WIDTH - 170, middle, 150, target),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" '
        f'width="{WIDTH}" height="{height:g}" font-family="sans-serif" role="img">\n'
        f'<rect width="100%" height="100%" fill="{PAPER}"/>\n'
        + "\n".join(part for part in body if part)
        + "\n</svg>\n"
    )


def write_network(selection: Selection, path: Path, target: str = "target") -> Path:
    """Write `network_svg` to a file, replacing it in one step, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(network_svg(selection, target), encoding="utf-8")
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return path


def _caption(selection: Selection) -> str:
    asked = len(selection.kept) + len(selection.why)
    return f"{len(selection.kept)} of {asked} features, {selection.rows} rows"


def _edge(links: Sequence[Parent], y: float, middle: float) -> list[str]:
    """One curve from a source to the target, as wide as its strongest link, and its words."""
    strongest = max(links, key=lambda link: abs(link.strength))
    colour = RAISES if strongest.strength > 0 else LOWERS
    start, end = 20 + NODE, WIDTH - 178
    bend = (start + end) / 2
    path = f"M{start} {y:g} C{bend:g} {y:g} {bend:g} {middle:g} {end} {middle:g}"
    words = ", ".join(f"lag {link.lag} ({link.strength:+.2f})" for link in links)
    return [
        f'<path class="edge" d="{path}" fill="none" stroke="{colour}" '
        f'stroke-width="{1 + 6 * abs(strongest.strength):.2f}" stroke-opacity="0.75"/>',
        f'<path d="M{end} {middle - 5:g} l9 5 l-9 5 z" fill="{INK}"/>',
        _text(start + 8, y - 6, words, size=11),
    ]


def _node(x: float, y: float, width: float, name: str) -> str:
    short = name if len(name) <= 34 else f"{name[:33]}…"
    return (
        f'<g class="node"><title>{escape(name)}</title>'
        f'<rect x="{x:g}" y="{y - 14:g}" width="{width:g}" height="28" rx="6" '
        f'fill="#eef2f6" stroke="{INK}"/>' + _text(x + 8, y + 4, short) + "</g>"
    )


def _text(x: float, y: float, words: str, size: int = 13, weight: str = "normal") -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" font-weight="{weight}" '
        f'fill="{INK}">{escape(words)}</text>'
    )
