"""Liquidation streams in a thread, and what they have stored."""

from contextlib import contextmanager
from threading import Event, Thread

from support.history import DAY, START_MS
from support.loopback_streams import eventually, okx_orders, swap

from hydra_quant.collectors.liquidations import LiquidationStream, Pace
from hydra_quant.memory import Series
from hydra_quant.memory.series import MINUTE_MS

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
NOON = START_MS + DAY
FAST = Pace(flush_s=0.05, settle_s=0.1, answer_s=5.0, first_s=0.05, longest_s=0.2)
OKX_MARKETS = {BTC: swap(BTC, "BTC-USDT-SWAP", 0.01), ETH: swap(ETH, "ETH-USDT-SWAP", 0.1)}
OKX_MARKETS["SOL/USDT:USDT"] = swap("SOL/USDT:USDT", "SOL-USDT-SWAP", 1.0)
BYBIT_MARKETS = {BTC: swap(BTC, "BTCUSDT", 1.0), ETH: swap(ETH, "ETHUSDT", 1.0)}


@contextmanager
def listening(stream, memory, *pairs):
    """The stream in a thread, stopped at the end; what it raised is raised here."""
    stop, raised = Event(), []

    def listen():
        try:
            stream.listen(memory, pairs, stop)
        except BaseException as error:
            raised.append(error)

    thread = Thread(target=listen)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()
    if raised:
        raise raised[0]


def okx_stream(server, clock, pace=FAST):
    urls = {"api": {"ws": f"ws://127.0.0.1:{server.port}/ws/v5"}}
    return LiquidationStream(
        "okx", {"markets": OKX_MARKETS, "urls": urls}, clock=clock.now_ms, pace=pace
    )


def bybit_stream(server, clock, pace=FAST):
    public = {"linear": f"ws://127.0.0.1:{server.port}/v5/public/linear"}
    config = {"markets": BYBIT_MARKETS, "urls": {"api": {"ws": {"public": public}}}}
    return LiquidationStream("bybit", config, clock=clock.now_ms, pace=pace)


def orders(memory, source, pair=BTC):
    rows = memory.rows(Series("liquidations", source, pair))
    return list(
        zip(
            rows["event_time"].tolist(),
            rows["side"].tolist(),
            rows["price"].tolist(),
            rows["amount"].tolist(),
            strict=True,
        )
    )


def minutes(memory, source, pair=BTC):
    """Minutes after noon that were heard, and how many messages came in each."""
    rows = memory.rows(Series("listening", source, pair, "liquidations", MINUTE_MS))
    opened = ((rows["event_time"] - NOON) // MINUTE_MS).tolist()
    return dict(zip(opened, rows["messages"].tolist(), strict=True))


def subscribed(server, times=1):
    eventually(lambda: len(server.requests) >= times, "a subscription")


def confirmed(server, memory, clock):
    """Whether something that was sent has been stored: the subscription is in force."""
    server.push(okx_orders("BTC-USDT-SWAP", (clock.now_ms() - 1, "sell", "1", "90000")))
    return orders(memory, "okx")


def heard_at(server, memory, at):
    server.push(okx_orders("BTC-USDT-SWAP", (at, "buy", "2", "90000")))
    return any(order[0] == at for order in orders(memory, "okx"))
