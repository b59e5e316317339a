"""What a wallet is worth at a price: the money in it, and what leaving every trade would bring."""

from hydra_quant.ledger.compiled import compiled
from hydra_quant.ledger.money import value_out
from hydra_quant.ledger.stakes import free
from hydra_quant.ledger.state import Record, Table


@compiled
def unrealised(position: Record, rate: float, rules: Record) -> float:
    """Return the profit of leaving at `rate` that has not been realised: fees and funding paid."""
    if position.side == 0:
        return 0.0
    funding = position.funding_since + position.funding_running
    value = value_out(position.amount, rate, position.side, rules.fee_close, funding)
    return position.side * (value - position.open_value)


@compiled
def equity(positions: Table, wallet: Record, rates: Table, rules: Record) -> float:
    """Return the money in a wallet and in its trades at these rates.

    Parameters
    ----------
    positions : array of `POSITION`, shape (n,)
    wallet : record of `WALLET`
    rates : array of float, shape (n,), stake currency for one unit
    rules : record of `RULES`
    """
    found = free(wallet) + wallet.tied
    for i in range(len(positions)):
        found += unrealised(positions[i], rates[i], rules)
    return found
