"""The freqtrade configuration that sends an unmodified freqtrade to the local venue."""

from typing import Any

_PATHS = {
    "fapiPublic": "/fapi/v1",
    "fapiPublicV2": "/fapi/v2",
    "fapiPublicV3": "/fapi/v3",
    "fapiPrivate": "/fapi/v1",
    "fapiPrivateV2": "/fapi/v2",
    "fapiPrivateV3": "/fapi/v3",
    "fapiData": "/futures/data",
    "public": "/api/v3",
    "private": "/api/v3",
    "v1": "/api/v1",
    "sapi": "/sapi/v1",
    "dapiPublic": "/dapi/v1",
    "dapiPrivate": "/dapi/v1",
}


def freqtrade_overlay(port: int) -> dict[str, Any]:
    """Configuration to lay over one's own with a second ``-c``.

    Parameters
    ----------
    port : int
        Where the venue listens on 127.0.0.1.

    Returns
    -------
    dict
        Ready for ``json.dump``. ``only_from_ccxt`` keeps freqtrade from fetching Binance's bulk
        files, ``process_throttle_secs`` must be a whole number.
    """
    http, ws = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}/ws"
    api: dict[str, Any] = {name: http + path for name, path in _PATHS.items()}
    api["ws"] = {"linear": ws, "spot": ws}
    return {
        "trading_mode": "futures",
        "margin_mode": "isolated",
        "stake_currency": "USDT",
        "entry_pricing": {"price_side": "other", "use_order_book": True, "order_book_top": 1},
        "exchange": {
            "name": "binance",
            "enable_ws": False,
            "only_from_ccxt": True,
            "ccxt_config": {
                "enableRateLimit": False,
                "options": {"fetchMarkets": {"types": ["linear"]}},
                "urls": {"api": api},
            },
        },
        "internals": {"process_throttle_secs": 2},
    }
