"""A synthetic market and a local venue that speaks Binance USD-M over HTTP."""
