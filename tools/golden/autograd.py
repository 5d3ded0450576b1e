#!/usr/bin/env python3
"""Golden values for tests/autograd/test_golden.c: operations and their gradients as PyTorch computes them, in float64.

Written with torch 2.15.0, numpy 2.4.6, safetensors 0.8.0.  Run from the repository root:
    python3 tools/golden/autograd.py
Each case CASE has CASE.in.NAME (inputs that a gradient is wanted for), CASE.data.NAME (masks, targets), CASE.out,
CASE.weight (the loss is the sum of out times weight) and CASE.grad.NAME.
"""
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file

torch.manual_seed(20)
tensors = {}


def case(name, function, inputs, data=None):
    variables = {key: x.float().double().requires_grad_(True) for key, x in inputs.items()}
    out = function(*variables.values())
    weight = torch.randn(out.shape).double()
    (out * weight).sum().backward()
    for key, x in variables.items():
        tensors[f"{name}.in.{key}"] = x.detach().float().numpy()
        tensors[f"{name}.grad.{key}"] = x.grad.float().numpy()
    for key, x in (data or {}).items():
        tensors[f"{name}.data.{key}"] = x.numpy()
    tensors[f"{name}.out"] = out.detach().float().numpy()
    tensors[f"{name}.weight"] = weight.float().numpy()


def attention(q, k, v, heads, kv_heads, mask=None, bias=None, causal=False, scale=None):
    def split(x, count):
        return x.view(x.shape[0], x.shape[1], count, -1).transpose(1, 2)
    q, k, v = split(q, heads), split(k, kv_heads), split(v, kv_heads)
    k, v = (x.repeat_interleave(heads // kv_heads, dim=1) for x in (k, v))
    added = torch.zeros(q.shape[0], heads, q.shape[2], k.shape[2], dtype=q.dtype)
    if bias is not None:
        added = added + bias
    if mask is not None:
        added = added.masked_fill(mask[:, None, None, :] == 0, float("-inf"))
    if causal:
        keep = torch.ones(q.shape[2], k.shape[2]).tril(k.shape[2] - q.shape[2])
        added = added.masked_fill(keep == 0, float("-inf"))
    out = F.scaled_dot_product_attention(q, k, v, attn_mask=added, scale=scale)
    return out.transpose(1, 2).flatten(2)


def rand(*shape):
    return torch.randn(*shape)


mask = (torch.rand(2, 11) < 0.7).to(torch.uint8)
mask[:, 0] = 1
case("attention", lambda q, k, v: attention(q, k, v, 3, 3, mask), {"q": rand(2, 7, 24), "k": rand(2, 11, 24),
     "v": rand(2, 11, 24)}, {"mask": mask})
case("attention_bias", lambda q, k, v, bias: attention(q, k, v, 3, 3, mask, bias, scale=1.0),
     {"q": rand(2, 7, 24) / 3, "k": rand(2, 11, 24), "v": rand(2, 11, 24), "bias": rand(3, 7, 11)}, {"mask": mask})
case("attention_multi_query", lambda q, k, v: attention(q, k, v, 4, 1, mask), {"q": rand(2, 7, 32), "k": rand(2, 11, 8),
     "v": rand(2, 11, 8)}, {"mask": mask})
case("attention_causal", lambda q, k, v: attention(q, k, v, 2, 2, causal=True), {"q": rand(2, 9, 16),
     "k": rand(2, 11, 16), "v": rand(2, 11, 16)})
case("layer_norm", lambda x, w, b: F.layer_norm(x, (29,), w, b, 1e-5), {"x": 2 * rand(2, 5, 29) + 1, "w": rand(29),
     "b": rand(29)})
case("rms_norm", lambda x, w: F.rms_norm(x, (29,), w, 1e-6), {"x": 2 * rand(2, 5, 29) + 1, "w": rand(29)})
for name, function in {"gelu": F.gelu, "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu,
                       "tanh": torch.tanh, "sigmoid": torch.sigmoid, "relu": F.relu,
                       "quick_gelu": lambda x: x * torch.sigmoid(1.702 * x)}.items():
    case(name, function, {"x": 3 * rand(7, 41)})
case("linear_gelu", lambda x, w, b: F.gelu(F.linear(x, w, b)), {"x": rand(2, 5, 33), "w": rand(19, 33) / 5, "b": rand(19)})
target = torch.softmax(2 * rand(9, 5), -1)
weight = torch.rand(9)
weight[3] = 0
case("cross_entropy", lambda x: (F.cross_entropy(x, target.double(), reduction="none") * weight.double()).sum()
     / weight.double().sum(), {"x": 2 * rand(9, 5)}, {"target": target, "row_weight": weight})
case("l1_loss", lambda x: ((x - target[:, 0].double()).abs() * weight.double()).sum() / weight.double().sum(),
     {"x": rand(9)}, {"target": target[:, 0].contiguous(), "row_weight": weight})
for name, stride, padding, width in (("conv1d", 1, 1, 3), ("conv1d_stride", 2, 2, 5)):
    case(name, lambda x, w, b: F.conv1d(x.transpose(1, 2), w, b, stride=stride, padding=padding).transpose(1, 2),
         {"x": rand(2, 13, 6), "w": rand(8, 6, width) / 4, "b": rand(8)})
case("softmax", lambda x: F.softmax(x, -1), {"x": 3 * rand(6, 17)})
case("log_softmax", lambda x: F.log_softmax(x, -1), {"x": 3 * rand(6, 17)})
case("l2_normalise", lambda x: F.normalize(x, dim=-1, eps=1e-6), {"x": rand(6, 17)})
save_file({key: np.ascontiguousarray(x) for key, x in tensors.items()}, "tests/golden/autograd/operations.safetensors")
