"""Many items at once: floods, replays, sybils; all are about bitcoin unless they say otherwise."""

from dataclasses import replace

from support.redteam.attack import Attack

STORY = "Bitcoin exchange Northgate loses customer coins in overnight breach, withdrawals halted"
DAY = 1440.0


def _told(number, title, publisher, **more):
    return Attack(
        f"{publisher}-{number}", "crowd", title, wants="leave", publisher=publisher, **more
    )


def flood(copies=500):
    """One story, word for word but for its end, from as many publishers."""
    return [_told(at, f"{STORY} {at % 7}", f"Outlet {at}") for at in range(copies)]


def one_publisher(claims=40):
    """One publisher in many spellings with many stories that have nothing in common."""
    names = ("Reuters", "REUTERS", "reuters.com", "www.reuters.com", "Reuters - World", " Reuters ")
    return [
        _told(at, f"Bitcoin {word}", names[at % len(names)])
        for at, word in enumerate(_words(claims))
    ]


def accounts(number=40):
    """As many people, each with a warning in words of their own."""
    return [
        _told(
            at,
            "",
            f"person{chr(97 + at % 26)}{chr(97 + at // 26)}",
            kind="post",
            text=f"$BTC {word}",
        )
        for at, word in enumerate(_words(number))
    ]


def edits():
    """One story as it is copied: case, blanks, marks, an address, unseen letters, one more word."""
    return [
        _told(at, title, f"Outlet {at}")
        for at, title in enumerate(
            (
                STORY,
                STORY.upper(),
                f"BREAKING: {STORY}",
                STORY.replace(" ", "  ") + "!!!",
                f"{STORY} https://evil.invalid/{'x' * 9}",
                "\u200b".join(STORY),
                STORY.replace("overnight", "overnight big"),
                "\u202d" + STORY + "\u202c",
            )
        )
    ]


def replayed(age_days):
    """The story so long ago, and again now in slightly other words by somebody else."""
    first, now = edits()[0], edits()[6]
    return [replace(first, id="told before", age_minutes=age_days * DAY), now]


def _words(number):
    verbs = ("halted", "drained", "frozen", "seized", "forked", "burned", "leaked", "sued")
    nouns = ("bridge", "wallet", "vault", "ledger", "mine", "court", "bank", "desk", "fund", "pool")
    every = [f"{noun} {verb} in {noun}{at}" for at, noun in enumerate(nouns) for verb in verbs]
    return every[:number]
