#!/usr/bin/env python3
"""The same two training steps as bench_training.c in PyTorch (eager): python3 bench/pytorch_training.py small|bert [f32|bf16] [steps]"""
import statistics
import sys
import time

import torch
from transformers import BertConfig, BertModel

watch = time.process_time if sys.argv[4:5] == ["1"] else time.perf_counter  # one thread: time of this process alone
torch.set_num_threads(int(sys.argv[4]) if len(sys.argv) > 4 else 2)
bert, bf16 = "bert" in sys.argv[1:2], "bf16" in sys.argv[2:3]
steps = int(sys.argv[3]) if len(sys.argv) > 3 else (5 if bert else 20)
size = dict(hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072, vocab_size=30522) if bert \
    else dict(hidden_size=96, num_hidden_layers=3, num_attention_heads=4, intermediate_size=384, vocab_size=1000)
batch, tokens = (16, 50) if bert else (128, 65)
model = BertModel(BertConfig(**size), add_pooling_layer=False)
head = torch.nn.Linear(size["hidden_size"], 1)
optimiser = torch.optim.AdamW([*model.parameters(), *head.parameters()], lr=1e-5, weight_decay=1e-3, fused=True)
ids, target = torch.randint(size["vocab_size"], (batch, tokens)), torch.randn(batch)
mask = torch.ones(batch, tokens, dtype=torch.long)
model.train()
times, parts = [], [0, 0, 0]
for step in range(-1, steps):
    start = watch()
    optimiser.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
        out = head(model(input_ids=ids, attention_mask=mask).last_hidden_state[:, 0])
    loss = (out[:, 0].float() - target).abs().mean()
    forward = watch()
    loss.backward()
    backward = watch()
    optimiser.step()
    end = watch()
    if step >= 0:
        times.append(end - start)
        for i, x in enumerate((forward - start, backward - forward, end - backward)):
            parts[i] += x / steps
print(f"torch {torch.__version__} {sys.argv[1]} {'bf16 autocast' if bf16 else 'f32'}: step median {1e3 * statistics.median(times):.1f} ms "
      f"({1e3 * min(times):.1f} to {1e3 * max(times):.1f}); mean forward {1e3 * parts[0]:.1f}, backward {1e3 * parts[1]:.1f}, "
      f"optimiser {1e3 * parts[2]:.1f} ms")
