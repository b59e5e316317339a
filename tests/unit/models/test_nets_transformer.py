"""Direction transformer: shapes of SPEC, causality inside, attention by hand."""

import math

import pytest
import torch
from torch import nn
from torch.func import functional_call

from hydra_quant.models.nets.direction_transformer import (
    DirectionTransformer,
    attention_weights,
    sinusoids,
)

TINY = {"features": 2, "length": 5, "horizons": 2, "width": 4, "heads": 2, "layers": 2}


def tiny(**changed) -> DirectionTransformer:
    torch.manual_seed(0)
    return DirectionTransformer(**{**TINY, **changed}).eval()


def everything(batch: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(batch, 5, 2), torch.ones(batch, 5, 2, dtype=torch.bool)


def test_the_parameters_of_the_defaults_are_counted_by_hand() -> None:
    attention = 64 * 3 * 65 + 64 * 65
    feed_forward = 256 * 65 + 64 * 257
    block = attention + feed_forward + 2 * 128
    net = DirectionTransformer(features=15, horizons=3)
    wanted = 64 * 31 + 3 * block + 128 + 3 * 65
    assert sum(p.numel() for p in net.parameters()) == wanted == 152_259
    assert (net.inputs.length, len(net.blocks), net.blocks[0].heads) == (100, 3, 4)
    assert {m.p for m in net.modules() if isinstance(m, nn.Dropout)} == {0.1}


def test_positions_are_sines_and_cosines() -> None:
    found = sinusoids(3, 4)
    for t in range(3):
        slow = t / 100
        wanted = [math.sin(t), math.cos(t), math.sin(slow), math.cos(slow)]
        assert found[t].tolist() == pytest.approx(wanted)


@pytest.mark.parametrize("row", range(5))
def test_a_row_sees_no_later_row(row: int) -> None:
    net = tiny()
    x, known = everything()
    later = x.clone()
    later[:, row] += 1
    before, after = (net.encode(part, known)[0] for part in (x, later))
    assert torch.equal(before[:, :row], after[:, :row])
    assert (before[:, row:] != after[:, row:]).any(dim=-1).all()
    hidden = known.clone()
    hidden[:, row] = False
    assert torch.equal(net.encode(x, hidden)[0][:, :row], before[:, :row])


def test_without_the_causal_mask_a_row_would_see_later_ones() -> None:
    net = tiny()
    net.causal.fill_(True)
    x, known = everything()
    later = x.clone()
    later[:, 3] += 1
    before, after = (net.encode(part, known)[0] for part in (x, later))
    assert not torch.equal(before[:, :3], after[:, :3])


def test_attention_is_a_share_of_the_visible_rows() -> None:
    net = tiny()
    x, known = everything()
    known[0, 2] = False
    seen = net(x, known, attention=True).weights["attention"]  # (batch, layers, heads, asked, seen)
    assert seen.shape == (2, 2, 2, 5, 5)
    torch.testing.assert_close(seen.sum(dim=-1), torch.ones(2, 2, 2, 5))
    assert (seen.triu(1) == 0).all()
    assert (seen[0, :, :, 3:, 2] == 0).all()
    assert (seen[0, :, :, 2, 2] > 0).all()
    assert (seen[1].tril() > 0).sum() == 2 * 2 * 15


def test_attention_by_hand() -> None:
    asked, seen = torch.tensor([[[[2.0], [1.0]]]]), torch.tensor([[[[0.5], [-0.5]]]])
    visible = torch.tensor([[[[True, False], [True, True]]]])
    found = attention_weights(asked, seen, visible)[0, 0]
    share = 1 / (1 + math.exp(-1))  # scores ½ and −½
    assert found.flatten().tolist() == pytest.approx([1, 0, share, 1 - share])


def test_weights_that_are_shown_are_those_that_were_used() -> None:
    torch.manual_seed(2)
    net = DirectionTransformer(**{**TINY, "layers": 1}).eval()
    x, known = everything()
    known[1, :2] = False
    block = net.blocks[0]
    rows = net.embedding(net.inputs(x, known)) + net.positions
    _, _, value = block._split(block.project(block.attention_norm(rows)))
    shown = net(x, known, attention=True)
    mixed = (shown.weights["attention"][:, 0] @ value).transpose(1, 2).flatten(2)
    rows = rows + block.mix(mixed)
    rows = rows + block.feed_forward(block.forward_norm(rows))
    torch.testing.assert_close(net.head(net.norm(rows[:, -1])), shown.logit)
    torch.testing.assert_close(
        shown.weights["time"], shown.weights["attention"][:, 0, :, -1].mean(dim=1)
    )


def test_weights_are_shown_on_request_and_change_no_answer() -> None:
    net = tiny()
    x, known = everything()
    silent, shown = net(x, known), net(x, known, attention=True)
    assert silent.weights == {}
    torch.testing.assert_close(silent.logit, shown.logit)
    assert not any(part.requires_grad for part in shown.weights.values())


def test_asking_about_the_last_row_alone_gives_the_same_answer() -> None:
    net = tiny(layers=3)
    x, known = everything()
    known[0, 1:3] = False
    whole, alone = net.encode(x, known)[0], net.encode(x, known, last=True)[0]
    assert alone.shape == (2, 1, 4)
    torch.testing.assert_close(alone[:, 0], whole[:, -1])
    torch.testing.assert_close(net(x, known).logit, net.head(whole[:, -1]))
    _, weights = net.blocks[0](whole, net._visible(known), True)
    _, every = net.blocks[0](whole, net._visible(known))
    torch.testing.assert_close(weights[:, :, 0], every[:, :, -1])


def test_a_block_is_torchs_own_pre_norm_layer() -> None:
    torch.manual_seed(3)
    net = DirectionTransformer(**{**TINY, "layers": 1}).eval()
    block = net.blocks[0]
    oracle = nn.TransformerEncoderLayer(
        4, 2, 16, activation="gelu", batch_first=True, norm_first=True
    ).eval()
    pairs = {
        "self_attn.in_proj_": "project.",
        "self_attn.out_proj.": "mix.",
        "linear1.": "feed_forward.0.",
        "linear2.": "feed_forward.3.",
        "norm1.": "attention_norm.",
        "norm2.": "forward_norm.",
    }
    ours = block.state_dict()
    oracle.load_state_dict(
        {f"{a}{kind}": ours[f"{b}{kind}"] for a, b in pairs.items() for kind in ("weight", "bias")}
    )
    rows = torch.randn(2, 5, 4)
    wanted = oracle(rows, src_mask=~net.causal)
    torch.testing.assert_close(block(rows, net.causal[None, None])[0], wanted)


def test_the_order_of_rows_matters() -> None:
    net = tiny()
    x, known = everything()
    turned = x[:, [1, 0, 2, 3, 4]]
    assert not torch.allclose(net(x, known).logit, net(turned, known).logit, atol=1e-4)
    one = tiny(layers=1)  # without positions one block sees a set of rows, not a sequence
    one.positions.zero_()
    torch.testing.assert_close(one(x, known).logit, one(turned, known).logit)


def test_gradients_are_those_of_finite_differences() -> None:
    net = tiny(width=2, layers=1, expansion=2).double()
    x, known = everything()
    x, known[0, 2] = x.double(), False
    names = [name for name, _ in net.named_parameters()]

    def answer(*values: torch.Tensor) -> torch.Tensor:
        return functional_call(net, dict(zip(names, values, strict=True)), (x, known)).logit

    assert torch.autograd.gradcheck(answer, tuple(net.parameters()))


@pytest.mark.parametrize(("width", "heads"), [(6, 4), (3, 1)])
def test_widths_that_do_not_divide_are_refused(width: int, heads: int) -> None:
    with pytest.raises(ValueError, match=f"width {width} must be even"):
        tiny(width=width, heads=heads)
