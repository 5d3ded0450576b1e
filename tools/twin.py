#!/usr/bin/env python3
"""A PyTorch twin of the core model, its losses, label generation and optimiser, written from docs/method.md.

It writes tests/golden/train/twin_*.safetensors: tiny random weights, inputs, every output, the losses, the gradient of
every parameter, and ten training steps with a refresh of the labels after every epoch.  tests/train/test_twin.c replays
them with the C code.  Everything is computed in float64, so that the differences are the C code's alone.

    python3 tools/twin.py [FOLDER]        (default: tests/golden/train)

Made with torch 2.15, numpy, safetensors.
"""
import json
import math
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file

torch.set_default_dtype(torch.float64)
MODALITIES = ("text", "audio", "vision")


class Store:
    """Parameters by name, made when first asked for."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)
        self.values = {}

    def add(self, name, *shape, scale=None, centre=0.0):
        if name not in self.values:
            if scale is None:
                scale = 1.0 / math.sqrt(shape[-1])
            value = centre + scale * torch.randn(*shape, generator=self.generator)
            self.values[name] = value.float().double().requires_grad_(True)  # exactly what a float32 file holds
        return self.values[name]


class Core:
    def __init__(self, c, seed):
        self.c, self.s = c, Store(seed)

    # --- layers -------------------------------------------------------------------------------------------------------
    def linear(self, name, x, out, bias=True):
        w = self.s.add(name + ".weight", out, x.shape[-1])
        return F.linear(x, w, self.s.add(name + ".bias", out, scale=0.2) if bias else None)

    def norm(self, name, x):
        d = x.shape[-1]
        return F.layer_norm(x, (d,), self.s.add(name + ".weight", d, scale=0.2, centre=1.0),
                            self.s.add(name + ".bias", d, scale=0.2), 1e-5)

    def feed_forward(self, name, x):
        d = x.shape[-1]
        return self.linear(name + ".down", F.gelu(self.linear(name + ".up", self.norm(name + ".norm", x), 4 * d)), d)

    def attention(self, name, x, context, mask, kv_heads):
        """x (B, Q, D), context (B, K, D), mask (B, K) bool; a row without any key gives the output's bias."""
        b, q, d = x.shape
        heads, width = self.c["heads"], self.c["head_width"]
        query = self.linear(name + ".query", x, heads * width).view(b, q, heads, width).transpose(1, 2)
        key = self.linear(name + ".key", context, kv_heads * width).view(b, -1, kv_heads, width).transpose(1, 2)
        val = self.linear(name + ".value", context, kv_heads * width).view(b, -1, kv_heads, width).transpose(1, 2)
        scores = query @ key.transpose(2, 3) / math.sqrt(width)  # one key head is shared by all query heads
        scores = scores.masked_fill(~mask[:, None, None, :], float("-inf"))
        weights = torch.softmax(scores, -1)
        weights = torch.where(mask.any(1)[:, None, None, None], weights, torch.zeros_like(weights))
        joined = (weights @ val).transpose(1, 2).reshape(b, q, heads * width)
        return self.linear(name + ".out", joined, d)

    # --- section 2 ----------------------------------------------------------------------------------------------------
    def perceive(self, u, vectors, mask, present):
        """text (B, L, E), audio and vision (B, S, C, E); mask (B, L) or (B, S); -> tokens, mask, present"""
        c, name = self.c, u
        present = present & mask.any(1)
        missing = self.s.add(name + ".missing", c["width"], scale=0.5)
        if u == "text":
            x = self.linear(name + ".project", vectors, c["width"], bias=False)
        else:
            steps, crops = vectors.shape[1:3]
            time = self.s.add(name + ".time", c["max_clips"], c["width"], scale=0.5)
            crop = self.s.add(name + ".crop", c["crops"][u], c["width"], scale=0.5)
            x = self.linear(name + ".project", vectors, c["width"], bias=False)
            x = x + time[None, :steps, None, :] + crop[None, None, :crops, :]
            x = x.flatten(1, 2)
            mask = mask.repeat_interleave(crops, 1)
        x = torch.where(present[:, None, None], x, missing)
        only_first = torch.zeros_like(mask)
        only_first[:, 0] = True
        mask = torch.where(present[:, None], mask, only_first)
        if u == "text":
            return self.norm(name + ".norm", x), mask, present
        if c["pooling"] == "mean":
            mean = (x * mask[..., None]).sum(1, keepdim=True) / mask.sum(1)[:, None, None]
            return self.norm(name + ".norm", mean), torch.ones(len(x), 1, dtype=torch.bool), present
        z = self.s.add(name + ".latents", c["latents"], c["width"], scale=0.5).expand(len(x), -1, -1)
        keys = torch.cat([mask, torch.ones(z.shape[:2], dtype=torch.bool)], 1)
        for i in range(c["perceiver_layers"]):
            layer = f"{name}.layers.{i}"
            q = self.norm(layer + ".latent_norm", z)
            context = torch.cat([self.norm(layer + ".context_norm", x), q], 1)
            z = z + self.attention(layer + ".attention", q, context, keys, c["heads"])
            z = z + self.feed_forward(layer + ".feed_forward", z)
        return self.norm(name + ".norm", z), torch.ones(z.shape[:2], dtype=torch.bool), present

    # --- section 3 ----------------------------------------------------------------------------------------------------
    def interact(self, tokens):
        c, m = self.c, "interaction"
        shared_queries = self.s.add(m + ".queries.shared", c["queries"], c["width"], scale=0.5)
        specific, shared = {}, {}
        for u in MODALITIES:
            h, mask, present = tokens[u]
            b = len(h)
            p = self.s.add(f"{m}.queries.{u}", c["queries"], c["width"], scale=0.5).expand(b, -1, -1)
            r = shared_queries.expand(b, -1, -1)
            keys = torch.cat([mask, torch.ones(b, c["queries"], dtype=torch.bool)], 1)
            others = [w for w in MODALITIES if w != u]
            other_tokens = torch.cat([tokens[w][0] for w in others], 1)
            other_mask = torch.cat([tokens[w][1] & tokens[w][2][:, None] for w in others], 1)
            for i in range(c["layers"]):
                layer = f"{m}.layers.{i}"
                own = f"{layer}.specific.{u}"
                q = self.norm(own + ".norm", p)
                p = p + self.attention(own + ".attention", q, torch.cat([h, q], 1), keys, 1)
                p = p + self.feed_forward(own + ".feed_forward", p)
                own = layer + ".shared"
                q = self.norm(own + ".norm", r)
                r = r + self.attention(own + ".attention", q, torch.cat([h, q], 1), keys, 1)
                x = self.attention(own + ".cross", self.norm(own + ".cross_norm", r), other_tokens, other_mask, 1)
                x = torch.where(other_mask.any(1)[:, None, None], x, torch.zeros_like(x))
                passed = x
                if c["gate"] in ("sigmoid", "both"):
                    passed = torch.sigmoid(self.linear(own + ".gate", torch.cat([r, x], 2), c["width"])) * passed
                if c["gate"] in ("tanh", "both"):
                    passed = torch.tanh(self.s.add(own + ".alpha", 1, scale=0.1, centre=0.5)) * passed
                r = r + passed
                r = r + self.feed_forward(own + ".feed_forward", r)
            specific[u] = self.norm(f"{m}.specific_norm.{u}", p).mean(1)
            shared[u] = self.norm(m + ".shared_norm", r).mean(1)
        return specific, shared

    # --- sections 4 and 6 ---------------------------------------------------------------------------------------------
    def head(self, name, x):
        d = x.shape[-1]
        inner = F.relu(self.linear(name + ".first", x, d))
        return self.linear(name + ".third", self.linear(name + ".second", inner, d) + x, self.c["targets"])

    def project(self, name, x):
        return self.linear(name + ".down", F.gelu(self.linear(name + ".up", x, x.shape[-1])), self.c["projection"])

    def forward(self, inputs):
        tokens = {u: self.perceive(u, *inputs[u]) for u in MODALITIES}
        present = torch.stack([tokens[u][2] for u in MODALITIES], 1)  # (B, 3)
        p, r = self.interact(tokens)
        out = {"present": present}
        weights = torch.where(present.any(1, keepdim=True), present, torch.ones_like(present)).to(torch.float64)
        mean = (torch.stack([r[u] for u in MODALITIES], 1) * weights[..., None]).sum(1) / weights.sum(1, keepdim=True)
        joined = torch.cat([p[u] for u in MODALITIES] + [r[u] for u in MODALITIES], 1)
        fused = F.gelu(self.linear("fusion", self.norm("fusion_norm", joined), self.c["width"]))
        task = "heads." + self.c["task"]
        out["prediction"] = self.head(task + ".prediction", fused)
        out["shared_mean"], out["fused"] = mean, fused
        for u in MODALITIES:
            out["specific." + u], out["shared." + u] = p[u], r[u]
            out["head." + u] = self.head(f"{task}.{u}", p[u])
            out["intra_specific." + u] = self.project("projections.intra", p[u])
            out["intra_shared." + u] = self.project("projections.intra", r[u])
        out["head.shared"] = self.head(task + ".shared", mean)
        out["inter"] = self.project("projections.inter", fused)
        return out


