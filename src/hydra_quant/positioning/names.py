"""The columns that positioning adds to candles: the words that signals, regimes and heads share."""

# As they were known at the candle's close (`hydra_quant.memory.columns`); NaN where not.
RAW: tuple[str, ...] = (
    *("funding_rate", "open_interest", "open_interest_value", "premium_index"),
    *("long_share", "top_position_long_share", "taker_buy_share"),
    *("long_liquidations_usd", "short_liquidations_usd"),
    *("ob_imbalance", "spread_bps", "bid_depth_usd", "ask_depth_usd"),
    *("btc_mvrv_zscore", "btc_sopr"),
)

# Computed from them and their own past; what each means stands in `derived`.
DERIVED: tuple[str, ...] = (
    *("funding_paid", "funding_zscore", "funding_annualized", "funding_momentum"),
    *("oi_delta_pct", "oi_delta_zscore", "oi_zscore"),
    *("long_share_zscore", "taker_share_zscore", "premium_zscore"),
    *("liq_imbalance", "liq_velocity", "liq_zscore"),
)

# For each of these, `<name>_low` and `<name>_high`: the levels beyond which it is extreme, fixed or
# quantiles of the own past.
LEVELLED: tuple[str, ...] = ("funding_rate", "oi_delta_pct", "long_share", "liq_velocity")
LEVELS: tuple[str, ...] = tuple(f"{name}_{end}" for name in LEVELLED for end in ("low", "high"))

ADDED: tuple[str, ...] = (*RAW, *DERIVED, *LEVELS)
