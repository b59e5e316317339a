"""Attacks written by hand, each a trick of its own."""

from support.redteam.attack import Attack
from support.redteam.hand_forms import BREAKERS, FORMS, ODD
from support.redteam.hand_lies import LIES, ORDERS
from support.redteam.hand_posts import POSTS, TIMES


def _made():
    groups = {
        "order": ORDERS,
        "lie": LIES,
        "form": FORMS,
        "breaker": BREAKERS,
        "odd": ODD,
        "post": POSTS,
        "time": TIMES,
    }
    for category, found in groups.items():
        for number, (title, text, wants, more) in enumerate(found):
            yield Attack(f"{category}-{number}", category, title, text, wants, **more)


BY_HAND = tuple(_made())