# --- section 6: contrasts ---------------------------------------------------------------------------------------------
def intra(c, out):
    present = out["present"]
    kinds = {}
    for kind in ("intra_shared.", "intra_specific."):
        for k, u in enumerate(MODALITIES):
            x, here = out[kind + u], present[:, k]
            if here.sum() >= 8:
                x = x - x[here].mean(0)
            kinds[kind[6:-1], k] = x / x.norm(dim=1, keepdim=True).clamp(min=1e-6)
    total, count = 0, 0
    for i in range(len(present)):
        here = [k for k in range(3) if present[i, k]]
        negatives = [kinds["shared", a][i] @ kinds["specific", b][i] for a in here for b in here]
        negatives += [kinds["specific", a][i] @ kinds["specific", b][i] for a in here for b in here if a < b]
        for a in here:
            for b in here:
                if a >= b:
                    continue
                more = []
                if c["cross_negatives"]:
                    for j in range(len(present)):
                        if j != i and present[j, b]:
                            more.append(kinds["shared", a][i] @ kinds["shared", b][j])
                        if j != i and present[j, a]:
                            more.append(kinds["shared", b][i] @ kinds["shared", a][j])
                positive = kinds["shared", a][i] @ kinds["shared", b][i]
                scores = torch.stack([positive] + negatives + more) / c["tau_intra"]
                total = total + torch.logsumexp(scores, 0) - scores[0]
                count += 1
    return total / count


