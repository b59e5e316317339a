"""What strangers would publish to move the analyst: a corpus of attacks, and what runs it."""

from support.redteam.attack import PAIRS, Attack
from support.redteam.by_hand import BY_HAND
from support.redteam.generated import GENERATED

CORPUS: tuple[Attack, ...] = (*BY_HAND, *GENERATED)

__all__ = ["BY_HAND", "CORPUS", "GENERATED", "PAIRS", "Attack"]
