"""The gate on one entry: which verdicts stand, what is recommended, and how it is said."""

import pytest
from support.analysing import BTC

from hydra_quant.news.gate import Ruling, decide, is_standing
from hydra_quant.news.verdict import Verdict
from hydra_quant.reasons import Reason
from hydra_quant.settings import News


def verdict(action="bearish", confidence="high"):
    return Verdict(BTC, action, confidence, "so", about_ms=50, known_ms=100, expires_ms=200)


@pytest.mark.parametrize(
    ("now", "stands"), [(50, False), (99, False), (100, True), (199, True), (200, False)]
)
def test_a_verdict_stands_from_when_it_is_known_until_it_expires(now, stands):
    assert is_standing(verdict(), now) is stands
    found = decide(verdict(), 1, now, News())
    assert found == (decide(verdict(), 1, 150, News()) if stands else decide(None, 1, now, News()))
    assert found.share == (0.0 if stands else 1.0)


def test_without_an_entry_only_leaving_is_answered():
    for action in ("bullish", "bearish", "hold", "exit"):
        found = decide(verdict(action), 0, 150, News(no_analysis="block"))
        assert (found.share, found.reason) == (1.0, Reason.ENTER)
        assert found.leave is (action == "exit")
    assert decide(verdict("exit"), 0, 200, News()).leave is False
    assert decide(None, 0, 150, News(no_analysis="block")).share == 1.0


@pytest.mark.parametrize(
    ("given", "side", "settings", "why"),
    [
        (verdict(), 1, News(), "bearish (high): blocked"),
        (verdict(), -1, News(), "bearish (high): allowed"),
        (verdict("hold", "low"), 1, News(veto_from="high"), "hold (low): reduced to 0.5"),
        (None, 1, News(), "no analysis: allowed"),
        (None, 1, News(no_analysis="reduce", reduce_to=0.25), "no analysis: reduced to 0.25"),
        (None, -1, News(no_analysis="block"), "no analysis: blocked"),
        # a reduction to the whole stake is none
        (None, 1, News(no_analysis="reduce", reduce_to=1.0), "no analysis: allowed"),
    ],
)
def test_the_reason_in_words_names_the_verdict_and_what_it_did(given, side, settings, why):
    assert decide(given, side, 150, settings).why == why


def test_a_ruling_is_a_value():
    assert decide(verdict(), 1, 150, News()) == Ruling(
        0.0, Reason.GATE_BEARISH, False, "bearish (high): blocked"
    )
