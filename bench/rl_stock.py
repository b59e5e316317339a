"""FreqAI's own environment, prediction and training, called as its own classes call them."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from bench.rl_market import FEATURES, FEE, HIDDEN, PAIR, WINDOW, market

CONFIG: dict[str, Any] = {
    "stake_amount": "unlimited",
    "timeframe": "1h",
    "fee": FEE,
    "freqai": {
        "rl_config": {
            "model_type": "PPO",
            "policy_type": "MlpPolicy",
            "net_arch": list(HIDDEN),
            "max_training_drawdown_pct": 0.5,
            "max_trade_duration_candles": 300,
            "randomize_starting_position": True,
            "model_reward_parameters": {"rr": 1, "profit_aim": 0.025},
        }
    },
}


def environment(rows: int, window: int = WINDOW) -> Any:
    """`ReinforcementLearner`'s environment."""
    from freqtrade.freqai.prediction_models.ReinforcementLearner import ReinforcementLearner

    prices, features = market(rows, 0)
    return ReinforcementLearner.MyRLEnv(
        df=features,
        prices=prices,
        reward_kwargs=CONFIG["freqai"]["rl_config"]["model_reward_parameters"],
        window_size=window,
        config=CONFIG,
        can_short=True,
        pair=PAIR,
        df_raw=features,
    )


def predicted(rows: int, model: Any, window: int = WINDOW) -> Any:
    """Return what `rl_model_predict` would be called with, as a call without arguments."""
    from freqtrade.freqai.RL.BaseReinforcementLearningModel import BaseReinforcementLearningModel

    features = market(rows, 0)[1]
    learner = SimpleNamespace(live=False, rl_config={}, CONV_WIDTH=window)
    kitchen = SimpleNamespace(label_list=["&-action"], pair=PAIR)
    predict: Any = BaseReinforcementLearningModel.rl_model_predict
    return lambda: predict(learner, features, kitchen, model)


def model(rows: int = 200, window: int = WINDOW) -> Any:
    """A PPO of stable-baselines3 with weights by chance, as `ReinforcementLearner.fit` makes it."""
    import torch
    from stable_baselines3 import PPO

    network = {"net_arch": list(HIDDEN), "activation_fn": torch.nn.ReLU}
    return PPO("MlpPolicy", environment(rows, window), policy_kwargs=network, device="cpu", seed=0)


def trained(
    rows: int, steps: int, seed: int, *, processes: int = 0, evaluating: bool = False
) -> tuple[Any, float]:
    """Train as FreqAI does; return the model, and CPU seconds of its other processes.

    Parameters
    ----------
    rows : candles of training; a quarter more are held back for its evaluations
    steps : of all environments together
    processes : 0 for `ReinforcementLearner`, else `ReinforcementLearner_multiproc`
    evaluating : whether its evaluations, every `rows` steps, take place
    """
    from freqtrade.freqai.prediction_models import (
        ReinforcementLearner as alone,
    )
    from freqtrade.freqai.prediction_models import (
        ReinforcementLearner_multiproc as several,
    )
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import CallbackList

    logging.disable(logging.WARNING)
    kind: Any = alone.ReinforcementLearner
    if processes:
        kind = several.ReinforcementLearner_multiproc
    learner = object.__new__(kind)
    each = max(processes, 1)
    training = {"n_steps": 2048 // each, "batch_size": 64, "n_epochs": 10, "learning_rate": 3e-4}
    info = CONFIG["freqai"] | {
        "rl_config": {**CONFIG["freqai"]["rl_config"], "train_cycles": steps / rows},
        "model_training_parameters": {**training, "verbose": 0, "seed": seed, "device": "cpu"},
    }
    prices, features = market(rows + rows // 4, 0)
    learner.__dict__.update(
        **{"config": CONFIG, "freqai_info": info, "rl_config": info["rl_config"], "live": False},
        **{"reward_params": info["rl_config"]["model_reward_parameters"], "can_short": True},
        **{"MODELCLASS": PPO, "model_type": "PPO", "policy_type": "MlpPolicy"},
        **{"net_arch": list(HIDDEN), "activate_tensorboard": False, "continual_learning": False},
        **{"CONV_WIDTH": WINDOW, "df_raw": features, "data_provider": None},
        **{"max_threads": each, "train_env": None, "eval_env": None},
        **{"dd": SimpleNamespace(model_dictionary={})},
    )
    with tempfile.TemporaryDirectory() as folder:
        kitchen: Any = SimpleNamespace(
            pair=PAIR, data_path=Path(folder), full_path=Path(folder), data_dictionary={}
        )
        split = {
            "train_features": features[:rows],
            "test_features": features[rows:].reset_index(drop=True),
        }
        learner.set_train_and_eval_environments(
            split, prices[:rows], prices[rows:].reset_index(drop=True), kitchen
        )
        if not evaluating:
            learner.eval_callback = CallbackList([])
        found = learner.fit(split, kitchen)
        elsewhere = sum(map(_used, getattr(getattr(learner.train_env, "venv", 0), "processes", ())))
        learner.train_env.close()
        learner.eval_env.close()
    return found, elsewhere


def _used(process: Any) -> float:
    """CPU seconds of a running process, from its line in /proc."""
    told = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def acting(model: Any) -> Any:
    """The agent's actions as choices of HYDRA's environment: they hang on the side that is held."""
    from hydra_quant.rl.desk import STATE
    from hydra_quant.rl.spaces import FLAT, HOLD, LONG, SHORT

    at = WINDOW * FEATURES + STATE.index("position")
    # neutral, long enter, long exit, short enter, short exit; by side held: -1, 0, 1
    meaning = np.array(
        [
            [HOLD, HOLD, HOLD, HOLD, FLAT],
            [HOLD, LONG, HOLD, SHORT, HOLD],
            [HOLD, HOLD, FLAT, HOLD, HOLD],
        ]
    )

    def act(seen: Any) -> Any:
        windows = seen[:, : WINDOW * FEATURES].reshape(-1, WINDOW, FEATURES)
        chosen = model.predict(windows, deterministic=True)[0]
        return meaning[np.sign(seen[:, at]).astype(int) + 1, chosen]

    return act
