"""What the news gate does to an entry, in a table that a trader can check by hand.

Cells are what is left of the stake: 0 is blocked, 1 goes on. ``less`` reduces to a half.
"""

import numpy as np
import pytest
from support.analysing import BTC

from hydra_quant.news.gate import decide, rule
from hydra_quant.news.verdict import ACTIONS, CONFIDENCES, Verdict
from hydra_quant.reasons import Reason
from hydra_quant.settings import News

# verdict            long  short   long  short   long  short
#            veto from: low         medium        high
TABLE = """
bullish low           1     0      1    less     1    less
bullish medium        1     0      1     0       1    less
bullish high          1     0      1     0       1     0
bearish low           0     1     less   1      less   1
bearish medium        0     1      0     1      less   1
bearish high          0     1      0     1       0     1
hold    low           0     0     less  less    less  less
hold    medium        0     0      0     0      less  less
hold    high          0     0      0     0       0     0
exit    low           0     0     less  less    less  less
exit    medium        0     0      0     0      less  less
exit    high          0     0      0     0       0     0
"""
# no analysis        long  short
WITHOUT = """
allow                 1     1
reduce               less  less
block                 0     0
"""
CELLS = {"0": 0.0, "less": 0.5, "1": 1.0}
REASONS = {
    "bullish": Reason.GATE_BULLISH,
    "bearish": Reason.GATE_BEARISH,
    "hold": Reason.GATE_HOLD,
    "exit": Reason.GATE_EXIT,
}


def rows():
    """(action, confidence, veto_from, side, share) of every cell."""
    for line in TABLE.strip().splitlines():
        action, confidence, *cells = line.split()
        for at, cell in enumerate(cells):
            yield action, confidence, CONFIDENCES[at // 2], 1 - 2 * (at % 2), CELLS[cell]


def test_the_table_is_whole():
    assert len(set(rows())) == len(ACTIONS) * len(CONFIDENCES) * 3 * 2


@pytest.mark.parametrize("policy", ["allow", "reduce", "block"])
def test_what_a_verdict_does_to_an_entry(policy):
    for action, confidence, veto_from, side, share in rows():
        settings = News(veto_from=veto_from, no_analysis=policy)
        verdict = Verdict(BTC, action, confidence, "", 0, 10, 20)
        found = decide(verdict, side, 15, settings)
        case = (action, confidence, veto_from, side)
        assert found.share == share, case
        assert found.reason is (REASONS[action] if share == 0 else Reason.ENTER), case
        assert found.leave is (action == "exit"), case


def test_what_no_analysis_does_to_an_entry():
    for line in WITHOUT.strip().splitlines():
        policy, *cells = line.split()
        for side, cell in zip((1, -1), cells, strict=True):
            found = decide(None, side, 15, News(no_analysis=policy))
            assert found.share == CELLS[cell], (policy, side)
            assert found.reason is (Reason.GATE_NO_ANALYSIS if cell == "0" else Reason.ENTER)


def test_a_backtests_column_says_what_a_live_entry_hears():
    for action, confidence, veto_from, side, share in rows():
        codes = [ACTIONS.index(action)], [CONFIDENCES.index(confidence)], [side]
        found = rule(*map(np.array, codes), News(veto_from=veto_from))
        assert found.share.tolist() == [share]
        assert found.reason.tolist() == [REASONS[action] if share == 0 else Reason.ENTER]