def inter(c, z, y):
    b = len(y)
    off = ~torch.eye(b, dtype=torch.bool)
    if c["inter"] == "rank":
        gap = (y[:, None] - y[None]).abs().sum(-1) / (1 if c["kind"] == "regression" else 2)
        total = 0
        for i in range(b):
            distance = torch.stack([(z[i] - z[j]).norm() if i != j else z.new_zeros(()) for j in range(b)])
            for j in range(b):
                if j == i:
                    continue
                far = (gap[i] >= gap[i, j]) & off[i]
                total = total + distance[j] / c["tau_rank"] + torch.logsumexp(-distance[far] / c["tau_rank"], 0)
        return total / (b * (b - 1))
    z = z / z.norm(dim=1, keepdim=True).clamp(min=1e-6)
    if c["kind"] == "classes":
        kernel = y @ y.T
    else:
        sigma = (c["high"] - c["low"]) / 12
        kernel = torch.exp(-(y - y.T) ** 2 / (2 * sigma ** 2))
    kernel = kernel * off
    scores = (z @ z.T / c["tau_inter"]).masked_fill(~off, float("-inf"))
    chance = (scores - torch.logsumexp(scores, 1, keepdim=True)).masked_fill(~off, 0)
    anchors = kernel.sum(1) > 0
    rows = -(kernel * chance).sum(1)[anchors] / kernel.sum(1)[anchors]
    return rows.mean()


# --- section 7: the objective -----------------------------------------------------------------------------------------
def label_loss(c, head, y, here=None):
    rows = (head - y).abs().sum(1) if c["kind"] == "regression" else -(y * torch.log_softmax(head, 1)).sum(1)
    return rows.mean() if here is None else rows[here].mean()


def objective(c, out, y, labels):
    present = out["present"]
    terms = {"task": label_loss(c, out["prediction"], y)}
    specific = [label_loss(c, out["head." + u], labels[u], present[:, k])
                for k, u in enumerate(MODALITIES) if present[:, k].any()]
    terms["specific"] = torch.stack(specific).mean()
    terms["shared"] = label_loss(c, out["head.shared"], labels["shared"], present.any(1))
    terms["intra"], terms["inter"] = intra(c, out), inter(c, out["inter"], y)
    terms["total"] = (terms["task"] + 0.5 * terms["specific"] + 0.5 * terms["shared"] + 0.1 * terms["intra"] +
                      0.1 * terms["inter"])
    return terms


