"""Runs our face detector on PIL pictures; used by the scripts beside it."""
import os
import struct
import subprocess
import tempfile

import numpy

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MODULES = ["face", "weights", "nn", "autograd", "compute", "media", "base"]
SYSTEM = ["-ldnnl", "-lgomp", "-lcrypto", "-ljansson", "-lavformat", "-lavcodec", "-lswresample", "-lswscale", "-lavutil", "-lm"]


class Detector:
    def __init__(self, build, weights):
        self.weights, self.folder = weights, tempfile.TemporaryDirectory()
        self.program = f"{self.folder.name}/dump"
        subprocess.check_call(["cc", "-O2", "-I", f"{ROOT}/src", "-I", f"{ROOT}/include", f"{HERE}/dump.c", "-o", self.program,
                               *[f"{build}/libsmac_{m}.a" for m in MODULES], *SYSTEM])

    def find(self, pictures, long=100000, least=0.6, repeat=0):
        """For each picture an array (faces, 15): score, box, points.  With repeat also the milliseconds of each."""
        records = b"".join(struct.pack("<II", *p.size) + p.convert("RGB").tobytes() for p in pictures)
        p = subprocess.run([self.program, self.weights, str(long), str(least), str(repeat)], input=records,
                           capture_output=True, check=True)
        found = [numpy.array(line.split()[1:], dtype=float).reshape(-1, 15) for line in p.stdout.decode().splitlines()]
        return (found, [float(x) for x in p.stderr.split()]) if repeat else found
