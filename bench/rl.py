"""HYDRA's agents against FreqAI's: environment, prediction, and whole trainings with PPO.

Both sides have the same candles, 40 features, window, network ([128, 128], ReLU) and, where that
is said, the same settings of the update. One thread, CPU seconds, interleaved; child processes of
``ReinforcementLearner_multiproc`` are counted.

- `rl_env`: CPU seconds for a million steps with actions by chance. Stock: ``Base5ActionRLEnv``
  with `ReinforcementLearner`'s reward. HYDRA: 1024 environments side by side, the whole ledger, a
  step of each counted. And batched prediction against ``rl_model_predict``, the gathering of
  windows included. Each with FreqAI's default window of 1 candle, and with 10.
- `rl_training`: CPU seconds for a million steps of training, at equal updates (2048 steps, batches
  of 64, 10 epochs) and with large batches (8192 steps, batches of 512, 2 epochs, rate 2e-3). Stock
  without its evaluations, which would make it slower still, alone and in 2 processes. Large batches
  train for as many CPU seconds as stock did; all agents then act without chance in the same
  held-out episodes of HYDRA's environment, whose optimum is about 0.2. Stock's default reward is
  not log growth but its own showcase, which pays for entering; that is what its users get.

    python -m bench.rl [--quick]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from bench.harness import RESULTS, Run, interleave, report

SEED = 0
ROWS = 20_000  # of training: fewer would be learned by heart
MILLION = 1e6
Job = Callable[[], dict[str, float]]


# --- in the child ------------------------------------------------------------------------------


def _timed(work: Callable[[], int]) -> float:
    """CPU seconds for a million of what `work` does."""
    cpu = time.process_time()
    done = work()
    return (time.process_time() - cpu) / done * MILLION


def environments(share: str) -> Job:
    """Step, and predict, on both sides."""
    import numpy as np
    import torch

    from bench import rl_market, rl_stock

    torch.set_num_threads(1)
    rng = np.random.default_rng(SEED)
    part = float(share)
    windows = (1, rl_market.WINDOW)

    def theirs(window: int, steps: int) -> Callable[[], int]:
        env, actions = rl_stock.environment(2000, window), rng.integers(5, size=steps).tolist()
        env.reset()

        def live() -> int:
            for action in actions:
                _, _, done, _, _ = env.step(action)
                if done:
                    env.reset()
            return steps

        return live

    def ours(window: int, steps: int) -> Callable[[], int]:
        env = rl_market.trading(rl_market.arena(2000, 0, window), 1024)
        several = list(rng.integers(4, size=(steps, 1024)))
        env.reset(SEED)
        env.step(several[0])  # compiled

        def live() -> int:
            for actions in several:
                env.step(actions)
            return steps * 1024

        return live

    answers = {
        window: {
            "theirs": _predicting_stock(window, int(4000 * part)),
            "ours": _predicting(window, int(200_000 * part)),
        }
        for window in windows
    }
    lives = {
        window: {
            "theirs": theirs(window, int(20_000 * part)),
            "ours": ours(window, int(6000 * part)),
        }
        for window in windows
    }
    for window in windows:
        answers[window]["ours"]()

    def job() -> dict[str, float]:
        found = {}
        for kind, calls in (("env", lives), ("predict", answers)):
            for window in windows:
                for side, call in calls[window].items():
                    found[f"{kind} {side} {window}"] = _timed(call)
        return found

    return job


def _policy(window: int = 10) -> Any:
    from bench import rl_market
    from hydra_quant.rl import agents
    from hydra_quant.rl.options import AgentOptions

    env = rl_market.trading(rl_market.arena(400, 0, window), 32)
    options = AgentOptions(hidden=rl_market.HIDDEN, activation="relu", steps=64, n_steps=64)
    return agents.train("ppo", env, options)


def _predicting_stock(window: int, rows: int) -> Callable[[], int]:
    from bench import rl_stock

    ask = rl_stock.predicted(rows, rl_stock.model(window=window), window)

    def answer() -> int:
        ask()
        return rows

    return answer


def _predicting(window: int, rows: int) -> Callable[[], int]:
    import numpy as np

    from bench import rl_market
    from hydra_quant.rl.desk import Desk
    from hydra_quant.rl.observation import Observer

    policy, arena = _policy(window), rl_market.arena(4000, 0, window)
    at, observer = np.arange(rows) % len(arena), Observer(arena)

    def answer() -> int:
        for begin in range(0, rows, 1024):
            now = at[begin : begin + 1024]
            desk = Desk(arena, len(now))
            desk.reset(np.arange(len(now)), now, np.zeros((len(now), 1), dtype=int))
            policy.act(observer.observe(desk)[:, 0])
        return rows

    return answer


def theirs(steps: str, processes: str) -> Job:
    """Train as FreqAI does."""
    from bench import rl_stock

    rl_stock.model()  # imported before the clock starts
    return lambda: _judged(_theirs, int(steps), int(processes))


def _theirs(steps: int, processes: int) -> tuple[Any, int, float]:
    from bench import rl_stock

    model, elsewhere = rl_stock.trained(ROWS, steps, SEED, processes=processes)
    return rl_stock.acting(model), model.num_timesteps, elsewhere


def ours(steps: str) -> Job:
    """Train with as many updates a step as stock."""
    _policy()  # compiled and imported before the clock starts
    return lambda: _judged(partial(_ours, int(steps), 32, 2048, 64, 3e-4))


def ours_large(seconds: str) -> Job:
    """Train with large batches for so many CPU seconds."""
    from hydra_quant.rl.options import LARGE

    until = float(seconds)
    _policy()

    def work() -> tuple[Any, int, float]:
        return _ours(10**9, 256, **LARGE, seconds=until)

    return lambda: _judged(work)


def _ours(
    steps: int,
    n_envs: int,
    n_steps: int,
    batch: int,
    lr: float,
    seconds: float = 1e9,
    epochs: int = 10,
) -> tuple[Any, int, float]:
    from bench import rl_market
    from hydra_quant.rl import agents
    from hydra_quant.rl.options import AgentOptions

    begun = time.process_time()
    env = rl_market.trading(rl_market.arena(ROWS, 0), n_envs)
    options = AgentOptions(
        **{"hidden": rl_market.HIDDEN, "activation": "relu", "steps": steps, "seed": SEED},
        **{"n_steps": n_steps, "batch": batch, "lr": lr, "epochs": epochs},
    )
    policy = agents.train("ppo", env, options, stop=lambda: time.process_time() - begun > seconds)
    return policy.act, int(policy.record["steps"]), 0.0


def _judged(work: Callable[..., tuple[Any, int, float]], *given: Any) -> dict[str, float]:
    from bench.rl_market import earned

    cpu, wall = time.process_time(), time.perf_counter()
    act, steps, elsewhere = work(*given)
    seconds = time.process_time() - cpu + elsewhere
    found = {"steps": steps, "seconds": seconds, "million": seconds / steps * MILLION}
    return found | {"wall": time.perf_counter() - wall, "earned": earned(act)}


# --- in the parent -----------------------------------------------------------------------------


def _first(share: float, rounds: int, save: bool) -> None:
    runs = interleave({"both": "bench.rl:environments"}, rounds, [str(share)])["both"]
    for name, line in (
        ("env 10", "steps, window 10"),
        ("predict 10", "predictions, window 10"),
        ("predict 1", "predictions, window 1"),
        ("env 1", "steps, window 1"),
    ):
        kind, _, window = name.partition(" ")
        sides = {
            side: [_run(run.figures[f"{kind} {side} {window}"], run) for run in runs]
            for side in ("ours", "theirs")
        }
        last = name == "env 1"
        report(
            "rl_env" if last else f"rl_env ({line})",
            sides,
            unit="CPU s / M",
            note=f"{line}; figures of the other measurements are under figures",
            save=save and last,
        )


def _run(seconds: float, run: Run) -> Run:
    return Run(seconds, seconds, run.peak_mb, run.growth_mb, run.figures)


def _second(steps: int, rounds: int, save: bool) -> None:
    found: dict[str, list[Run]] = {}
    for number in range(rounds):
        sides = {
            "theirs": ("bench.rl:theirs", [str(steps), "0"]),
            "multiproc": ("bench.rl:theirs", [str(steps), "2"]),
            "equal updates": ("bench.rl:ours", [str(steps)]),
        }
        for label in list(sides)[:: 1 if number % 2 == 0 else -1]:
            target, given = sides[label]
            found.setdefault(label, []).extend(interleave({label: target}, 1, given)[label])
        budget = found["theirs"][-1].figures["seconds"]
        large = {"large batches": "bench.rl:ours_large"}
        found.setdefault("ours", []).extend(interleave(large, 1, [str(budget)])["large batches"])
    for label, runs in found.items():
        told = {key: _middle(runs, key) for key in ("million", "steps", "earned")}
        print(f"  {label}: {told['million']:.4g} CPU s / M steps, earned {told['earned']:.4f}")
    for label, name in (("equal updates", "rl_training (equal updates)"), ("ours", "rl_training")):
        for other in ("multiproc", "theirs"):
            last = (label, other) == ("ours", "theirs")
            report(
                name if last else f"{name} {other}",
                {key: [_run(run.figures["million"], run) for run in found[key]] for key in found},
                ours=label,
                theirs=other,
                unit="CPU s / M",
                note="large batches for as many CPU seconds as stock trained; see `earned`",
                save=save and last,
            )
    if save:
        _add("rl_training", found)


def _middle(runs: list[Run], key: str) -> float:
    return statistics.median(run.figures[key] for run in runs)


def _add(name: str, found: dict[str, list[Run]]) -> None:
    """Keep what every side came to beside the comparison."""
    path = RESULTS / f"{name}.json"
    told = json.loads(path.read_text())
    keys = ("million", "steps", "seconds", "wall", "earned")
    told["sides"] = {
        label: {key: [run.figures[key] for run in runs] for key in keys}
        for label, runs in found.items()
    }
    path.write_text(json.dumps(told, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench.rl")
    parser.add_argument("--quick", action="store_true", help="a round, fewer steps, nothing kept")
    quick = parser.parse_args().quick
    _first(0.1 if quick else 0.3, 1 if quick else 3, not quick)
    _second(2048 if quick else 8192, 1 if quick else 3, not quick)


if __name__ == "__main__":
    main()
