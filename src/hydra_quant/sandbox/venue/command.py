"""``hydra-quant venue``: start the local exchange."""

import argparse
import json
import sys
import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra_quant.sandbox.history import History
from hydra_quant.sandbox.venue.clock import Clock, ClockError, iso, moment_ms, parse_clock
from hydra_quant.sandbox.venue.faults import FaultBook, FaultError, parse_fault
from hydra_quant.sandbox.venue.overlay import freqtrade_overlay
from hydra_quant.sandbox.venue.traffic import Traffic

if TYPE_CHECKING:
    from hydra_quant.sandbox.venue.desk import Desk

DEFAULT_PORT = 8300
DEFAULT_SEED = 7
FAILED = 2

SUMMARY = "serve a market to freqtrade as if it were Binance USD-M futures, on this computer only"

TEACHING = """
what it serves
  without --data   a synthetic market of eight pairs, the same for the same --seed and --epoch;
                   its clock is real time, so a dry run trades it as it goes
  --data FOLDER    candle files: futures/BTC_USDT_USDT-5m.parquet with mark/, funding/, oi/ beside,
                   or freqtrade's own user_data/data/binance (feather or parquet);
                   its clock stands at the end of the data

point freqtrade at it
  hydra-quant venue --print-config > user_data/sandbox.json
  freqtrade list-pairs    -c config.json -c user_data/sandbox.json
  freqtrade download-data -c config.json -c user_data/sandbox.json -t 5m 1h --days 30
  freqtrade trade         -c config.json -c user_data/sandbox.json      (dry run)

the clock: --now
  real                     this computer's time          (default for the synthetic market)
  end                      frozen where the data end     (default for --data)
  2025-06-30T12:00         frozen there, UTC
  from:2025-06-30T12:00    starts there and runs         (from:end too)
  -3d, +2h                 real time, shifted

faults: --fault KIND:ENDPOINT:RATE[:COUNT], repeatable, the same for the same --fault-seed
  whole answers   429 (with Retry-After), 5xx, timeout, drop        RATE is a share of requests
  rows            gap, duplicate, reorder, spike                    RATE is a share of rows
  ENDPOINT is a name or a path, with * and ?; COUNT ends it after so many answers
  --fault 429:klines:0.1   --fault 'gap:*[kK]lines:0.01'   --fault drop:fundingRate:1:3

switches while it runs (JSON)
  GET    /_venue/status    requests by endpoint, unknown paths, clock, faults
  POST   /_venue/clock     {"advance_ms": 300000} or {"freeze": "2025-06-30"} or {"run_from": "..."}
  POST   /_venue/faults    {"faults": ["5xx:depth:0.5"], "seed": 1}     DELETE clears them
  POST   /_venue/streams   {"close": true} cuts websockets, {"silent": true} sends nothing on them

examples
  hydra-quant venue
  hydra-quant venue --data ~/candles --pairs BTC/USDT:USDT ETH/USDT:USDT --now 2025-03-01
  hydra-quant venue --seed 11 --edge 0.2 --fault 5xx:klines:0.05
"""


