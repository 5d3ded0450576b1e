#!/usr/bin/env python3
"""Plain fine-tuning of a sentence encoder on CMU-MOSI's words, the peer of `semanticmac train --dataset mosi`.

    finetune_mosi.py LABEL.CSV ENCODER_FOLDER [--epochs 8] [--rate 5e-5] [--seed 1111]

Encoder, mean over tokens, dropout 0.1, one linear head; AdamW, head 1e-3, weight decay 0.01 (none on bias and norm),
batches of 16 of like length, warm-up 10 % then linear decay, gradient norm 1, L1; words lowered.  Prints each epoch's
wall and processor time and the validation MAE and correlation.  torch 2.15.0, transformers 4.57.1, float32.
"""
import argparse
import csv
import random
import time

import torch
import transformers

a = argparse.ArgumentParser()
a.add_argument("labels")
a.add_argument("encoder")
a.add_argument("--epochs", type=int, default=8)
a.add_argument("--rate", type=float, default=5e-5)
a.add_argument("--seed", type=int, default=1111)
o = a.parse_args()
torch.manual_seed(o.seed)
random.seed(o.seed)
rows = list(csv.DictReader(open(o.labels, encoding="utf-8-sig")))
tokenizer = transformers.AutoTokenizer.from_pretrained(o.encoder)
encoder = transformers.AutoModel.from_pretrained(o.encoder, add_pooling_layer=False)
head = torch.nn.Linear(encoder.config.hidden_size, 1)
parts = {s: [(tokenizer(r["text"].lower())["input_ids"], float(r["label"])) for r in rows if r["mode"] == s]
         for s in ("train", "valid")}


def batch(items):
    longest = max(len(i) for i, _ in items)
    ids = torch.tensor([i + [tokenizer.pad_token_id] * (longest - len(i)) for i, _ in items])
    mask = torch.tensor([[1] * len(i) + [0] * (longest - len(i)) for i, _ in items])
    return ids, mask, torch.tensor([y for _, y in items])


def predict(ids, mask):
    hidden = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    return head(torch.nn.functional.dropout(mean, 0.1, encoder.training))[:, 0]


plain = [p for n, p in encoder.named_parameters() if n.endswith("bias") or "LayerNorm" in n]
weights = [p for n, p in encoder.named_parameters() if not (n.endswith("bias") or "LayerNorm" in n)]
optimiser = torch.optim.AdamW([dict(params=weights, lr=o.rate, weight_decay=0.01), dict(params=plain, lr=o.rate, weight_decay=0),
                               dict(params=head.parameters(), lr=1e-3, weight_decay=0.01)])
steps = (len(parts["train"]) + 15) // 16 * o.epochs
schedule = transformers.get_linear_schedule_with_warmup(optimiser, steps // 10, steps)
for epoch in range(1, o.epochs + 1):
    wall, cpu = time.perf_counter(), time.process_time()
    encoder.train()
    items = sorted(parts["train"], key=lambda x: len(x[0]) + random.random() * 4)
    batches = [items[i:i + 16] for i in range(0, len(items), 16)]
    random.shuffle(batches)
    for b in batches:
        ids, mask, y = batch(b)
        loss = (predict(ids, mask) - y).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for g in optimiser.param_groups for p in g["params"]], 1)
        optimiser.step()
        schedule.step()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    encoder.eval()
    with torch.no_grad():
        p = torch.cat([predict(*batch(parts["valid"][i:i + 32])[:2]) for i in range(0, len(parts["valid"]), 32)])
    y = torch.tensor([v for _, v in parts["valid"]])
    print(f"epoch {epoch}: {wall:.1f} s, {cpu:.1f} s of processor time; validation MAE {(p - y).abs().mean():.4f} "
          f"Corr {torch.corrcoef(torch.stack([p, y]))[0, 1]:.4f}", flush=True)
