#!/usr/bin/env python3
"""MobileNetV2 at 96 x 96 here and in PyTorch, in turns:  bench/mobilenet.py BUILD [THREADS] [--layers] [--turns N]

Fine-tuning: a step of batch 64, AdamW, norms folded in both.  Forward: frozen, batch 64 and 1.  --layers: each kind of its
convolutions alone, forward with a bias, in PyTorch with channels last and first, the better of which counts.  The median
of the turns; THREADS 1 takes the processes' own time, which a busy machine disturbs less.  torch, torchvision.
"""
import statistics
import subprocess
import sys
import time

import torch
import torchvision

arguments = [a for a in sys.argv[1:] if not a.startswith("--")]
build, threads = arguments[0], int(arguments[1]) if len(arguments) > 1 and arguments[1].isdigit() else 2
turns = int(sys.argv[sys.argv.index("--turns") + 1]) if "--turns" in sys.argv else 3
watch = time.process_time if threads == 1 else time.perf_counter
torch.set_num_threads(threads)
torch.manual_seed(1)
ours = subprocess.Popen([f"{build}/bench/bench_mobilenet", str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(command):
    ours.stdin.write(command + "\n")
    ours.stdin.flush()
    return float(ours.stdout.readline())


def timed(run, repeats):
    run()
    start = watch()
    for _ in range(repeats):
        run()
    return (watch() - start) / repeats


def report(name, here, there, batch=None):
    a, b = statistics.median(here), statistics.median(there)
    each = f", {batch / a:.1f} against {batch / b:.1f} pictures/s" if batch else ""
    print(f"{name}: {1e3 * a:.3f} ms, PyTorch {1e3 * b:.3f} ms, ratio {a / b:.2f}{each}", flush=True)
    return a, b


def folded():
    net = torchvision.models.mobilenet_v2().eval()
    modules = dict(net.named_modules())
    for name, m in list(modules.items()):  # each convolution is followed by its norm
        if isinstance(m, torch.nn.Sequential):
            for i, child in enumerate(m):
                if isinstance(child, torch.nn.Conv2d) and i + 1 < len(m) and isinstance(m[i + 1], torch.nn.BatchNorm2d):
                    m[i] = torch.nn.utils.fusion.fuse_conv_bn_eval(child, m[i + 1])
                    m[i + 1] = torch.nn.Identity()
    net.classifier = torch.nn.Linear(1280, 7, bias=False)
    return net.to(memory_format=torch.channels_last)


print(f"torch {torch.__version__}, torchvision {torchvision.__version__}, {threads} threads, {turns} turns")
net = folded()
x = torch.randn(64, 3, 96, 96).to(memory_format=torch.channels_last)
labels = torch.arange(64) % 7
optimiser = torch.optim.AdamW(net.parameters(), lr=1e-5, weight_decay=1e-3, fused=True)


def step():
    optimiser.zero_grad()
    torch.nn.functional.cross_entropy(net(x), labels).backward()
    optimiser.step()


def forward(pictures):
    with torch.no_grad():
        net.features(pictures).mean((2, 3))


here, there, first = [], [], []
last = x
for _ in range(turns):
    here.append(ask("train 64 2"))
    x = last
    there.append(timed(step, 2))
    net, x = net.to(memory_format=torch.contiguous_format), last.contiguous()
    first.append(timed(step, 2))
    net = net.to(memory_format=torch.channels_last)
x = last
report("fine-tuning, batch 64, PyTorch with channels last", here, there, 64)
report("fine-tuning, batch 64, PyTorch's default layout", here, first, 64)
for batch, repeats in ((64, 2), (1, 20)):
    here, there = [], []
    for _ in range(turns):
        here.append(ask(f"forward {batch} {repeats}"))
        there.append(timed(lambda: forward(x[:batch]), repeats))
    report(f"forward, batch {batch}", here, there, batch)
if "--layers" in sys.argv:
    layers = [("full", 96, 3, 32, 2)]
    side, inputs = 48, 32
    for expansion, outputs, times, stride in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]:
        for i in range(times):
            hidden = inputs * expansion
            if expansion > 1:
                layers.append(("one", side, inputs, hidden, 1))
            layers.append(("depth", side, hidden, hidden, stride if i == 0 else 1))
            side = side // 2 if i == 0 and stride == 2 else side
            layers.append(("one", side, hidden, outputs, 1))
            inputs = outputs
    layers.append(("one", side, inputs, 1280, 1))
    total = [0, 0]
    for layer in dict.fromkeys(layers):
        kind, side, inputs, outputs, stride = layer
        kernel = 1 if kind == "one" else 3
        one = torch.nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=inputs if kind == "depth" else 1)
        first = torch.randn(64, inputs, side, side)
        last, one_last = first.to(memory_format=torch.channels_last), None
        here, there, repeats = [], [], 5
        with torch.no_grad():
            for _ in range(turns):
                here.append(ask(f"layer {kind} {side} {inputs} {outputs} {stride} 64 {repeats}"))
                both = []
                for format, pictures in ((torch.contiguous_format, first), (torch.channels_last, last)):
                    one.to(memory_format=format)
                    both.append(timed(lambda: one(pictures), repeats))
                there.append(min(both))
        a, b = report(f"{kind} {side}x{side} {inputs}->{outputs}/{stride}", here, there)
        total[0] += a * layers.count(layer)
        total[1] += b * layers.count(layer)
    print(f"all convolutions of the network: {1e3 * total[0]:.1f} ms, PyTorch {1e3 * total[1]:.1f} ms, ratio {total[0] / total[1]:.2f}")
