"""More trades worked out by hand: trailing stops, orders that meet, scarce money, the end."""

from support.ledger_golden import BTC, ETH, GOLDEN, LONG, golden, out

MORE = (
    golden(
        "a trailing stop in the candle of the entry: the worst way through it, not below its low",
        """
         100 101  99 100  enter_long
         100 110  99 105
         105 105 105 105
        """,
        out("long", "1@100", "1@99", "trailing_stop_loss", profit_abs=-1.199),
        rules={"stoploss": -0.05, "trailing_stop": True},
    ),
    golden(
        "a trailing stop that tightens once the offset is reached",
        """
         100   101    99   100  enter_long
         100   102    99   101
         104.5 105   104.2 104.5
         104.3 104.3 103.5 103.8
         103   103   103   103
        """,
        # 105 * 0.99 = 103.95, rounded up to 104
        out("long", "1@100", "3@104", "trailing_stop_loss", profit_abs=3.796),
        rules={"trailing_stop": True, "trailing_stop_positive": 0.01,
               "trailing_stop_positive_offset": 0.03, "trailing_only_offset_is_reached": True},
    ),
    golden(
        "an exit reckoned outside of the candle is not filled, and withdrawn with the next",
        """
         100 101 99   100    enter_long leverage=10
         100 102 99.9 101
         101 101 100  100.5
         100 100 100  100
        """,
        # 100 * (1 + 0.1 - 0.01 / 10) = 109.9, which candle 1 does not reach; the stop is at 101.9
        out("long", "1@100", "2@101", "trailing_stop_loss", profit_abs=7.99, stop_loss_abs=101.9),
        rules={"trailing_stop": True, "trailing_stop_positive": 0.01,
               "trailing_stop_positive_offset": 0.1, "trailing_only_offset_is_reached": True},
    ),
    golden(
        "held to the end: sold at the last candle's open, whatever came after it",
        LONG + " 102 103 101 102\n 104 120 90 119",
        out("long", "1@100", "3@104", "force_exit", profit_abs=3.796, max_rate=120.0,
            min_rate=90.0),
    ),
    golden(
        "nothing is opened on the last candle",
        " 100 101 99 100\n 100 101 99 100 enter_long\n 100 101 99 100",
    ),
    golden(
        "turned round at one open",
        """
         100 101  99 100  enter_long
         100 106  99 105
         105 111 104 110  exit_long enter_short
         110 111 104 105
         105 106  99 100  exit_short
         100 101  99 100
        """,
        out("long", "1@100", "3@110", "exit_signal", profit_abs=9.79),
        # 0.909 for 100: 99.99 - 0.09999 - (90.9 + 0.0909)
        out("short", "3@110", "5@100", "exit_signal", profit_abs=8.89911, amount=0.909,
            stake_amount=99.99),
    ),
    golden(
        "an opposite signal alone closes nothing",
        """
         100 101  99 100  enter_long
         100 106  99 105  enter_short
         105 111 104 110
         110 111 104 105
        """,
        out("long", "1@100", "3@110", "force_exit", profit_abs=9.79),
    ),
    golden(
        "stopped, and turned round at the open that was before the stop",
        """
         100 101  99 100  enter_long
         100 101  99 100  enter_short
         100 100  94  95
          95  96  94  95
        """,
        out("long", "1@100", "2@95", "stop_loss", profit_abs=-5.195),
        # 100 - 0.1 - (95 + 0.095)
        out("short", "2@100", "3@95", "force_exit", profit_abs=4.805),
        rules={"stoploss": -0.05},
    ),
    golden(
        "stopped, and not opened again on the same side in that candle",
        """
         100 101  99 100  enter_long
         100 101  99 100  enter_long
         100 100  94  95
          95  96  94  95
        """,
        out("long", "1@100", "2@95", "stop_loss", profit_abs=-5.195),
        rules={"stoploss": -0.05},
    ),
    golden(
        "an exit together with an entry of the same side is none",
        """
         100 101  99 100  enter_long
         100 103  99 102  enter_long exit_long
         102 106 101 105
         104 105 103 104
        """,
        out("long", "1@100", "3@104", "force_exit", profit_abs=3.796),
    ),
    golden(
        "an exit at a loss waits where only profits may be taken",
        """
         100 101  99 100  enter_long
         100 103  99 102  exit_long
         100 106  99 105  exit_long
         104 105 103 104
         104 105 103 104
        """,
        out("long", "1@100", "3@104", "exit_signal", profit_abs=3.796),
        rules={"exit_profit_only": True},
    ),
    golden(
        "a configured stake that the wallet does not hold: no entry, even of a smaller one",
        " 100 101 99 100 enter_long stake=10\n 100 101 99 100\n 100 101 99 100",
        rules={"dry_run_wallet": 50.0},
    ),
    golden(
        "a stake larger than the wallet allows is cut to what is available",
        " 100 101 99 100 enter_long stake=5000\n 100 101 99 100\n 100 101 99 100",
        # 99 % of 1000; 990 - 0.99 - (990 + 0.99)
        out("long", "1@100", "2@100", "force_exit", amount=9.9, profit_abs=-1.98),
    ),
    golden(
        "a stake under the minimum by a third or more is refused",
        # 5 USDT * 1.05 / 0.95 = 5.526, more than 1.3 times 4.2
        " 100 101 99 100 enter_long stake=4.2\n 100 101 99 100\n 100 101 99 100",
    ),
    golden(
        "a stake little under the minimum is raised to it",
        " 100 101 99 100 enter_long stake=4.3\n 100 101 99 100\n 100 101 99 100",
        out("long", "1@100", "2@100", "force_exit", amount=0.055, stake_amount=5.5,
            profit_abs=-0.011),
    ),
    golden(
        "an amount under one step is nothing",
        " 100 101 99 100 enter_long stake=60\n 100 101 99 100\n 100 101 99 100",
        step=1.0,
        min_amount=None,
    ),
    golden(
        "an amount is cut to the step",
        " 100 101 99 100 enter_long stake=199\n 100 101 99 100\n 100 101 99 100",
        out("long", "1@100", "2@100", "force_exit", amount=1.0, stake_amount=100.0,
            profit_abs=-0.2),
        step=1.0,
        min_amount=None,
    ),
    golden(
        "taking out more than there is does nothing",
        LONG.replace("102\n", "102 adjust=-500\n") + " 102 103 101 102\n 104 105 103 104",
        out("long", "1@100", "3@104", "force_exit", profit_abs=3.796),
    ),
    golden(
        "taking out all of it closes the trade",
        LONG.replace("102\n", "102 adjust=-100\n") + " 104 105 103 104\n 104 105 103 104",
        out("long", "1@100", "2@104", "partial_exit", profit_abs=3.796),
    ),
    golden(
        "a reduction that would leave less than the minimum does nothing",
        LONG.replace("102\n", "102 adjust=-97\n") + " 100 101 99 100\n 104 105 103 104",
        out("long", "1@100", "3@104", "force_exit", profit_abs=3.796),
    ),
    golden(
        "no more additions than the rules allow",
        """
         100 101  99 100  enter_long
         100 101  99 100  adjust=100
         100 101  99 100  adjust=100
         100 101  99 100
        """,
        out("long", "1@100", "3@100", "force_exit", amount=2.0, profit_abs=-0.4),
        rules={"max_entry_position_adjustment": 1},
    ),
    golden(
        "an addition at a better price raises the stop, which is a trailing one from then on",
        """
         100 101  99 100  enter_long
         100 121  99 120  adjust=120
         120 121 104 105
         105 105 105 105
        """,
        # 110 * 0.95 = 104.5; 209 - 0.209 - (220 + 0.22)
        out("long", "1@110", "2@104.5", "trailing_stop_loss", profit_abs=-11.429,
            initial_stop_loss_abs=95.0),
        rules={"stoploss": -0.05},
    ),
    golden(
        "an addition at a time of funding is charged with the old and with the new amount",
        """
         100 101  99 100  enter_long
         100 101  99 100  adjust=100
         100 101  99 100
         100 101  99 100  exit_long
         100 101  99 100
        """,
        # 0.1 for 1, then 0.2 for 2; 199.8 - 200.2 - 0.3
        out("long", "1@100", "4@100", "exit_signal", profit_abs=-0.7, funding_fees=-0.3),
        funding={2: 0.001},
    ),
    golden(
        "one slot: the first pair takes it",
        {
            BTC: " 100 101 99 100 enter_long\n 100 101 99 100\n 100 101 99 100",
            ETH: " 100 101 99 100 enter_long\n 100 101 99 100\n 100 101 99 100",
        },
        out("long", "1@100", "2@100", "force_exit", pair=BTC, profit_abs=-0.2),
        rules={"max_open_trades": 1},
    ),
    golden(
        "an unlimited stake is a slot's share of the wallet",
        {
            BTC: " 100 101 99 100 enter_long\n 100 101 99 100\n 100 101 99 100",
            ETH: " 100 101 99 100 enter_short\n 100 101 99 100\n 100 101 99 100",
        },
        out("long", "1@100", "2@100", "force_exit", pair=BTC, stake_amount=495.0,
            profit_abs=-0.99),
        out("short", "1@100", "2@100", "force_exit", pair=ETH, stake_amount=495.0,
            profit_abs=-0.99),
        rules={"max_open_trades": 2, "stake_amount": "unlimited"},
    ),
)  # fmt: skip

ALL = (*GOLDEN, *MORE)
