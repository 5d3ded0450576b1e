#!/usr/bin/env python3
"""What the detector's working size costs and loses: for several long sides the share of pictures in which a face is
found, how far box and points are from those at the pictures' own size, and milliseconds a picture.

Usage: experiments/faces/working_size.py BUILD WEIGHTS REPEAT PICTURE...
"""
import sys

import numpy
from PIL import Image

from ours import Detector


def main():
    detector, repeat = Detector(sys.argv[1], sys.argv[2]), int(sys.argv[3])
    pictures = [Image.open(p).convert("RGB") for p in sys.argv[4:]]
    full = detector.find(pictures)
    print("own size", f"found in {sum(len(f) > 0 for f in full)} of {len(pictures)} pictures, {sum(map(len, full))} faces")
    for long in (160, 240, 320, 400, 480, 640):
        found = detector.find(pictures, long)
        times = detector.find(pictures[:5], long, repeat=repeat)[1] if repeat else [numpy.nan]
        sides = [(f[0][3] - f[0][1] + f[0][4] - f[0][2]) / 2 for f in full if len(f)]
        apart = [abs(a[0][5:] - b[0][5:]).mean() for a, b in zip(full, found) if len(a) and len(b)]
        share = numpy.median([d / s for d, s in zip(apart, sides)]) if apart else numpy.nan
        print(f"{long}: found in {sum(len(f) > 0 for f in found)}, {sum(map(len, found))} faces, points "
              f"{share:.4f} of a face's side away, {min(times):.1f} ms")


main()
