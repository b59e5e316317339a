"""Outlets: one is one under every spelling, and names that only begin alike are several."""

import pytest

from hydra_quant.news.outlets import bare_host, outlet
from hydra_quant.news.reading import publisher_name


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("coindesk.com", "coindesk"),
        ("m.coindesk.com", "coindesk"),
        ("a.b.coindesk.co.uk", "coindesk"),
        ("decrypt.co", "decrypt"),
        ("btc-echo.de", "btc-echo"),
        ("u.today", "u.today"),  # an ending that is a word: left as it is
        ("bitcoin magazine", "bitcoin magazine"),
        ("co.uk", "co.uk"),
        ("...", "..."),
        ("", ""),
    ],
)
def test_a_host_is_its_own_name(name, bare):
    assert bare_host(name) == bare


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("CoinDesk", "coindesk"),
        ("Сoіndеsk", "coindesk"),  # Cyrillic letters among Latin ones
        ("ＣｏｉｎＤｅｓｋ", "coindesk"),
        ("coin\u200bdesk", "coindesk"),
        ("www.coindesk.com.", "coindesk"),
        ("The Block", "theblock"),
        ("链捕手", "链捕手"),
        ("unknown", ""),
        ("\u200b \u2060", ""),
        ("---", ""),
    ],
)
def test_an_outlet_is_counted_by_what_is_seen_of_it(name, counted):
    assert outlet(name) == counted


def test_others_stay_others():
    names = ("CoinDesk", "CoinTelegraph", "Decrypt", "The Block", "u.today", "coindesk.evil.com")
    assert len({outlet(name) for name in names}) == len(names)


def test_the_reader_names_a_host_by_its_own_name_too():
    assert {publisher_name(name) for name in ("news.reuters.com", "Reuters", "reuters.co.uk")} == {
        "reuters"
    }
