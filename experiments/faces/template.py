#!/usr/bin/env python3
"""Where FER2013's pictures have eyes, nose and mouth: the mean of the points that our detector finds in them.

Usage: experiments/faces/template.py BUILD WEIGHTS FACES [COUNT]
FACES: a folder with pictures.csv (media, split, ...) and the 48 x 48 pictures.  Each is enlarged to 192 pixels, with half
its size of its mean colour around it, since the detector wants some surroundings.
"""
import csv
import sys

import numpy
from PIL import Image

from ours import Detector

SIDE, BORDER = 192, 96


def main():
    build, weights, folder = sys.argv[1:4]
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 2000
    rows = [r for r in csv.DictReader(open(f"{folder}/pictures.csv")) if r["split"] == "train"]
    rows = rows[:: max(1, len(rows) // count)][:count]
    pictures = []
    for r in rows:
        small = Image.open(f"{folder}/{r['media']}").convert("RGB").resize((SIDE, SIDE), Image.BICUBIC)
        whole = Image.new("RGB", (SIDE + 2 * BORDER,) * 2, tuple(int(x) for x in numpy.asarray(small).mean((0, 1))))
        whole.paste(small, (BORDER, BORDER))
        pictures.append(whole)
    found = [f[0] for f in Detector(build, weights).find(pictures) if len(f) and f[0][0] > 0.9]
    values = (numpy.array(found)[:, 1:] - BORDER) / SIDE
    points = values[:, 4:].reshape(-1, 5, 2)
    print(f"{len(found)} of {len(pictures)} pictures")
    for name, p in zip(("left eye", "right eye", "nose", "left mouth", "right mouth"), points.transpose(1, 0, 2)):
        print(f"{name:12} mean {p.mean(0).round(4)} median {numpy.median(p, 0).round(4)} deviation {p.std(0).round(4)}")
    box = numpy.stack([values[:, 2] - values[:, 0], values[:, 3] - values[:, 1], (values[:, 0] + values[:, 2]) / 2,
                       (values[:, 1] + values[:, 3]) / 2], 1)
    print("box: width, height, centre", box.mean(0).round(4))


main()
