"""Golden file of the face detector: a narrow random network in PyTorch, and what it finds in a drawn picture.

Writes tests/golden/face/random.safetensors.  Made with torch 2.15.0, numpy 2.4.6, safetensors 0.8.0.

    python3 tools/golden/face.py
"""
from pathlib import Path

import numpy
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

OUT = Path(__file__).resolve().parents[2] / "tests" / "golden" / "face"
WIDTHS = ((4, 4, 6, 6, 8, 8), (10, 10, 10, 10, 10, 10), (12, 12))
STRIDES = ((2, 1, 2, 1, 2, 1), (2, 1, 1, 1, 1, 1), (2, 1))
PYRAMID, SIZE = 8, (90, 133)  # height, width: odd on every level


def normed(before, after, kernel, stride=1, groups=1):
    return [nn.Conv2d(before, after, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(after)]


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        channels, self.body = 3, nn.ModuleDict()
        for stage, (widths, strides) in enumerate(zip(WIDTHS, STRIDES)):
            blocks = nn.ModuleList()
            for width, stride in zip(widths, strides):
                if channels == 3:
                    parts = normed(3, width, 3, stride) + [nn.LeakyReLU(0.1)]
                else:
                    parts = normed(channels, channels, 3, stride, channels) + [nn.LeakyReLU(0.1)] + normed(channels, width, 1) + [nn.LeakyReLU(0.1)]
                blocks.append(nn.Sequential(*parts))
                channels = width
            self.body[f"stage{stage + 1}"] = blocks
        self.fpn = nn.ModuleDict({f"output{i + 1}": nn.Sequential(*normed(WIDTHS[i][-1], PYRAMID, 1)) for i in range(3)})
        for i in (1, 2):
            self.fpn[f"merge{i}"] = nn.Sequential(*normed(PYRAMID, PYRAMID, 3))
        half, quarter = PYRAMID // 2, PYRAMID // 4
        for i in range(3):
            shapes = {"conv3X3": (PYRAMID, half), "conv5X5_1": (PYRAMID, quarter), "conv5X5_2": (quarter, quarter),
                      "conv7X7_2": (quarter, quarter), "conv7x7_3": (quarter, quarter)}
            setattr(self, f"ssh{i + 1}", nn.ModuleDict({n: nn.Sequential(*normed(*s, 3)) for n, s in shapes.items()}))
        for name, values in (("ClassHead", 2), ("BboxHead", 4), ("LandmarkHead", 10)):
            setattr(self, name, nn.ModuleList(nn.ModuleDict({"conv1x1": nn.Conv2d(PYRAMID, 2 * values, 1)}) for _ in range(3)))

    def forward(self, x):
        def leaky(y):
            return functional.leaky_relu(y, 0.1)

        levels = []
        for stage in self.body.values():
            for block in stage:
                x = block(x)
            levels.append(x)
        levels = [leaky(self.fpn[f"output{i + 1}"](y)) for i, y in enumerate(levels)]
        for i in (1, 0):
            above = functional.interpolate(levels[i + 1], size=levels[i].shape[2:], mode="nearest")
            levels[i] = leaky(self.fpn[f"merge{i + 1}"](levels[i] + above))
        out = []
        for i, y in enumerate(levels):
            s = getattr(self, f"ssh{i + 1}")
            narrow = leaky(s["conv5X5_1"](y))
            y = torch.relu(torch.cat([s["conv3X3"](y), s["conv5X5_2"](narrow), s["conv7x7_3"](leaky(s["conv7X7_2"](narrow)))], 1))
            out.append([head[i]["conv1x1"](y).permute(0, 2, 3, 1).reshape(-1, n) for head, n in
                        ((self.ClassHead, 2), (self.BboxHead, 4), (self.LandmarkHead, 10))])
        return [torch.cat(parts) for parts in zip(*out)]


def anchors(height, width):
    out = []
    for stride, sides in ((8, (16, 32)), (16, (64, 128)), (32, (256, 512))):
        for row in range(-(-height // stride)):
            for column in range(-(-width // stride)):
                out += [((column + 0.5) * stride, (row + 0.5) * stride, side) for side in sides]
    return torch.tensor(out)


def overlap(a, b):
    size = (torch.minimum(a[2:], b[2:]) - torch.maximum(a[:2], b[:2])).clamp(min=0)
    area = [(x[2] - x[0]) * (x[3] - x[1]) for x in (a, b)]
    return size.prod() / (area[0] + area[1] - size.prod())


def find(network, picture, least):
    height, width = picture.shape[:2]
    blue_first = torch.from_numpy(picture[:, :, ::-1].copy()).float() - torch.tensor([104.0, 117.0, 123.0])
    with torch.no_grad():
        scores, boxes, points = network(blue_first.permute(2, 0, 1)[None])
    x, y, side = anchors(height, width).T
    probability = scores.softmax(-1)[:, 1]
    centre = torch.stack([x, y], 1) + boxes[:, :2] * 0.1 * side[:, None]
    size = side[:, None] * (boxes[:, 2:] * 0.2).exp()
    boxes = torch.cat([centre - size / 2, centre + size / 2], 1)
    points = (torch.stack([x, y], 1)[:, None] + points.view(-1, 5, 2) * 0.1 * side[:, None, None]).reshape(-1, 10)
    found = torch.cat([probability[:, None], boxes, points], 1)
    found = found[probability >= least]
    found = found[found[:, 0].argsort(descending=True)]
    kept = []
    for f in found:
        if all(overlap(f[1:5], k[1:5]) <= 0.4 for k in kept):
            kept.append(f)
    return torch.stack(kept)


def main():
    torch.manual_seed(10)
    network = Network().eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.7, 1.5)
            nn.init.uniform_(module.bias, -0.3, 0.3)
            nn.init.uniform_(module.running_mean, -0.3, 0.3)
            nn.init.uniform_(module.running_var, 0.4, 1.5)
        elif isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight, 0, 1.2 / module.weight[0].numel() ** 0.5)
    network.body["stage1"][0][0].weight.data /= 64
    y, x, c = numpy.indices((*SIZE, 3))
    picture = ((x * 3 + y * 2 + c * 85 + (x * y // 7) * 5) % 256).astype(numpy.uint8)
    with torch.no_grad():  # a few faces of each level
        blue_first = torch.from_numpy(picture[:, :, ::-1].copy()).float() - torch.tensor([104.0, 117.0, 123.0])
        scores = network(blue_first.permute(2, 0, 1)[None])[0]
    first = 0
    for head, stride in zip(network.ClassHead, (8, 16, 32)):
        count = 2 * -(-SIZE[0] // stride) * -(-SIZE[1] // stride)
        surest = (scores[first:first + count, 1] - scores[first:first + count, 0]).sort(descending=True)[0]
        head["conv1x1"].bias.data[1::2] -= (surest[5] + surest[6]) / 2
        first += count
    faces = find(network, picture, 0.5)
    print(len(faces), "faces;", faces[:, :5])
    tensors = {n: t for n, t in network.state_dict().items() if "num_batches" not in n}
    tensors["golden.picture"] = torch.from_numpy(picture)
    tensors["golden.faces"] = faces.contiguous()
    OUT.mkdir(parents=True, exist_ok=True)
    save_file(tensors, OUT / "random.safetensors")


main()
