"""Which pairs a text is about: words that count, words that only look like it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_quant.news.mentions import NAMES, base_of, named, neutralise, pairs_in

PAIRS = [f"{base}/USDT:USDT" for base in ("BTC", "ETH", "SOL", "LINK", "AVAX", "1000PEPE", "ZZZ")]
BTC, ETH, SOL, LINK, AVAX, PEPE, ZZZ = PAIRS


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("Bitcoin rises", [BTC]),
        ("BITCOIN's day, says $btc holder", [BTC]),
        ("#BTC/USDT and ETH-PERP", [BTC, ETH]),
        ("ethereum, then SOL", [ETH, SOL]),
        ("under the sol, a btc", []),  # lower-case tickers are words
        ("LINK IN BIO", []),  # and so are some in capitals
        ("$LINK up, Chainlink too", [LINK]),
        ("An avalanche of sales", []),
        ("Avalanche adds subnets", [AVAX]),
        ("Bitcoin Cash halves", []),
        ("Bitcoin Cash and bitcoin", [BTC]),
        ("Ethereum Classic forks", []),
        ("PEPE and ZZZ", [PEPE, ZZZ]),
        ("Crypto market falls", []),
        ("WBTC, BTCUSDT, BTC_2, @BTCwhale, aBTC", []),
        ("see https://wire.example/bitcoin/BTC now", []),
        ("", []),
    ],
)
def test_whole_words(text, about):
    assert list(pairs_in(text, PAIRS)) == about


@pytest.mark.parametrize(
    "text",
    [
        "\u0412\u0422\u0421 soars",  # Cyrillic В Т С
        "B\u0422C soars",
        "\uff22\uff34\uff23 soars",  # full width
        "\u0430BTC soars",  # a Cyrillic letter before it
        "$\u0412TC",
        "b\u0456tcoin",  # Cyrillic і
        "\u017folana $\u017fOL",  # the long s, which folds to s
        "LIN\u212a $LIN\u212a",  # the Kelvin sign, which folds to k
        "BTC\u0336",  # struck through by a combining mark
    ],
)
def test_what_looks_like_an_asset_is_none(text):
    assert pairs_in(text, PAIRS) == ()


@pytest.mark.parametrize(
    ("symbols", "about"),
    [
        ('["BTC", "MARKET"]', (BTC,)),
        ('["PEPE", "btc"]', (BTC, PEPE)),
        ('["LINK"]', (LINK,)),  # the publisher says so: no word
        ('["\u0412TC"]', ()),
        ("[" * 100_000, ()),
        ('{"BTC": 1}', ()),
        ("[1, null]", ()),
        ("BTC", ()),
        (None, ()),
    ],
)
def test_what_the_publisher_names(symbols, about):
    assert pairs_in("Markets wrap", PAIRS, symbols) == about


def test_base_of_a_pair():
    assert base_of("BTC/USDT:USDT") == "BTC"
    assert base_of("1000PEPE/USDT:USDT") == "PEPE"
    assert base_of("1INCH/USDT") == "1INCH"
    assert base_of("1000/USDT") == "1000"


def test_no_name_stands_for_two_assets():
    names = [name for several in NAMES.values() for name in several]
    assert len(names) == len(set(names))
    assert all(name == name.lower() for name in names)


def test_no_pairs_find_nothing():
    assert pairs_in("BTC and bitcoin", []) == ()
    assert named('["BTC"]') == {"BTC"}


PEOPLE = ("Musk", "Elon Musk", "CZ", "A.B (C")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Elon Musk buys; MUSK'S dog", "somebody buys; somebody'S dog"),
        ("@elonmusk and elon_musk", "@somebody and somebody"),
        ("Muskrat, CZech, $CZ", "Muskrat, CZech, $somebody"),
        ("a.b (c spoke", "somebody spoke"),
        ("nobody spoke", "nobody spoke"),
    ],
)
def test_people_are_somebody(text, left):
    assert neutralise(text, PEOPLE) == left


def test_without_names_nothing_changes():
    assert neutralise("Elon Musk", ()) == "Elon Musk"
    assert neutralise("Elon Musk", ("", " ")) == "Elon Musk"


@given(st.lists(st.sampled_from(["Elon", "Musk", "musk", "CZ", "_", "-", "x", "somebody", "\n"])))
def test_neutralising_twice_is_once(parts):
    once = neutralise(" ".join(parts), PEOPLE)
    assert neutralise(once, PEOPLE) == once
    assert "musk" not in once.lower()
    assert "CZ" not in once
