"""Why a candle did or did not become a trade: the closed vocabulary of law 5."""

from enum import IntEnum


class Reason(IntEnum):
    """One value ends every candle; the number is what frames store, the label what people read.

    The first block is decided at the candle's close, the second when the order is about to be
    placed on the next candle. Numbers are stored: add, never renumber.
    """

    NO_SIGNAL = 0
    WARMING_UP = 1
    NO_PREDICTION = 2
    BELOW_THRESHOLD = 3
    SOURCES_DISAGREE = 4
    SIDE_OFF = 5
    SHOCK_CANDLE = 6
    MOVE_BELOW_COSTS = 7
    SCORE_TOO_LOW = 8
    OTHERS_OPPOSE = 9
    ENTER = 10
    NO_POSITIONING = 11
    LOW_CONFIDENCE = 12
    TOO_FEW_AGREE = 13
    GATE_BULLISH = 14
    GATE_BEARISH = 15
    GATE_HOLD = 16
    GATE_EXIT = 17
    GATE_NO_ANALYSIS = 18

    IN_POSITION = 20
    NO_FREE_SLOT = 21
    PAIR_LOCKED = 22
    DATA_STALE = 23
    PRICE_DRIFTED = 24
    STAKE_TOO_SMALL = 25
    GATE_FAILED = 26
    NOT_FILLED = 27
    END_OF_DATA = 28
    DATA_GAP = 29
    ENTERED = 30

    @property
    def label(self) -> str:
        """Words for people: ``'below threshold'``."""
        return _LABELS.get(self, self.name.lower().replace("_", " "))


_LABELS = {
    Reason.NO_PREDICTION: "no trusted prediction",
    Reason.SIDE_OFF: "side not allowed",
    Reason.SHOCK_CANDLE: "shock candle",
    Reason.MOVE_BELOW_COSTS: "usual move below costs",
    Reason.SCORE_TOO_LOW: "score below threshold",
    Reason.OTHERS_OPPOSE: "other sources oppose",
    Reason.ENTER: "entry signal",
    Reason.NO_POSITIONING: "no derivative data",
    Reason.LOW_CONFIDENCE: "confidence below minimum",
    Reason.TOO_FEW_AGREE: "too few sources agree",
    Reason.GATE_BULLISH: "gate: bullish",
    Reason.GATE_BEARISH: "gate: bearish",
    Reason.GATE_HOLD: "gate: hold",
    Reason.GATE_EXIT: "gate: exit",
    Reason.GATE_NO_ANALYSIS: "gate: no analysis",
    Reason.IN_POSITION: "already in position",
    Reason.GATE_FAILED: "gate failed (entry denied)",
    Reason.NOT_FILLED: "order not placed or filled",
    Reason.END_OF_DATA: "last candle of the run",
    Reason.DATA_GAP: "gap in the recent candles",
}