class UsageError(ValueError):
    """Something the user can put right; the message is one line."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe ``hydra-quant venue`` on `parser`: options, and a help that teaches."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = SUMMARY[0].upper() + SUMMARY[1:] + "."
    parser.epilog = textwrap.dedent(TEACHING)
    parser.add_argument(
        "--port",
        type=int,
        default=DEFAULT_PORT,
        help="where to listen (%(default)s; 0: a free one)",
    )
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (%(default)s)")
    _add_market(parser)
    parser.add_argument("--now", metavar="WHEN", help="the venue's clock, see below")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="KIND:ENDPOINT:RATE[:COUNT]",
        help="break answers on purpose, see below",
    )  # fmt: skip
    parser.add_argument("--fault-seed", type=int, default=0, help="which ones break (%(default)s)")
    parser.add_argument(
        "--fault-hold", type=float, default=30.0, metavar="S",
        help="how long a timeout keeps its client waiting, seconds (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--weight-limit", type=int, default=0, metavar="N",
        help="request weight a minute before 429, as Binance's 2400 (0: no limit)",
    )  # fmt: skip
    parser.add_argument(
        "--print-config", action="store_true", help="print freqtrade's overlay and exit"
    )


def _add_market(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="serve candle files")
    parser.add_argument(
        "--seed", type=int, default=DEFAULT_SEED, help="synthetic market: which one (%(default)s)"
    )
    parser.add_argument("--epoch", metavar="DATE", help="synthetic market: its first day, UTC")
    parser.add_argument(
        "--edge", type=float, default=None,
        help="synthetic market: strength of the planted predictable part",
    )  # fmt: skip
    parser.add_argument(
        "--pairs", nargs="+", metavar="PAIR", help="list these only, e.g. BTC/USDT:USDT"
    )


def run(args: argparse.Namespace) -> int:
    """Run the venue until it is stopped.

    Returns
    -------
    int
        0 after a clean stop, 2 after a refusal (one line on stderr), 130 when interrupted while the
        market was still being made ready.
    """
    if args.print_config:
        print(json.dumps(freqtrade_overlay(args.port), indent=2))
        return 0
    try:
        return _run(args)
    except (UsageError, ClockError, FaultError) as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130


def _fail(message: str) -> int:
    print(f"hydra-quant venue: {message}", file=sys.stderr, flush=True)
    return FAILED


def _run(args: argparse.Namespace) -> int:
    # Imported late: `--help` and `--print-config` need none of the web server.
    from hydra_quant.sandbox.folder import FolderError
    from hydra_quant.sandbox.venue.app import PATHS, build_app
    from hydra_quant.sandbox.venue.server import ServerError, bind, serve

    faults = FaultBook(
        args.fault_seed, [parse_fault(text, PATHS) for text in args.fault], args.fault_hold
    )
    try:
        # The port first: a refusal should not wait for a market to be made.
        with bind(args.host, args.port) as sock:
            desk = _desk(args)
            ready = announcement(sock.getsockname()[1], desk)
            gate = build_app(desk, Traffic(args.weight_limit), faults)
            serve(gate, sock, lambda: print(ready, flush=True))
    except (ServerError, FolderError) as error:
        raise UsageError(str(error)) from None
    print("venue stopped", flush=True)
    return 0


def _desk(args: argparse.Namespace) -> "Desk":
    from hydra_quant.sandbox.venue.desk import Desk

    history, clock = _synthetic(args) if args.data is None else _folder(args)
    pairs = choose_pairs(args.pairs, history)
    _check_clock(clock, history, pairs)
    return Desk(history, clock, pairs)


def _synthetic(args: argparse.Namespace) -> tuple[History, Clock]:
    from hydra_quant.sandbox.market import MarketSpec, SyntheticMarket

    given: dict[str, Any] = {"seed": args.seed, "edge": args.edge}
    if args.epoch is not None:
        given["epoch"] = datetime.fromtimestamp(moment_ms(args.epoch) / 1000, tz=UTC)
    try:
        spec = MarketSpec(**{name: value for name, value in given.items() if value is not None})
    except ValueError as error:
        raise UsageError(f"synthetic market: {error}") from None
    market = SyntheticMarket(spec)
    if (args.now or "real").endswith("end"):
        raise UsageError("--now end: the synthetic market has no end; give a date, or real")
    clock = parse_clock(args.now or "real", 0)
    market.extend(clock.now_ms())
    return market, clock


def _folder(args: argparse.Namespace) -> tuple[History, Clock]:
    from hydra_quant.sandbox.folder import FolderHistory

    if args.epoch is not None or args.edge is not None:
        raise UsageError(
            "--epoch and --edge describe the synthetic market; leave them out with --data"
        )
    history = FolderHistory(args.data)
    pairs = choose_pairs(args.pairs, history)
    history.verify(pairs)
    return history, parse_clock(args.now or "end", max(history.span(pair)[1] for pair in pairs))


def choose_pairs(wanted: Sequence[str] | None, history: History) -> tuple[str, ...]:
    """The pairs to list; UsageError naming the first one that the history does not hold."""
    if not wanted:
        return history.pairs
    for pair in wanted:
        if pair not in history.pairs:
            known = ", ".join(history.pairs)
            raise UsageError(f"pair {pair!r} is not in {history.name}; it holds {known}")
    return tuple(dict.fromkeys(wanted))


def _check_clock(clock: Clock, history: History, pairs: Sequence[str]) -> None:
    first = min(history.span(pair)[0] for pair in pairs)
    if clock.now_ms() < first:
        raise UsageError(
            f"--now: the clock would show {iso(clock.now_ms())}, but the market begins on "
            f"{iso(first)}; give a later moment"
        )


def announcement(port: int, desk: "Desk") -> str:
    """The one line that says the venue answers, and with what."""
    return (
        f"venue ready on http://127.0.0.1:{port} · {desk.history.name} · {len(desk.pairs)} pairs "
        f"from {iso(min(desk.history.span(pair)[0] for pair in desk.pairs))} · clock "
        f"{desk.clock.mode} at {iso(desk.now_ms())} · stop with Ctrl-C"
    )


def main() -> int:
    """Entry for ``python -m hydra_quant.sandbox.venue.command``."""
    parser = argparse.ArgumentParser(prog="hydra-quant venue")
    add_arguments(parser)
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
