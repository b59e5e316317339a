"""The picture shows what was found, is a whole document, and asks for no other file."""

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from hydra_quant.models.causal import Parent, Selection, network_svg, write_network

SVG = "{http://www.w3.org/2000/svg}"
FOUND = Selection(
    kept=("funding", "oi <delta> & \"co\""),
    parents=(
        Parent("funding", 2, 0.41, 0.001),
        Parent("funding", 4, -0.12, 0.02),
        Parent("oi <delta> & \"co\"", 1, -0.30, 0.004),
    ),
    own=(Parent("target", 1, 0.2, 0.01),),
    why={"noise": "no link into the target at level 0.05"},
    rows=1234,
)  # fmt: skip


def drawn(selection: Selection, target: str = "target"):
    picture = ElementTree.fromstring(network_svg(selection, target))
    nodes = [node.find(f"{SVG}title").text for node in picture.iter(f"{SVG}g")]
    edges = [path for path in picture.iter(f"{SVG}path") if path.get("class") == "edge"]
    words = [text.text for text in picture.iter(f"{SVG}text")]
    return nodes, edges, words


def test_nodes_edges_lags_and_signs_are_those_that_were_found() -> None:
    nodes, edges, words = drawn(FOUND, "BTC return")
    assert nodes == [*FOUND.kept, "BTC return, its own past", "BTC return"]
    assert len(edges) == 3  # two features and the target's own past
    assert "lag 2 (+0.41), lag 4 (-0.12)" in words
    assert "lag 1 (-0.30)" in words
    assert "lag 1 (+0.20)" in words
    assert "2 of 3 features, 1234 rows" in words
    colours = [edge.get("stroke") for edge in edges]
    assert colours[0] == colours[2] != colours[1]
    widths = [float(edge.get("stroke-width")) for edge in edges]
    assert widths[0] > widths[1] > widths[2]
    assert not any("noise" in word for word in words)


def test_boxes_do_not_overlap_and_stay_inside() -> None:
    names = tuple(f"feature {i} with a name that is rather long" for i in range(12))
    many = Selection(names, tuple(Parent(n, 1, 0.1, 0.01) for n in names), (), {}, 500)
    picture = ElementTree.fromstring(network_svg(many))
    height = float(picture.get("height"))
    tops = sorted(
        float(group.find(f"{SVG}rect").get("y"))
        for group in picture.iter(f"{SVG}g")
        if group.find(f"{SVG}rect").get("x") == "20"
    )
    assert len(tops) == 12
    assert all(below - above >= 28 for above, below in pairwise(tops))
    assert tops[0] > 50
    assert tops[-1] + 28 < height


def test_nothing_found_is_said() -> None:
    nothing = Selection((), (), (), {"a": "constant (1)"}, 300)
    nodes, edges, words = drawn(nothing)
    assert nodes == ["target"]
    assert edges == []
    assert "Nothing drives the target." in words
    only_itself = Selection((), (), FOUND.own, {"a": "constant (1)"}, 300)
    assert len(drawn(only_itself)[1]) == 1


@pytest.mark.parametrize("word", ["href", "<script", "<image", "url(", "@import"])
def test_the_file_asks_for_no_other(word: str) -> None:
    assert word not in network_svg(FOUND)


def test_the_file_is_written_where_asked(tmp_path) -> None:
    path = write_network(FOUND, tmp_path / "deep" / "network.svg", "BTC")
    assert path.read_text(encoding="utf-8") == network_svg(FOUND, "BTC")
    assert list(path.parent.iterdir()) == [path]
