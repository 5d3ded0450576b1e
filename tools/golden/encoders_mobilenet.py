#!/usr/bin/env python3
"""Golden files for tests/encoders/test_mobilenet.c: torchvision's MobileNetV2 at a tiny random size.

Made with torch 2.15.0 and torchvision 0.29.2, computed in float64 from float32 weights, stored in float32.  The file holds
the weights under torchvision's names, with norms whose statistics and weights are random, and under "golden.":
  input (B, 3, side, side) as ImageBind normalises pictures, direction (B, head), output (B, head), hidden.N (B, pixels,
  channels), grad.NAME of  loss = sum(output * direction)  with respect to the folded weights (channels last) and biases.
Metadata: "mobilenet.vision", as mobilenet_config_to_json writes it.
"""
import json
import pathlib

import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models import MobileNetV2

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "encoders"
SIDE = 12
SETTING = [[1, 8, 1, 1], [3, 8, 2, 2], [2, 16, 1, 1]]  # expansion, outputs, repetitions, stride
torch.manual_seed(7)


def fold(convolution, norm):
    """The pair as one convolution with a bias that takes gradients."""
    factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    one = nn.Conv2d(convolution.in_channels, convolution.out_channels, convolution.kernel_size, convolution.stride,
                    convolution.padding, groups=convolution.groups).double()
    one.weight.data = convolution.weight.data * factor[:, None, None, None]
    one.bias.data = norm.bias.data - norm.running_mean * factor
    return one


def folded(module, prefix, found):
    """The same network without norms; found: folded convolution by the two published names."""
    children = list(module.named_children())
    out = nn.Sequential()
    i = 0
    while i < len(children):
        name, child = children[i]
        if isinstance(child, nn.Conv2d):
            norm, after = children[i + 1]
            one = fold(child, after)
            found[f"{prefix}{name}.weight"] = (one, "weight", child.groups > 1)
            found[f"{prefix}{norm}.bias"] = (one, "bias", False)
            out.append(one)
            i += 2
            continue
        out.append(folded(child, f"{prefix}{name}.", found) if list(child.children()) else child)
        i += 1
    return out


net = MobileNetV2(num_classes=3, width_mult=0.25, inverted_residual_setting=[[t, 4 * c, n, s] for t, c, n, s in SETTING])
net.features[-1] = nn.Sequential(nn.Conv2d(net.features[-1][0].in_channels, 24, 1, bias=False), nn.BatchNorm2d(24),
                                 nn.ReLU6())
for m in net.modules():
    if isinstance(m, nn.BatchNorm2d):
        m.weight.data.uniform_(0.5, 2)
        m.bias.data.uniform_(-1, 1)
        m.running_mean.uniform_(-0.5, 0.5)
        m.running_var.uniform_(0.3, 2)
    if isinstance(m, nn.Conv2d):
        m.weight.data.normal_(0, (m.in_channels / m.groups * m.kernel_size[0] ** 2) ** -0.5)
net = net.eval()
tensors = {name: tensor.clone() for name, tensor in net.state_dict().items() if "num_batches" not in name}
net = net.double()

given_mean = torch.tensor([0.48145466, 0.4578275, 0.40821073], dtype=torch.float64)[:, None, None]
given_deviation = torch.tensor([0.26862954, 0.26130258, 0.27577711], dtype=torch.float64)[:, None, None]
own_mean = torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64)[:, None, None]
own_deviation = torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64)[:, None, None]
picture = torch.rand(3, 3, SIDE, SIDE, dtype=torch.float64)
given = ((picture - given_mean) / given_deviation).float()
x = (given.double() * given_deviation + given_mean - own_mean) / own_deviation

found = {}
steps = [folded(module, f"features.{i}.", found) for i, module in enumerate(net.features)]
y, plain = x, net.features(x)
for i, step in enumerate(steps):
    block = net.features[i]
    y = y + step(y) if getattr(block, "use_res_connect", False) else step(y)
    if i < len(steps) - 1:
        tensors[f"golden.hidden.{i}"] = y.detach().flatten(2).transpose(1, 2).float()
assert torch.allclose(y, plain, atol=1e-12)
output = y.mean((2, 3))
direction = torch.randn_like(output)
(output * direction).sum().backward()
tensors["golden.input"], tensors["golden.direction"], tensors["golden.output"] = given, direction.float(), output.detach().float()
for name, (one, kind, depthwise) in found.items():
    g = getattr(one, kind).grad
    if kind == "weight":
        g = g[:, 0].permute(1, 2, 0) if depthwise else g.permute(0, 2, 3, 1).flatten(1)
    tensors[f"golden.grad.{name}"] = g.float()

blocks = []
for block in list(net.features)[1:-1]:
    convolutions = [m for m in block.conv.modules() if isinstance(m, nn.Conv2d)]
    blocks.append([convolutions[-2].out_channels, convolutions[-1].out_channels, convolutions[-2].stride[0]])
config = {"model_type": "mobilenet_v2", "image_size": SIDE, "stem": net.features[0][0].out_channels, "head": 24,
          "blocks": blocks}
save_file({k: v.contiguous() for k, v in tensors.items()}, OUT / "mobilenet.safetensors",
          {"mobilenet.vision": json.dumps(config)})
print(config, (OUT / "mobilenet.safetensors").stat().st_size)
