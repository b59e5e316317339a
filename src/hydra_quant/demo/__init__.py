"""See HYDRA trade in an unmodified freqtrade, from an empty folder to a report."""
