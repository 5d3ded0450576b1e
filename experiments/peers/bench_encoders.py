#!/usr/bin/env python3
"""Forward passes of the encoders here and in PyTorch, in turns in one run, on two threads.

    OMP_NUM_THREADS=2 bench_encoders.py BENCH_ENCODERS [--cases vision:1,bert:1] [--precisions f32,bf16,int8] [--turns 3]

BENCH_ENCODERS: the built bench/bench_encoders.  torch 2.15.0 (eager, inference mode, scaled dot product attention),
transformers 4.57.1.  Random weights of the published sizes; texts of 50 tokens.  For each case and precision both run
in turns; printed are the medians of all passes, their spread, and the ratio (ours / PyTorch's).  PyTorch has no int8
of the same kind: int8 is set beside its bf16.  The last column is the ratio of processor time a pass, which is the one
to look at with OMP_NUM_THREADS=1 on a machine that does other things too.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import torch
import transformers

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "golden"))
import encoders_imagebind  # noqa: E402

HUGE = {
    "vision": dict(modality="vision", width=1280, layers=32, heads=16, hidden=5120, out=1024, channels=3, frames=2,
                   rows=224, columns=224, kernel=14, stride=14),
    "audio": dict(modality="audio", width=768, layers=12, heads=12, hidden=3072, out=1024, channels=1, frames=1,
                  rows=128, columns=204, kernel=16, stride=10),
}
MINILM = dict(hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536)


def peer(case, dtype, batch):
    """A function that runs one pass."""
    torch.manual_seed(1)
    train = case.startswith("train-")
    case = case.removeprefix("train-")
    if case in HUGE:
        c = HUGE[case]
        model = encoders_imagebind.Encoder(c)
        x = torch.randn(batch, c["frames"], c["channels"], c["rows"], c["columns"], dtype=dtype)
        inputs = dict(x=x)
    else:
        name = {"minilm": "Bert", "bert": "Bert", "mpnet": "MPNet"}[case]
        config = getattr(transformers, name + "Config")(**(MINILM if case == "minilm" else {}))
        model = getattr(transformers, name + "Model")(config)
        inputs = dict(input_ids=torch.randint(1000, 21000, (batch, 50)),
                      attention_mask=torch.ones(batch, 50, dtype=torch.long))
    if not train:
        model = model.to(dtype).eval()
        return lambda: model(**inputs)
    model.train()

    def step():  # bf16: autocast over float32 weights
        with torch.inference_mode(False), torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype != torch.float32):
            model.zero_grad(set_to_none=False)
            y = model(**inputs)
            y = y[0].float() if not isinstance(y, torch.Tensor) else y
            (y * y).sum().backward()

    return step


def time_peer(run, rounds):
    times = []
    cpu = -time.process_time()
    with torch.inference_mode():
        for _ in range(rounds):
            start = time.perf_counter()
            run()
            times.append((time.perf_counter() - start) * 1e3)
    return times, (cpu + time.process_time()) * 1e3 / rounds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--cases", help="CASE:BATCH,...; train-CASE: forward and backward", default="vision:1,vision:4,audio:1,minilm:1,mpnet:1,bert:1,bert:16,train-minilm:16,train-bert:16")
    parser.add_argument("--precisions", default="f32,bf16,int8")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=0, help="passes a turn; 0: by size")
    arguments = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    print("case batch precision | here: median [least, largest] ms | PyTorch: median [least, largest] ms | ratio "
          "(of medians; of least) | of processor time")
    for entry in arguments.cases.split(","):
        case, batch = entry.split(":")
        for precision in arguments.precisions.split(","):
            if case.startswith("train-") and precision == "int8":
                continue
            dtype = torch.float32 if precision == "f32" else torch.bfloat16
            run = peer(case, dtype, int(batch))
            time_peer(run, 2)
            rounds = arguments.rounds or (3 if case == "vision" else 10 if case == "audio" else 15)
            ours, theirs, our_cpu, their_cpu = [], [], [], []
            for _ in range(arguments.turns):
                line = subprocess.run([arguments.program, case, precision, batch, str(rounds)], check=True,
                                      capture_output=True, text=True).stdout
                got = json.loads(line)
                ours += got["all_ms"]
                times, cpu = time_peer(run, rounds)
                theirs += times
                our_cpu.append(got["cpu_ms"])
                their_cpu.append(cpu)
            a, b = statistics.median(ours), statistics.median(theirs)
            print(f"{case} {batch} {precision} | {a:.1f} [{min(ours):.1f}, {max(ours):.1f}] | "
                  f"{b:.1f} [{min(theirs):.1f}, {max(theirs):.1f}] | {a / b:.2f} {min(ours) / min(theirs):.2f} | "
                  f"{min(our_cpu) / min(their_cpu):.2f}",
                  flush=True)


if __name__ == "__main__":
    main()
