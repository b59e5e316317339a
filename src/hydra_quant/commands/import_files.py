"""``hydra-quant import FOLDER``: history from files into the memory."""

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hydra_quant.collectors.files import FileError, Imported, Layout, find, import_folder
from hydra_quant.commands.opening import (
    TEACHING,
    InputError,
    add_store_arguments,
    find_url,
    open_memory,
    parse_settings,
    shown,
)
from hydra_quant.memory import Memory, StoreError

DESCRIPTION = "Import market history from parquet or CSV files into the memory."
LAYOUT = """\
files (parquet, or CSV with the same columns; column `date` is UTC)
  funding/BTC_USDT_USDT-funding           funding_rate
  oi/BTC_USDT_USDT-1h-oi                  open_interest, open_interest_value
  bybit/BTC_USDT_USDT-1h                  open_interest, funding_rate
  bybit/BTC_USDT_USDT-4h-derivs           long_ratio
  orderbook/BTC_USDT_USDT-8h-obi          obi, bid_depth, ask_depth (within 1 %, in base)
  takerflow/BTC_USDT_USDT-8h-takerflow15m buy_vol, sell_vol
  interest/BTC_USDT_USDT-5m-interest      open_interest, open_interest_value
  ratios/BTC_USDT_USDT-5m-ratios          long_share, top_account_long_share, taker_buy_volume, ...
  premium/BTC_USDT_USDT-5m-premium        open, high, low, close
  liquidations/BTC_USDT_USDT-liquidations side (sell closes a long), price, amount [, recorded]
  liquidations/BTC_USDT_USDT-listened     messages [, recorded]: a row for every minute heard
  book/BTC_USDT_USDT-book                 best_bid, best_ask, bid_depth, ask_depth, imbalance
                                          [, recorded]
  onchain/BTC-coinmetrics-1d              mvrv, market_cap_usd, realized_cap_usd, ...
  sentiment/fear_greed-1d                 fear_greed
  sentiment/google_trends-1d              symbol, google_trend
  macro/macro-1d                          any numeric column
  news/*                                  title, source [, subject, dataset, sentiment_score,
                                          recorded]
  posts/sandbox-posts                     item, text [, recorded, asset, author, author_created,
                                          author_followers, author_following, author_posts, likes,
                                          reposts, replies]: the name tells whose they are
  The MVRV Z-score is computed where bitcoin's market caps reach back to 2012.
  Candles (futures/, futures_1m/, futures_4h/, mark/, spot/) are left to freqtrade, which keeps
  them itself; the order book reads mark/ for the price at which its depth is counted.

what is known when
  A bar's open interest or ratio is known one bar after its stamp, a settlement at its time, a
  window of order book or taker flow at its stamp, which is its end, a daily metric after its
  day, a headline that carries only its day at the end of that day; to all of these comes the
  publication lag (hydra.memory.lag_minutes). What somebody recorded live is known from the time
  in its column `recorded`; `hydra-quant sandbox export` writes such files.
  Importing again changes nothing. Another vintage of a file is stored beside the first: its
  changed values count from now on, backtests of earlier candles still see the old ones.

examples
  hydra-quant import ../market-data
  hydra-quant import ../market-data --memory-url postgresql+psycopg://me@localhost/hydra
  hydra-quant memory status

exit status: 0 all files imported; 2 a file or an option was wrong (the other files are stored)
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe ``hydra-quant import`` on `parser`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description, parser.epilog = DESCRIPTION, f"{LAYOUT}\n{TEACHING}"
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="holds funding/, oi/, ...")
    parser.add_argument(
        "--source", metavar="NAME", help="whose data it is, instead of what the layout says"
    )
    add_store_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Import and say what became of it; 0, or 2 when something was wrong."""
    try:
        settings = parse_settings(args)
        url = find_url(args, settings)
        layout = find(args.folder)
        with open_memory(url, settings) as memory:
            imported = _import(memory, args.folder, layout, args.source)
    except (InputError, FileError, StoreError) as error:
        return _complain(str(error))
    _show(imported, shown(url))
    for line in imported.failed:
        _complain(line)
    return 2 if imported.failed else 0


def _import(memory: Memory, folder: Path, layout: Layout, source: str | None) -> Imported:
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[on]}"),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        bar = progress.add_task("", total=len(layout.readable), on="")

        def begin(path: Path) -> None:
            done = 1 if progress.tasks[0].fields["on"] else 0
            progress.update(bar, advance=done, on=f"{path.parent.name}/{path.name}")

        return import_folder(memory, folder, layout, source, begin)


def _show(imported: Imported, url: str) -> None:
    total = imported.total
    if total.new or total.revised:
        print(f"{total.new} new and {total.revised} revised rows in {url}")
        print(f"{total.unchanged} rows were there already, of {len(imported.written)} series")
    elif imported.written:
        print(f"nothing new: all {total.unchanged} rows are in {url} already")
    for reason, count in sorted(total.refused.items()):
        print(f"{count} rows left out: {reason}")
    if imported.left:
        print(f"{imported.left} candle files are left to freqtrade, which keeps candles itself")


def _complain(line: str) -> int:
    print(f"hydra-quant import: {line}", file=sys.stderr)
    return 2
