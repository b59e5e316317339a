"""How far back the sources still serve what is stored, asked of their collectors."""

import argparse
import sys
from collections.abc import Iterable
from typing import Any

from hydra_quant.collectors.collector import SourceError
from hydra_quant.collectors.registry import build
from hydra_quant.commands.opening import config_files, read_config
from hydra_quant.memory import Series
from hydra_quant.memory.series import DAY_MS
from hydra_quant.settings import Settings

NEEDS_EXCHANGE = ("exchange", "liquidations")


def ask_reaches(
    args: argparse.Namespace, settings: Settings, stored: Iterable[Series]
) -> dict[Series, str]:
    """How far back each series is served by a source of the configuration.

    ``'all'``, ``'30d'`` or ``'present'``. A source that does not answer, or lacks its key, is named
    on stderr and left out.
    """
    exchange: dict[str, Any] = read_config(config_files(args)).get("exchange") or {}
    names = [
        name
        for name in settings.collector.sources
        if exchange.get("name") or name not in NEEDS_EXCHANGE
    ]
    pairs = sorted({series.subject for series in stored if "/" in series.subject})
    sources = build(settings.collector, {"name": "", **exchange}, names)
    found: dict[Series, str] = {}
    lines = list(sources.skipped)
    try:
        for collector in sources.collectors:
            try:
                tasks = collector.tasks(pairs)
            except SourceError as error:
                lines.append(str(error))
            else:
                found |= {task.series: _in_words(task.reach_ms) for task in tasks}
    finally:
        sources.close()
    for line in lines:
        print(f"hydra-quant memory status: {line}", file=sys.stderr)
    return found


def _in_words(reach_ms: int | None) -> str:
    if reach_ms is None:
        return "all"
    return f"{reach_ms / DAY_MS:.3g}d" if reach_ms else "present"
