"""Answers of a model: the form or nothing, and never a word of what they say."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.analysing import answered, opinion

from hydra_quant.news.verdict import (
    ACTIONS,
    CONFIDENCES,
    MOST_NEWS,
    MOST_VERDICTS,
    Opinion,
    Opinions,
    Unreadable,
    answer_schema,
    read_answer,
)

SECRET = "Zq7SECRET"


@pytest.mark.parametrize(
    "around",
    ["{}", "  {}\n", "```json\n{}\n```", "```\n{}```", "```json{}```"],
)
def test_an_answer_of_the_form_is_read_with_or_without_a_fence(around):
    found = read_answer(around.replace("{}", answered(opinion(), opinion("ETH"))))
    assert [said.pair for said in found.verdicts] == ["BTC/USDT:USDT", "ETH"]
    assert read_answer(around.replace("{}", '{"verdicts": []}')) == Opinions(verdicts=[])


BROKEN = [
    ("", "empty"),
    (" \n", "empty"),
    ("``````", "whole JSON"),
    ("``` ```", "empty"),
    ("no news is good news", "whole JSON"),
    (answered(opinion())[:-5], "whole JSON"),
    (f"{answered(opinion())} {SECRET}", "whole JSON"),
    (f"Here you are: {answered(opinion())}", "whole JSON"),
    ("[" * 100_000, "whole JSON"),
    ("[]", "form"),
    ("null", "form"),
    ("NaN", "form"),
    ('"verdicts"', "form"),
    ("{}", "verdicts: missing"),
    (json.dumps({"verdicts": [], SECRET: 1}), "the answer: extra forbidden"),
    (answered(opinion() | {SECRET: 1}), "verdicts.0: extra forbidden"),
    (answered(opinion(), opinion(action=SECRET)), "verdicts.1.action: literal error"),
    (answered(opinion(action="BEARISH")), "verdicts.0.action"),
    (answered(opinion(confidence="very high")), "verdicts.0.confidence"),
    (answered(opinion(reason=None)), "verdicts.0.reason: string type"),
    (answered(opinion(reason="x" * 2001)), "verdicts.0.reason: string too long"),
    (answered(opinion(pair="x" * 41)), "verdicts.0.pair"),
    (answered(opinion(news=[1])), "verdicts.0.news.0: string type"),
    (answered(opinion(news=["n1"] * (MOST_NEWS + 1))), "verdicts.0.news: too long"),
    (answered(*[opinion()] * (MOST_VERDICTS + 1)), "verdicts: too long"),
    (answered({"pair": SECRET}), "verdicts.0.action: missing"),
]


@pytest.mark.parametrize(("text", "what"), BROKEN)
def test_what_is_not_of_the_form_is_refused_with_the_field_and_without_its_words(text, what):
    with pytest.raises(Unreadable, match=what) as raised:
        read_answer(text)
    assert SECRET not in str(raised.value)
    assert "\n" not in str(raised.value)
    # neither does a traceback: what was raised before holds the answer
    assert raised.value.__context__ is None or raised.value.__suppress_context__


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["verdicts", *Opinion.model_fields]) | st.text(max_size=5),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)
nearly = st.fixed_dictionaries(
    {
        "verdicts": st.lists(
            st.fixed_dictionaries(
                {
                    "pair": st.text(max_size=45),
                    "action": st.sampled_from([*ACTIONS, "buy"]),
                    "confidence": st.sampled_from([*CONFIDENCES, 1]),
                    "reason": st.text(max_size=50),
                    "news": st.lists(st.text(max_size=4), max_size=3),
                }
            ),
            max_size=3,
        )
    }
)


@settings(max_examples=200)
@given(st.text() | anything.map(json.dumps) | nearly.map(json.dumps), st.integers(0, 400))
def test_any_text_is_opinions_or_unreadable(text, cut):
    for told in (text, text[:cut], f"```json\n{text}\n```"):
        with suppress(Unreadable):
            assert isinstance(read_answer(told), Opinions)


@settings(max_examples=50)
@given(st.text("xyzqXYZQ0123456789 ", min_size=12, max_size=40).filter(str.strip))
def test_what_a_stranger_wrote_is_never_quoted(words):
    words = f"{words.strip()}#{SECRET}"
    for text in (words, answered(opinion(action=words)), json.dumps({words: [words]})):
        with pytest.raises(Unreadable) as raised:
            read_answer(text)
        assert words not in str(raised.value)


def test_a_number_too_long_to_be_one_is_unreadable():
    with pytest.raises(Unreadable):
        read_answer('{"verdicts": [' + "9" * 5000 + "]}")


def test_the_schema_asks_for_what_is_accepted():
    schema = answer_schema()
    assert set(schema["properties"]) == set(schema["required"]) == set(Opinions.model_fields)
    items = schema["properties"]["verdicts"]["items"]
    assert set(items["properties"]) == set(items["required"]) == set(Opinion.model_fields)
    assert schema["additionalProperties"] is items["additionalProperties"] is False
    assert items["properties"]["action"]["enum"] == list(ACTIONS)
    assert items["properties"]["confidence"]["enum"] == list(CONFIDENCES)
    assert [read_answer(answered(opinion(action=action))) for action in ACTIONS]
