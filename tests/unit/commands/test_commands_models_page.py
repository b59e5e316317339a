"""Tables of ``hydra-quant evaluate models`` in a page of other text, and the page they are in."""

import re
from pathlib import Path

import pytest

from hydra_quant.commands.evaluate_models_display import (
    DIRECTION,
    FIXED,
    LABELS,
    MARKS,
    REST,
    check_page,
    put,
)
from hydra_quant.commands.opening import InputError
from hydra_quant.heads.models.material import HOURS
from hydra_quant.heads.models.walk import MODELS, NETS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "models.md"
CELL = re.compile(r"–|-?\d*\.?\d+%?( \[-?\d*\.\d+, -?\d*\.\d+\])?")


def test_tables_replace_what_stands_between_the_marks_and_nothing_else(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{MARKS[0]}\nold\n{MARKS[1]}\nafter\n")
    for _ in range(2):
        check_page(page)
        put(page, "new\n")
        assert page.read_text() == f"before\n{MARKS[0]}\n\nnew\n\n{MARKS[1]}\nafter\n"


def test_a_file_without_marks_is_the_tables(tmp_path):
    page = tmp_path / "page.md"
    for text in ("one\n", "another\n"):
        check_page(page)
        put(page, text)
        assert page.read_text() == text


@pytest.mark.parametrize("text", [MARKS[0], MARKS[1], f"{MARKS[1]}\n{MARKS[0]}"])
def test_a_page_with_half_its_marks_is_refused_and_kept(tmp_path, text):
    page = tmp_path / "page.md"
    page.write_text(text)
    for refused in (lambda: check_page(page), lambda: put(page, "new")):
        with pytest.raises(InputError, match="evaluate models: begin"):
            refused()
    assert page.read_text() == text


def tables(text):
    """Title and heads of each Markdown table, then its rows by their first cell."""
    found = []
    for block in re.findall(r"(?:^\|.*\|\n)+", text, flags=re.MULTILINE):
        rows = [[cell.strip() for cell in line[1:-2].split("|")] for line in block.splitlines(True)]
        rows = [[cell.strip(" |") for cell in row] for row in rows]
        found.append((rows[0], {row[0]: row[1:] for row in rows[2:]}))
    return found


@pytest.fixture(scope="module")
def shown():
    text = PAGE.read_text(encoding="utf-8")
    begin, end = (text.index(mark) for mark in MARKS)
    return text[begin:end]


def test_the_page_has_the_tables_that_the_command_prints(shown):
    heads = [head for head, _ in tables(shown)]
    wanted = [[f"up in {hours} h", *DIRECTION] for hours in HOURS]
    wanted += [["4 h rule, variance of 24 h", *REST], ["4 h, fixed thresholds", *FIXED]]
    wanted += [["lowest to highest seed", *(f"AUC, {hours} h" for hours in HOURS)]]
    assert heads == wanted


def test_the_page_has_a_row_of_every_model_or_says_why_not(shown):
    *_, (_, rest), (_, _), (_, _) = tables(shown)
    left_out = {name for name in NETS if f"- {LABELS[name]}: not finished" in shown}
    assert set(rest) == {LABELS[name] for name in MODELS if name not in left_out}
    for name in NETS:
        told = f"- {LABELS[name]}: " in shown
        assert told, f"no verdict about {name}"


def test_the_page_has_figures_and_nothing_else_in_its_cells(shown):
    *first, _ = tables(shown)
    cells = [cell for _, rows in first for row in rows.values() for cell in row]
    assert len(cells) > 100
    assert [cell for cell in cells if not CELL.fullmatch(cell)] == []
    assert not CELL.fullmatch("about .5")


def test_the_page_says_how_its_tables_are_made():
    text = PAGE.read_text(encoding="utf-8")
    assert "hydra-quant evaluate models --data path/to/folder --mode quick" in text
    assert text.index("--mode quick") < text.index(MARKS[0])