# --- section 5: label generation --------------------------------------------------------------------------------------
class Labels:
    def __init__(self, c, truth):
        self.c, self.truth = c, truth
        self.label = {t: truth.clone() for t in MODALITIES + ("shared",)}
        self.bank = {t: {} for t in self.label}

    def write(self, out, samples):
        for t in self.label:
            vectors = out["shared_mean"] if t == "shared" else out["specific." + t]
            here = out["present"].any(1) if t == "shared" else out["present"][:, MODALITIES.index(t)]
            for row, sample in enumerate(samples.tolist()):
                if here[row]:
                    self.bank[t][sample] = vectors[row].detach().clone()

    def refresh(self, epoch):
        c = self.c
        for t in self.label:
            samples = sorted(self.bank[t])
            bank = torch.stack([self.bank[t][s] for s in samples])
            truth = self.truth[samples]
            bank = bank - bank.mean(0)
            if c["euclidean"]:
                scale = (2 * (bank ** 2).sum(1).mean()).sqrt()
                similarity = -(bank[:, None] - bank[None]).norm(dim=2) / scale
            else:
                unit = bank / bank.norm(dim=1, keepdim=True).clamp(min=1e-6)
                similarity = unit @ unit.T
            similarity.fill_diagonal_(float("-inf"))
            k = max(1, min(c["neighbours"], int(c["neighbour_fraction"] * len(samples) + 1e-9)))
            order = torch.sort(similarity, dim=1, descending=True, stable=True).indices[:, :k]
            weights = torch.softmax(torch.gather(similarity, 1, order) / c["temperature"], 1)
            said = (weights[..., None] * truth[order]).sum(1)
            renewed = (1 - c["mix"]) * truth + c["mix"] * said
            self.label[t][samples] = epoch / (epoch + 2) * self.label[t][samples] + 2 / (epoch + 2) * renewed


# --- a case -----------------------------------------------------------------------------------------------------------
def make_inputs(c, generator):
    """24 clips of different lengths, some without a modality, one without any."""
    n = c["samples"]
    inputs = {}
    for k, u in enumerate(MODALITIES):
        steps = c["steps"][u]
        shape = (n, steps, c["in_width"][u]) if u == "text" else (n, steps, c["crops"][u], c["in_width"][u])
        vectors = torch.randn(*shape, generator=generator).float().double()
        lengths = torch.randint(1, steps + 1, (n,), generator=generator)
        mask = torch.arange(steps)[None] < lengths[:, None]
        present = torch.rand(n, generator=generator) > 0.12
        present[:2] = False if k < 2 else True  # two clips have vision alone
        inputs[u] = (vectors, mask, present)
    return inputs


def take(inputs, samples):
    return {u: tuple(x[samples] for x in inputs[u]) for u in MODALITIES}


def factor(c, step, total):
    warm = c["warmup"] * total
    return (step + 1) / warm if step + 1 < warm else 1.0


def groups(c, parameters):
    out = []
    for name, p in parameters.items():
        last = name.rsplit(".", 1)[-1]
        token = last in ("missing", "time", "crop", "latents", "alpha") or ".queries." in name
        rate = c["language_rate"] if name.startswith("text.project") else c["rate"]
        out.append({"params": [p], "lr": rate * (10 if last == "alpha" else 1), "base": rate * (10 if last == "alpha" else 1),
                    "weight_decay": c["weight_decay"] if p.dim() == 2 and not token else 0.0})
    return out


