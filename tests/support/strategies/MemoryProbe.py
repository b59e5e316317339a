"""HydraBaseline that writes down what it sees of the memory, candle by candle."""

import json

from hydra_quant.adapters.data.remembered import column_names
from hydra_quant.adapters.strategy import HydraStrategyBase


class MemoryProbe(HydraStrategyBase):
    """Live: the newest candle of each analysis, to ``seen.jsonl``; else whole frames."""

    with_model = False

    def populate_entry_trend(self, dataframe, metadata):
        dataframe = super().populate_entry_trend(dataframe, metadata)
        kept = ["date", *column_names(self.settings.memory.columns)]
        folder = self.config["user_data_dir"]
        if self._is_live():
            row = dataframe[kept].iloc[-1]
            seen = {"pair": metadata["pair"], "date": row["date"].isoformat()}
            seen |= {name: float(row[name]) for name in kept[1:]}
            with (folder / "seen.jsonl").open("a") as file:
                file.write(json.dumps(seen) + "\n")
        else:
            stem = metadata["pair"].replace("/", "_").replace(":", "_")
            dataframe[kept].reset_index(drop=True).to_feather(folder / f"seen-{stem}.feather")
        return dataframe
