"""A local exchange: serves any ``History`` over HTTP the way Binance USD-M futures does."""
