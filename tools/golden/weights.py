#!/usr/bin/env python3
"""Small PyTorch archives and NumPy pickles for tests/weights.  usage: weights.py tests/golden/weights

Made with torch 2.15.0, numpy 2.x (protocols 2 to 5).
"""
import collections, io, os, pickle, sys, zipfile
import numpy as np
import torch

out = sys.argv[1]
os.makedirs(out, exist_ok=True)
torch.manual_seed(0)
base = torch.arange(12, dtype=torch.float32).reshape(3, 4)
state = collections.OrderedDict()
state["plain"] = base + 0.5
state["transposed"] = base.t()                       # not contiguous: [4, 3]
state["slice"] = base[1:, 1:3]                       # offset and strides
state["half"] = torch.tensor([1.0, -2.0, 65504.0], dtype=torch.float16)
state["brain"] = torch.tensor([1.0, -3.0], dtype=torch.bfloat16)
state["long"] = torch.tensor([-7, 1 << 40])
state["flag"] = torch.tensor([True, False, True])
state["scalar"] = torch.tensor(2.75)
state["empty"] = torch.zeros(0, 3)
state["parameter"] = torch.nn.Parameter(torch.ones(2, 2) * 3)
state["tied"] = state["plain"]
torch.save(state, f"{out}/flat.pth")
torch.save(state, f"{out}/flat.old.pth", _use_new_zipfile_serialization=False)
torch.save({"model": {"a.weight": base, "step": 3, "name": "x"}, "list": [base + 1], "version": (1, 2)}, f"{out}/nested.pt")


class Hostile:
    def __reduce__(self):
        return (os.system, ("touch /tmp/smac-hostile",))


torch.save({"a": base, "b": Hostile()}, f"{out}/hostile.pth")
with zipfile.ZipFile(f"{out}/flat.pth") as z, zipfile.ZipFile(f"{out}/compressed.pth", "w", zipfile.ZIP_DEFLATED) as w:
    for n in z.namelist():
        w.writestr(n, z.read(n))

data = {"train": {"raw_text": ["good", "not \u00e9"], "id": np.array(["v$_$1", "v$_$2"]), "audio": np.arange(12, dtype=np.float32).reshape(2, 3, 2),
                  "vision": np.asfortranarray(np.arange(6, dtype=np.float16).reshape(2, 3)), "regression_labels": np.array([-1.0, 0.5]),
                  "audio_lengths": [3, 2], "n": np.int64(2), "objects": np.array(["a", "bc"], dtype=object), "none": None, "big": np.array([1.5], dtype=">f8")}}
for protocol in (2, 3, 4, 5):
    with open(f"{out}/features.protocol{protocol}.pkl", "wb") as f:
        pickle.dump(data, f, protocol=protocol)

# Refused: tensors deeper than any model has them, and views that ask for far more memory than the file holds.
deep = base
for _ in range(40):
    deep = [deep]
torch.save({"a": base, "deep": deep}, f"{out}/deep.pth")
torch.save({"small": torch.tensor([2.0]).expand(3), "huge": torch.zeros(1).expand(1 << 27)}, f"{out}/views.pth")
torch.save({"small": torch.tensor([2.0]).expand(3)}, f"{out}/broadcast.pth")
torch.save({"n" * 700: {"m" * 700: base}}, f"{out}/longname.pth")
