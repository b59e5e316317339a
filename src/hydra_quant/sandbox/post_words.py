"""What the synthetic crowd and its bots write: one line each, with a mood and without news.

No key word of the local language model is among them: a mood is not a fact.
"""

PANIC = (
    "{tag} is crashing, terrible day, I am scared and out",
    "horrible {tag} candle, worst loss of my year",
    "this {tag} dump is a disaster, everybody is in panic",
    "sold all my {name}, awful, I hate this market",
    "{tag} bleeding again, total nightmare, stop losses gone",
    "rekt on {tag}. ugly, ugly, ugly",
)
DOWN = (
    "{tag} looks weak here, not good",
    "not happy with {name} today, bad price action",
    "lost a bit on {tag}, sad",
    "{name} sellers in control, worried about support",
    "{tag} rejected again, disappointing",
    "taking a small loss on {tag}",
    "I fear {name} has further to fall",
    "{tag} chart is ugly, staying away",
)
FLAT = (
    "{tag} doing nothing, going for a walk",
    "anybody watching {name} today?",
    "waiting for {tag} to pick a side",
    "{name} sideways since breakfast",
    "what is the funding on {tag} now?",
    "checked {tag}, closed the app again",
    "reading about {name} nodes",
    "{tag} range unchanged",
)
UP = (
    "{tag} looks strong here, nice",
    "good day for {name}, happy with my entry",
    "{tag} buyers in control, love it",
    "added some {name}, feeling confident",
    "great bounce on {tag}",
    "small win on {tag}, thanks market",
    "{name} holding up well, encouraging",
    "{tag} breakout looks beautiful",
)
EUPHORIA = (
    "{tag} is amazing, best day ever, we are winning!",
    "what a fantastic {name} run, so happy!!",
    "{tag} to the moon, love love love it",
    "incredible {tag} move, congratulations everybody!",
    "my {name} bag is a perfect success, superb",
    "{tag} unstoppable, wonderful, superb stuff",
)
SHILL = (
    "{tag} 100x GUARANTEED, best gem ever, join our free VIP channel now!!!",
    "Amazing profits with {tag} signals, I made $9000 today, DM me to win",
    "Huge {tag} airdrop for the first 500 winners, claim your free reward",
    "{tag} next great moon shot, trust the plan, buy before it is too late!!!",
)
MOODS = (PANIC, DOWN, FLAT, UP, EUPHORIA)
EDGES = (-2.2, -0.7, 0.7, 2.2)  # of the mood, between the lists of MOODS
TAGS = ("${ticker}", "#{ticker}", "{name}", "${ticker}")
# Said before and after, in any mood: the same words twice in a week would count as a copy.
OPENINGS = (
    "", "just looked at the screen: ", "honestly, ", "morning all, ", "after lunch: ",
    "note to self: ", "third coffee and ", "seen from the train: ", "my two cents, ",
    "told my neighbour: ", "on my lunch break, ", "late here, ",
)  # fmt: skip
ENDINGS = (
    "", ", back to work", ", what do you think?", ". see you tomorrow", ", my cat agrees",
    ". not advice", ", zoom out", ". writing this on the bus", ", anyone else?", " tbh",
    ". dinner first", ", ask me in a week", ". that is my whole post", " imo",
)  # fmt: skip

ADJECTIVES = ("quiet", "early", "stubborn", "lucky", "sleepy", "curious", "honest", "late", "calm")
NOUNS = ("otter", "miner", "baker", "pilot", "gardener", "plumber", "badger", "teacher", "sailor")
BOT_NAMES = ("crypto_gem_{}", "signals{}", "moonpump{}", "vip_profit_{}")