def make_data(c):
    """Inputs, truth and the order of the clips, from the first seed that gives enough of every modality: all kinds of
    vectors are centred from the first step to the last, or AdamW would make steps of the rounding in a bias that
    centring hides."""
    n, batch = c["samples"], c["batch"]
    for attempt in range(1000):
        generator = torch.Generator().manual_seed(1000 * c["seed"] + attempt)
        inputs = make_inputs(c, generator)
        if c["kind"] == "regression":
            truth = (c["low"] + (c["high"] - c["low"]) * torch.rand(n, 1, generator=generator)).float().double()
        else:
            truth = F.one_hot(torch.randint(0, c["targets"], (n,), generator=generator), c["targets"]).double()
        order = torch.stack([torch.randperm(n, generator=generator) for _ in range(c["train_steps"] // (n // batch))])
        if all(int(inputs[u][2][samples].sum()) >= 8 for u in MODALITIES for samples in order.reshape(-1, batch)):
            return inputs, truth, order
    raise SystemExit("no seed gives enough of every modality")


def run_case(name, c, folder):
    n, batch = c["samples"], c["batch"]
    inputs, truth, order = make_data(c)
    core, labels = Core(c, c["seed"] + 1), Labels(c, truth)
    golden = {}

    def keep(key, value):
        value = value.detach()
        golden[key] = np.ascontiguousarray(value.to(torch.uint8 if value.dtype == torch.bool else torch.float32).numpy())

    core.forward(take(inputs, order[0, :batch]))  # makes the parameters
    parameters = core.s.values
    for u in MODALITIES:
        for part, value in zip(("vectors", "mask", "present"), inputs[u]):
            keep(f"input.{u}.{part}", value)
    keep("truth", truth)
    golden["order"] = order.to(torch.int32).numpy()
    for key, p in parameters.items():
        keep("init." + key, p)
    optimiser = torch.optim.AdamW(groups(c, parameters), betas=(0.9, 0.999), eps=1e-8)
    table, norms = [], []
    for step in range(c["train_steps"]):
        epoch, at = divmod(step, n // batch)
        samples = order[epoch, at * batch:(at + 1) * batch]
        out = core.forward(take(inputs, samples))
        terms = objective(c, out, truth[samples], {t: labels.label[t][samples] for t in labels.label})
        optimiser.zero_grad()
        terms["total"].backward()
        if step == 0:
            for key in sorted(out):
                keep("out." + key, out[key])
            for key, p in parameters.items():
                keep("grad." + key, p.grad)
        norms.append(torch.nn.utils.clip_grad_norm_(parameters.values(), c["clip"]))
        for group in optimiser.param_groups:
            group["lr"] = group["base"] * factor(c, step, c["train_steps"])
        optimiser.step()
        labels.write(out, samples)
        table.append(torch.stack([terms[k] for k in ("total", "task", "specific", "shared", "intra", "inter")]).detach())
        if at == n // batch - 1:
            labels.refresh(epoch + 1)
            for t in labels.label:
                keep(f"labels.{epoch + 1}.{t}", labels.label[t])
    keep("losses", torch.stack(table))
    keep("norms", torch.stack(norms))
    for key, p in parameters.items():
        keep("final." + key, p)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"twin_{name}.safetensors")
    save_file(golden, path, metadata={"case": json.dumps(c["settings"])})
    print(path, os.path.getsize(path), "bytes, losses", [round(float(x[0]), 4) for x in table])


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "tests", "golden", "train")
    base = dict(width=8, heads=2, head_width=3, latents=3, perceiver_layers=2, max_clips=6, queries=2, layers=2,
                projection=4, in_width=dict(text=7, audio=6, vision=5), steps=dict(text=5, audio=6, vision=4),
                crops=dict(audio=1, vision=3), samples=24, batch=12, train_steps=10, warmup=0.4, clip=2.0, rate=1e-3,
                language_rate=2e-4, weight_decay=1e-2, neighbours=5, neighbour_fraction=0.25, temperature=0.1, mix=0.5,
                tau_intra=0.5, tau_inter=0.1, tau_rank=2.0, low=-3.0, high=3.0)
    regression = dict(base, seed=1, kind="regression", targets=1, task="sentiment", pooling="perceiver", gate="both",
                      euclidean=False, cross_negatives=False, inter="kernel", settings={})
    classes = dict(base, seed=2, kind="classes", targets=3, task="emotion", pooling="mean", gate="sigmoid", euclidean=True,
                   cross_negatives=True, inter="kernel", mix=0.3,
                   settings={"perceiver.pooling": "mean", "interaction.gate": "sigmoid", "labels.similarity": "euclidean",
                             "contrast.cross_negatives": "true", "labels.mix": "0.3"})
    rank = dict(base, seed=3, kind="regression", targets=1, task="sentiment", pooling="perceiver", gate="tanh",
                euclidean=False, cross_negatives=False, inter="rank", perceiver_layers=1, layers=1,
                settings={"interaction.gate": "tanh", "contrast.inter": "rank", "perceiver.layers": "1",
                          "interaction.layers": "1"})
    for name, case in (("regression", regression), ("classes", classes), ("rank", rank)):
        run_case(name, case, folder)


if __name__ == "__main__":
    main()
