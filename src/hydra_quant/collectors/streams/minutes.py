"""Which minutes were heard from beginning to end."""

from hydra_quant.memory.series import MINUTE_MS


class WholeMinutes:
    """Counts the minutes that one unbroken subscription covers.

    Parameters
    ----------
    now : int
        When the subscription was confirmed, epoch ms: the minute it falls into is not whole.
    """

    def __init__(self, now: int) -> None:
        self._seen = now
        self._next = _first_whole(now)

    def over(self, now: int) -> list[int]:
        """Opens of the whole minutes that have ended since the last call, epoch ms.

        A clock that is put back makes what came before uncertain: counting begins anew.
        """
        if now < self._seen:
            self._next = _first_whole(now)
        self._seen = now
        ended = now // MINUTE_MS * MINUTE_MS
        minutes = list(range(self._next, ended, MINUTE_MS))
        self._next = max(self._next, ended)
        return minutes


def _first_whole(now: int) -> int:
    return -(-now // MINUTE_MS) * MINUTE_MS
