"""What meta-learning needs of a net: its loss at given weights, its state, its surroundings."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import binary_cross_entropy_with_logits

from hydra_quant.models.nets.maml_tasks import Batch
from hydra_quant.models.nets.output import Output

Weights = dict[str, Tensor]
Loss = Callable[[Output, Tensor], Tensor]


def direction_loss(output: Output, target: Tensor) -> Tensor:
    """Mean binary cross entropy of "the return is above 0" over the known returns."""
    if output.logit is None:
        raise ValueError("this network gives no direction: choose another loss")
    known = ~target.isnan()
    logit = output.logit.reshape(target.shape)
    up = (target > 0).to(logit)  # NaN is not above 0, and weighs nothing
    total = binary_cross_entropy_with_logits(logit, up, weight=known.to(logit), reduction="sum")
    return total / known.sum().clamp(min=1)


def loss_at(net: nn.Module, weights: Weights, batch: Batch, loss: Loss) -> Tensor:
    """Loss of the net on a batch if its learning weights were these."""
    output = functional_call(net, weights, (batch.x, batch.known), dict(batch.graph))
    return loss(output, batch.target)


def learning_weights(net: nn.Module) -> Weights:
    """Copies of the weights that learn; frozen ones and buffers stay the net's."""
    return {name: w.detach().clone() for name, w in net.named_parameters() if w.requires_grad}


def whole_state(net: nn.Module, weights: Mapping[str, Tensor]) -> Weights:
    """A whole state dict of the net with these weights in it, in memory of its own."""
    first: dict[int, str] = {}  # a weight that two parts share has two names in a state dict
    names = {
        name: first.setdefault(id(weight), name)
        for name, weight in net.named_parameters(remove_duplicate=False)
    }
    state = net.state_dict()
    found = {name: weights.get(names.get(name, name), value) for name, value in state.items()}
    return {name: value.detach().clone() for name, value in found.items()}


def stacked(batches: Sequence[Batch]) -> Batch:
    """Batches of equal shapes, one more axis in front."""
    graph = {
        name: torch.stack([batch.graph[name] for batch in batches]) for name in batches[0].graph
    }
    return Batch(
        torch.stack([batch.x for batch in batches]),
        torch.stack([batch.known for batch in batches]),
        torch.stack([batch.target for batch in batches]),
        graph,
    )


def refuse_batch_norm(net: nn.Module) -> None:
    """Raise ValueError where a net keeps statistics of its batches, or normalises by them."""
    for name, module in net.named_modules():
        each_alone = isinstance(module, nn.modules.instancenorm._InstanceNorm)
        if isinstance(module, nn.modules.batchnorm._NormBase) and not (
            each_alone and not module.track_running_stats
        ):
            raise ValueError(f"{name} normalises over its batch: tasks would leak into another")


@contextmanager
def in_mode(net: nn.Module, training: bool) -> Iterator[None]:
    """Set training or answering, and set every part back afterwards."""
    before = [(module, module.training) for module in net.modules()]
    net.train(training)
    try:
        yield
    finally:
        for module, was in before:
            module.training = was


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw from this seed, and leave the caller's generators as they were."""
    with torch.random.fork_rng(list(range(torch.cuda.device_count()))):
        torch.manual_seed(seed)
        yield


@contextmanager
def twice_differentiable() -> Iterator[None]:
    """Leave out the fused kernels that have no second derivative: attention's, cuDNN's LSTM."""
    cudnn: Any = torch.backends.cudnn
    before = cudnn.enabled
    try:
        cudnn.enabled = False  # and nothing else, as its `flags` would
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        cudnn.enabled = before
