"""What must hold whatever strangers write and whatever the model answers; each check can fail."""

import unicodedata

import numpy as np
from support.redteam.attack import PAIRS
from support.redteam.disguises import lookalike
from support.remembering import MINUTE

from hydra_quant.news.gate import NONE, decide, rule
from hydra_quant.news.verdict import ACTIONS, CONFIDENCES, REASON_LETTERS
from hydra_quant.reasons import Reason
from hydra_quant.settings import News

POLICIES = tuple(
    News(no_analysis=policy, veto_from=sure, reduce_to=0.5)
    for policy in ("allow", "reduce", "block")
    for sure in CONFIDENCES
)


def check_table(ruling=rule):
    """No verdict, sure or not, under any policy, makes an entry larger, or one where none is."""
    action, confidence, side = (
        grid.ravel()
        for grid in np.meshgrid(
            np.arange(-1, len(ACTIONS)), np.arange(-1, len(CONFIDENCES)), [-1, 0, 1]
        )
    )
    for settings in POLICIES:
        found = ruling(action, confidence, side, settings)
        assert np.all(found.share >= 0), "a share below nothing"
        assert np.all(found.share <= 1), "an entry was enlarged"
        vetoed = found.reason != int(Reason.ENTER)
        assert np.array_equal(vetoed, found.share == 0), "a veto without a reason"
        assert np.all(found.share[side == 0] == 1), "a candle without an entry was touched"
        if settings.no_analysis == "allow":
            silent = ruling(np.full_like(action, NONE), confidence, side, settings).share
            assert np.all(found.share <= silent), "more than without any analysis"


def check_exposure(verdicts, now_ms, settings):
    """Each of these, put to the gate at all times around its life: nothing grows."""
    for verdict in verdicts:
        for side in (-1, 0, 1):
            for at in (0, verdict.known_ms - 1, now_ms, verdict.expires_ms - 1, 2**52):
                found = decide(verdict, side, at, settings)
                silent = decide(None, side, at, settings)
                assert 0 <= found.share <= silent.share == 1, "exposure rose"
                if not verdict.known_ms <= at < verdict.expires_ms:
                    assert found == silent, "a verdict acts beyond its life"


def check_verdicts(verdicts, shown, at_ms, known_ms, settings):
    """Known pairs, closed words, a life as configured, evidence that was shown and is about it."""
    by_id = {item.id: item for item in shown.values()}
    pairs = [verdict.pair for verdict in verdicts]
    assert set(pairs) <= set(PAIRS), "a pair that was not asked about"
    assert len(set(pairs)) == len(pairs), "two verdicts on one pair"
    for verdict in verdicts:
        assert verdict.action in ACTIONS
        assert verdict.confidence in CONFIDENCES
        assert verdict.about_ms == at_ms
        assert verdict.known_ms == known_ms
        assert verdict.expires_ms == known_ms + settings.valid_minutes * MINUTE, "a longer life"
        assert verdict.news, "a verdict that rests on nothing"
        assert set(verdict.news) <= set(by_id), "news that was not shown"
        cited = [by_id[name] for name in verdict.news]
        assert all(verdict.pair in item.pairs for item in cited), "news about another pair"
        if verdict.action == "exit":
            assert len(outlets(cited)) >= 2, "an exit on one source"
        check_line(verdict.reason, REASON_LETTERS)


def check_line(text, most):
    """One line of visible characters, no longer than it may be."""
    assert len(text) <= most, "longer than it may be"
    hidden = [letter for letter in text if unicodedata.category(letter)[0] == "C"]
    assert not hidden, f"unseen characters: {sorted({hex(ord(one)) for one in hidden})}"
    assert not set(text) & set("\u2028\u2029\x85\v\f\n\r\t"), "more than one line"


def outlets(items):
    """Sources that nobody would call one and the same, counted with suspicion.

    Letters that look alike are alike, hosts are their registered names, all accounts of all
    networks are one, and who says no name is nobody.
    """
    return {name for item in items if (name := _outlet(item))}


def _outlet(item):
    if item.kind == "post":
        return "posts"
    name = lookalike(unicodedata.normalize("NFKC", item.publisher)).casefold().strip(" .")
    labels = name.split(".") if " " not in name and "." in name else [name]
    host = labels[-2] if len(labels) > 1 else labels[0]
    return "".join(letter for letter in host if letter.isalnum())


def check_secrets(texts, secrets):
    """None of these anywhere in those."""
    for text in texts:
        for secret in secrets:
            assert secret not in text, "a secret is shown"


def check_about(shown, attacks):
    """A name in other letters is not the asset's."""
    for item in shown.values():
        attack = attacks.get(item.id.split(":", 2)[-1].split("@")[0])
        if attack is not None:
            wrong = {f"{asset}/USDT:USDT" for asset in attack.not_about} & set(item.pairs)
            assert not wrong, f"{attack.id} is counted for {sorted(wrong)}"
