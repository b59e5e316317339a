"""One table that a trader can read: what is known of a position, and whether it is left.

Settings: thesis and model speak from minute 30 on, a quarter of the thesis must be left, the model
must be 1.5 times as sure as usual.
"""

import numpy as np
import pytest

from hydra_quant.risk.leaving import Position, leave
from hydra_quant.settings import Exits

EXITS = Exits(min_minutes=30, min_health=0.25, model_lift=1.5, on_regime=True)

# side, opened by | minutes of holding | health, lift    | regime at entry -> now | exit tag
TABLE = """
    long   funding_squeeze       |   10 of 480  |  0.90  0.20 | ranging -> ranging            | -
    long   funding_squeeze       |   10 of 480  |  0.10  2.00 | ranging -> ranging            | -
    long   funding_squeeze       |   30 of 480  |  0.10  2.00 | ranging -> ranging            | thesis_broken
    long   funding_squeeze       |   30 of 480  |  0.60  2.00 | ranging -> ranging            | exit_model
    long   funding_squeeze       |   30 of 480  |  -     -    | ranging -> trending_up        | -
    long   funding_squeeze       |   10 of 480  |  0.90  0.20 | ranging -> cascade            | regime_turned
    long   liquidation_reversal  |   10 of 240  |  0.90  0.20 | ranging -> cascade            | -
    short  funding_carry         |   10 of 1440 |  0.90  0.20 | cascade -> cascade            | -
    short  crowding_fade         |   10 of 1440 |  0.90  0.20 | ranging -> squeeze_long       | regime_turned
    short  crowding_fade         |   10 of 1440 |  0.90  0.20 | squeeze_long -> squeeze_long  | -
    long   crowding_fade         |   10 of 1440 |  0.90  0.20 | ranging -> squeeze_long       | -
    long   crowding_fade         |   10 of 1440 |  0.90  0.20 | ranging -> squeeze_short      | regime_turned
    short  crowding_fade         |   10 of 1440 |  0.90  0.20 | ranging -> squeeze_short      | -
    short  crowding_fade         |   40 of 1440 |  0.10  0.20 | ranging -> squeeze_long       | thesis_broken
    long   liquidation_reversal  |   10 of 240  |  0.90  0.20 | - -> squeeze_short            | -
    long   oi_divergence         |  719 of 720  |  0.30  1.50 | ranging -> high_vol           | -
    long   oi_divergence         |  720 of 720  |  0.30  1.50 | ranging -> high_vol           | holding_over
    long   -                     |  720 of -    |  -     1.51 | - -> trending_down            | exit_model
    long   -                     | 9999 of -    |  -     -    | - -> trending_down            | -
"""  # noqa: E501


def known(cell):
    return None if cell == "-" else cell


def number(cell):
    return np.nan if cell == "-" else float(cell)


def read(line):
    who, time, state, regimes, tag = (cell.split() for cell in line.split("|"))
    position = Position(
        minutes=number(time[0]),
        holding_minutes=number(time[2]),
        side=1 if who[0] == "long" else -1,
        opened_by=known(who[1]),
        health=number(state[0]),
        regime=known(regimes[2]),
        regime_at_entry=known(regimes[0]),
        lift=number(state[1]),
    )
    return position, known(tag[0])


LINES = TABLE.strip().splitlines()


@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
def test_the_table(line):
    position, tag = read(line)
    assert leave(position, EXITS) == tag
