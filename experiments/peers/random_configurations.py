#!/usr/bin/env python3
"""Random small language models (and Whisper's encoder) as published folders: our readers against transformers on the same folders.

    random_configurations.py BENCH_ENCODERS SEMANTICMAC [--seed N] [--count N] [--family NAME] [--only N] [--keep FOLDER]

Each case draws a family, a configuration, a form of folder (one file or shards, safetensors or PyTorch, float32, float16
or bfloat16, with or without the base model's prefix, with a task's head, old names of norms, buffers, config.json with
keys left out that equal the default) and texts, and compares
  ids     every hidden state of a padded batch with token types (`bench_encoders hidden`), and in half of the cases
          the gradients of a scalar with respect to every parameter,
  text    the last hidden states of lines of text (`semanticmac embed --tokens`), with the line's tokens cut as the
          tokenizer's files and the model's positions ask,
  sound   Whisper's encoder over windows of a sound.
The error is the largest difference relative to the tensor's largest magnitude, over the tokens that count; the reference
is computed in float64, and a case is wrong beyond 1e-5 and ten times what transformers itself loses in float32.
What we refuse is printed with the sentence, what transformers cannot load or run is counted apart.  torch 2.15.0,
transformers 4.57.1, tokenizers 0.22.2.
"""
import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import tempfile
import warnings
import wave

import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOKENIZERS = ROOT / "tests" / "golden" / "text"
WORDS = "I really loved this movie , it was the best thing of my year ! 10/10 não über naïve 电影 👍 don't".split()
ACTIVATIONS = ["gelu", "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_python", "relu", "silu", "swish", "tanh",
               "quick_gelu", "gelu_accurate", "gelu_python_tanh", "linear", "sigmoid"]
# family: tokenizer, classes that are published (the first one is the plain model)
FAMILIES = {
    "bert": ("bert-uncased", ["BertModel", "BertForMaskedLM", "BertForSequenceClassification", "BertForPreTraining",
                              "BertForTokenClassification", "BertForQuestionAnswering"]),
    "distilbert": ("bert-uncased", ["DistilBertModel", "DistilBertForMaskedLM", "DistilBertForSequenceClassification"]),
    "roberta": ("roberta", ["RobertaModel", "RobertaForMaskedLM", "RobertaForSequenceClassification"]),
    "xlm-roberta": ("xlmr", ["XLMRobertaModel", "XLMRobertaForMaskedLM", "XLMRobertaForSequenceClassification"]),
    "mpnet": ("mpnet-small", ["MPNetModel", "MPNetForMaskedLM", "MPNetForSequenceClassification"]),
    "albert": ("albert", ["AlbertModel", "AlbertForMaskedLM", "AlbertForSequenceClassification",
                          "AlbertForPreTraining"]),
    "deberta-v2": ("deberta", ["DebertaV2Model", "DebertaV2ForMaskedLM", "DebertaV2ForSequenceClassification"]),
    "xlnet": ("xlnet", ["XLNetModel", "XLNetLMHeadModel", "XLNetForSequenceClassification"]),
    "gpt2": ("gpt2", ["GPT2Model", "GPT2LMHeadModel", "GPT2ForSequenceClassification", "GPT2DoubleHeadsModel"]),
    "t5": ("t5", ["T5EncoderModel", "T5ForConditionalGeneration", "T5Model"]),
    "whisper": ("whisper", ["WhisperModel", "WhisperForConditionalGeneration"]),
}


class Case:
    """What was drawn: r the random numbers, and everything else by name."""

    def __init__(self, seed, number, family):
        self.r = random.Random(f"{seed}/{number}")
        self.gradient = 0  # the largest error of the gradients, where they were asked for
        self.number, self.family = number, family or list(FAMILIES)[number % len(FAMILIES)]
        self.tokenizer, classes = FAMILIES[self.family]
        self.model_class = self.r.choice(classes)
        self.generator = torch.Generator().manual_seed(self.r.randrange(1 << 30))
        self.words = Tokenizer.from_file(str(TOKENIZERS / (self.tokenizer + ".json")))
        self.values = self.draw_values()

    def some(self, chance):
        return self.r.random() < chance

    def draw_values(self):
        r, family = self.r, self.family
        heads = r.choice([1, 2, 3, 4, 6])
        width = heads * r.choice([4, 6, 8, 10, 16, 22])
        positions = r.choice([8, 12, 20, 33, 64])
        layers = r.choice([1, 2, 3, 4])
        if family == "whisper":
            return dict(vocab_size=self.words.get_vocab_size(), d_model=width, encoder_layers=layers, encoder_attention_heads=heads,
                        encoder_ffn_dim=r.choice([1, 16, 40, 67]), decoder_layers=1, decoder_attention_heads=heads,
                        decoder_ffn_dim=8, num_mel_bins=r.choice([80, 128]), max_source_positions=r.choice([50, 100, 200]),
                        max_target_positions=8, pad_token_id=0, bos_token_id=1, eos_token_id=2,
                        decoder_start_token_id=1, activation_function=r.choice(["gelu"] * 9 + ["relu"]),
                        scale_embedding=self.some(0.05))
        vocabulary = self.words.get_vocab_size() + r.choice([0, 1, 7, 64])
        common = dict(vocab_size=vocabulary, hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
                      intermediate_size=r.choice([1, 5, 16, 40, 67]), max_position_embeddings=positions,
                      hidden_act=r.choice(ACTIVATIONS) if self.some(0.6) else "gelu",
                      layer_norm_eps=r.choice([1e-12, 1e-7, 1e-5, 1e-3]), type_vocab_size=r.choice([1, 2, 2, 3]))
        if family == "bert":
            if self.some(0.1):
                common["position_embedding_type"] = r.choice(["relative_key", "relative_key_query"])
            return common
        if family in ("roberta", "xlm-roberta", "mpnet"):
            common["pad_token_id"] = 1
            common["max_position_embeddings"] += 2
            if family == "mpnet":
                del common["type_vocab_size"]
                common["relative_attention_num_buckets"] = r.choice([32, 32, 32, 48])
            elif self.some(0.1):
                common["position_embedding_type"] = r.choice(["absolute", "relative_key"])
            return common
        if family == "albert":
            groups = r.choice([1, 1, 2, 3])
            common.update(embedding_size=r.choice([4, 6, 16, width]), num_hidden_groups=groups,
                          inner_group_num=r.choice([1, 1, 2, 3]), num_hidden_layers=max(layers, groups))
            return common
        if family == "deberta-v2":
            buckets = r.choice([-1, 0, 4, 5, 6, 8, 16])
            common.update(relative_attention=self.some(0.95), position_buckets=buckets,
                          max_relative_positions=r.choice([-1, -1, 6, 9, 24]), share_att_key=self.some(0.5),
                          pos_att_type=r.choice([["c2p"], ["p2c"], ["c2p", "p2c"], "p2c|c2p", "c2p|p2c", [], None]),
                          norm_rel_ebd=r.choice(["none", "layer_norm", "layer_norm"]), type_vocab_size=r.choice([0, 0, 2]),
                          position_biased_input=self.some(0.3), layer_norm_eps=r.choice([1e-7, 1e-5]))
            if self.some(0.25):
                common.update(conv_kernel_size=r.choice([3, 3, 3, 5, 1]), conv_act=r.choice(["gelu", "tanh", "relu"]))
                if self.some(0.2):
                    common["conv_groups"] = r.choice([1, heads])
            if self.some(0.15):
                common["embedding_size"] = r.choice([4, 12])
            return common
        if family == "distilbert":
            return dict(vocab_size=vocabulary, dim=width, n_layers=layers, n_heads=heads,
                        hidden_dim=common["intermediate_size"], max_position_embeddings=positions,
                        activation=common["hidden_act"], sinusoidal_pos_embds=self.some(0.3))
        if family == "xlnet":
            values = dict(vocab_size=vocabulary, d_model=width, n_layer=layers, n_head=heads,
                          d_inner=common["intermediate_size"], ff_activation=common["hidden_act"],
                          layer_norm_eps=common["layer_norm_eps"], untie_r=self.some(0.7))
            for key, odd in (("clamp_len", 5), ("bi_data", True), ("attn_type", "uni"), ("same_length", True),
                             ("mem_len", 6), ("reuse_len", 4)):
                if self.some(0.05):
                    values[key] = odd
            return values
        if family == "gpt2":
            values = dict(vocab_size=vocabulary, n_embd=width, n_layer=layers, n_head=heads, n_positions=positions,
                          n_inner=r.choice([None, None, 5, 40]), layer_norm_epsilon=common["layer_norm_eps"],
                          activation_function=common["hidden_act"], reorder_and_upcast_attn=self.some(0.2),
                          scale_attn_by_inverse_layer_idx=self.some(0.2), scale_attn_weights=self.some(0.8))
            return values
        return dict(vocab_size=vocabulary, d_model=width, num_layers=layers, num_heads=heads,
                    d_kv=r.choice([1, 4, 8, 10]), d_ff=common["intermediate_size"],
                    relative_attention_num_buckets=r.choice([4, 6, 8, 16, 32]),
                    relative_attention_max_distance=r.choice([9, 20, 24, 128]),
                    layer_norm_epsilon=r.choice([1e-6, 1e-5]),
                    feed_forward_proj=r.choice(["relu", "gated-gelu", "gated-silu", "gelu", "gated-relu", "silu"]))


# --- folders ----------------------------------------------------------------------------------------------------------

def draw_weights(model, generator):
    """Larger than the usual 0.02, so that every part of the model shows in the result."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            noise = torch.randn(p.shape, generator=generator)
            norm = "norm" in name.lower() or ".ln_" in name or name.startswith("ln_")
            size = 0.4 if "rel_attn" in name and p.dim() == 3 else 0.2
            p.copy_(1 + 0.2 * noise if norm and name.endswith("weight") else size * noise)


def old_names(state, family, r):
    """What old files hold beside: norms called gamma and beta, buffers."""
    new = {}
    for name, value in state.items():
        new[name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")] = value
        if name.endswith("position_embeddings.weight"):
            new[name.replace("position_embeddings.weight", "position_ids")] = torch.arange(value.shape[0])[None]
        if family == "gpt2" and name.endswith("attn.c_attn.weight"):
            new[name.replace("c_attn.weight", "bias")] = torch.ones(1, 1, 4, 4).tril().bool()
            new[name.replace("c_attn.weight", "masked_bias")] = torch.tensor(-1e4)
    names = list(new)
    r.shuffle(names)
    return {name: new[name] for name in names}


def write_config(case, config, folder):
    r, full = case.r, config.to_dict()
    default = type(config)().to_dict()
    kind = r.choice(["full", "difference", "some"])
    if kind == "difference":
        full = config.to_diff_dict() | {"model_type": config.model_type}
    elif kind == "some":
        full = {k: v for k, v in full.items() if k == "model_type" or v != default.get(k, "?") or r.random() < 0.3}
    # null is written where the class's own default is null; elsewhere transformers would break
    for key in ("n_inner", "mem_len", "reuse_len", "pos_att_type", "finetuning_task", "torch_dtype", "pruned_heads"):
        if key in default and default[key] is None and full.get(key, None) is None and r.random() < 0.5:
            full[key] = None
    if r.random() < 0.3:
        full |= {"gradient_checkpointing": False, "directionality": "bidi", "pooler_fc_size": 768, "classifier_dropout": None,
                 "output_past": True, "task_specific_params": {"a": {"b": 1}}, "id2label": {"0": "NEGATIVE"}}
    if case.family == "t5" and r.random() < 0.2:
        full |= {"feed_forward_proj": r.choice(["gated-gelu", "relu"])} if r.random() < 0.5 else {}
        full |= {"dense_act_fn": config.dense_act_fn, "is_gated_act": config.is_gated_act}
    for standard, own in config.attribute_map.items():  # the common names, which transformers takes too
        if own in full and r.random() < 0.1:
            full[standard] = full.pop(own)
    (folder / "config.json").write_text(json.dumps(full, indent=2, default=str))
    return kind


def write_folder(case, folder):
    """-> a few words on the form, or what transformers says against the configuration."""
    r = case.r
    model_class = getattr(transformers, case.model_class)
    config = model_class.config_class(**case.values)
    config._attn_implementation = "eager"
    model = model_class(config).eval()
    draw_weights(model, case.generator)
    kind = r.choice([torch.float32, torch.float32, torch.float16, torch.bfloat16])
    model = model.to(kind)
    form = r.choice(["safetensors", "safetensors", "safetensors sharded", "bin", "bin sharded", "old bin", "old bin",
                     "bin before 1.6", "old safetensors", "mixed safetensors"])
    if form in ("old bin", "bin before 1.6"):
        state = old_names(model.state_dict(), case.family, r)
        for name in state:  # views and parameters, as careless programs leave them
            if state[name].dim() == 2 and r.random() < 0.2:
                state[name] = state[name].t().contiguous().t()
            if state[name].is_floating_point() and r.random() < 0.2:
                state[name] = torch.nn.Parameter(state[name])
        torch.save(state if r.random() < 0.5 else collections.OrderedDict(state), folder / "pytorch_model.bin",
                   _use_new_zipfile_serialization=form == "old bin")
    elif form in ("old safetensors", "mixed safetensors"):
        state = old_names(model.state_dict(), case.family, r) if form.startswith("old") else model.state_dict()
        if form.startswith("mixed"):  # norms and biases kept in float32 or wider, the rest halved
            state = {k: v.to(r.choice([torch.float32, torch.float64]) if v.dim() < 2 else kind) for k, v in state.items()}
        save_file({k: v.contiguous().clone() for k, v in state.items()}, folder / "model.safetensors",
                  metadata={"format": "pt"} if r.random() < 0.8 else None)
    else:
        shard = r.choice([20_000, 60_000]) if form.endswith("sharded") else "5GB"
        model.save_pretrained(folder, safe_serialization=form.startswith("safe"), max_shard_size=shard)
    keys = "full" if case.family == "whisper" else write_config(case, config, folder)
    if keys == "full" and case.family == "whisper":
        (folder / "config.json").write_text(config.to_json_string(use_diff=r.random() < 0.5))
    shutil.copy(TOKENIZERS / (case.tokenizer + ".json"), folder / "tokenizer.json")
    case.named = r.choice([None, None, 10, 64, int(1e30)])
    own = {"tokenizer_class": "PreTrainedTokenizerFast"}
    if case.named:
        own["model_max_length"] = case.named
    (folder / "tokenizer_config.json").write_text(json.dumps(own))
    if r.random() < 0.3:  # sentence-transformers' modules around it
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_mean_tokens": True}))
        (folder / "modules.json").write_text(json.dumps([{"idx": 0, "name": "0", "path": "",
                                                          "type": "sentence_transformers.models.Transformer"}]))
    return f"{case.model_class}, {form}, {str(kind)[6:]}, keys: {keys}"


# --- running both -----------------------------------------------------------------------------------------------------

def longest(case):
    v = case.values
    if case.family in ("xlnet", "t5") or (case.family == "deberta-v2" and not v["position_biased_input"]):
        return None
    positions = v.get("max_position_embeddings", v.get("n_positions"))
    return positions - 2 if case.family in ("roberta", "xlm-roberta", "mpnet") else positions


def draw_batch(case):
    r, limit = case.r, longest(case) or case.r.choice([5, 20, 40])
    rows, length = r.choice([1, 2, 3]), r.choice([1, 2, limit, limit, max(1, limit - 3)])
    ids = torch.randint(9, case.values["vocab_size"], (rows, length), generator=case.generator)
    mask = torch.ones(rows, length, dtype=torch.long)
    left = case.family in ("xlnet", "gpt2") and r.random() < 0.5
    for row in range(1, rows):
        padding = r.randrange(length)
        if padding:
            mask[row, slice(None, padding) if left else slice(length - padding, None)] = 0
    if r.random() < 0.8:
        ids[mask == 0] = case.values.get("pad_token_id", 0)
    types = None
    count = 3 if case.family == "xlnet" else case.values.get("type_vocab_size", 0)
    if count > 0 and r.random() < 0.6:
        types = torch.randint(0, count, (rows, length), generator=case.generator)
    return ids, mask, types


def draw_lines(case, limit):
    r = case.r
    lines = [" ".join(r.choices(WORDS, k=r.choice([2, 5, 9]))), r.choice(WORDS)]
    lines.append(" ".join(r.choices(WORDS, k=120)))
    if limit:  # one line that fills the model to the last token
        words = r.choices(WORDS, k=limit)
        while words and len(case.words.encode(" ".join(words)).ids) > limit:
            words.pop()
        lines.append(" ".join(words))
    if case.family != "gpt2":
        lines.append("")
    return [line for line in lines if case.words.encode(line).ids]


def ours(command):
    environment = dict(os.environ, OMP_NUM_THREADS="1", OMP_WAIT_POLICY="passive")
    result = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    if result.returncode < 0:
        raise RuntimeError(f"killed by signal {-result.returncode}")
    return result.stderr.strip() if result.returncode != 0 else None


def difference(got, wanted, mask=None):
    if mask is not None:
        got, wanted = got[mask], wanted[mask]
    if got.shape != wanted.shape:
        return float("inf")
    error = (got.double() - wanted).abs().max() / wanted.abs().max()
    return float(error) if torch.isfinite(error) else float("inf")


def load_reference(case, folder):
    loader = transformers.T5EncoderModel if case.family == "t5" else transformers.AutoModel
    model, info = loader.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager",
                                         output_loading_info=True)
    missing = [k for k in info["missing_keys"] if "pooler" not in k]
    if missing:
        raise ValueError(f"transformers finds no {missing[:2]}")
    exact = loader.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval().double()
    for module in exact.modules():  # GPT-2's other order of the same product knows float32 alone
        if getattr(module, "reorder_and_upcast_attn", False):
            module.reorder_and_upcast_attn = False
    return model.eval(), exact


def run_ids(case, folder, bench, models):
    ids, mask, types = draw_batch(case)
    given = {"input_ids": ids, "attention_mask": mask} | ({"token_type_ids": types} if types is not None else {})
    single, exact = (m(**given, output_hidden_states=True).hidden_states for m in models)
    tensors = {"ids": ids.int(), "mask": mask.int()} | ({"types": types.int()} if types is not None else {})
    train = case.some(0.5)
    if train:
        tensors["direction"] = torch.randn(exact[-1].shape, generator=case.generator)
        for last in (single[-1], exact[-1]):
            (last * tensors["direction"].to(last.dtype) * mask[..., None]).sum().backward()
    single, exact = [x.detach() for x in single], [x.detach() for x in exact]
    save_file(tensors, folder / "input.st")
    said = ours([bench, "hidden", str(folder), str(folder / "input.st"), str(folder / "output.st"), "f32"])
    if said:
        return said, 0, 0
    got, keep = load_file(folder / "output.st"), mask.bool()
    error = max(difference(got[f"hidden.{i}"], exact[i], keep) for i in range(len(exact)))
    loss = max(difference(single[i], exact[i], keep) for i in range(len(exact)))
    if train and error <= max(1e-5, 10 * loss):
        case.gradient, gradient_loss = compare_gradients(case, got, models)
        if case.gradient > max(1e-5, 10 * gradient_loss):
            error, loss = case.gradient, gradient_loss
    return None, error, loss


def compare_gradients(case, got, models):
    """-> the largest error of a gradient, and of transformers' float32; where it is 0 but for rounding (a key's bias),
    relative to a thousandth of the largest of all."""
    exact = {name: p.grad for name, p in models[1].named_parameters()}
    single = {name: p.grad for name, p in models[0].named_parameters()}
    least = 1e-3 * max(float(g.abs().max()) for g in exact.values() if g is not None)
    worst, loss = 0, 0
    for key, ours_now in got.items():
        if not key.startswith("grad."):
            continue
        transposed = key.endswith(".transposed")
        name = key[5:].removesuffix(".transposed")
        wanted = exact[name]
        if wanted is None:  # XLNet's segments, DeBERTa's table without a term that takes it
            if models[1].get_parameter(name).requires_grad:  # transformers freezes DistilBERT's sinusoids
                worst = max(worst, float(ours_now.abs().max()))
            continue
        if transposed:
            ours_now = ours_now.t()
        scale = max(float(wanted.abs().max()), least)
        worst = max(worst, float((ours_now.reshape(wanted.shape).double() - wanted).abs().max()) / scale)
        loss = max(loss, float((single[name].double() - wanted).abs().max()) / scale)
    return worst, loss


def run_text(case, folder, program, models):
    limits = [x for x in (case.named, longest(case)) if x and x < 1e9]
    limit = min(limits) if limits else None
    lines = draw_lines(case, limit)
    (folder / "lines.txt").write_text("\n".join(lines) + "\n")
    said = ours([program, "embed", "--encoder", str(folder), "--tokens", str(folder / "lines.txt"), "-o",
                 str(folder / "lines.safetensors")])
    if said:
        return said, 0, 0
    got = load_file(folder / "lines.safetensors")
    if limit:
        case.words.enable_truncation(limit)
    wanted, loss = [], 0
    for line in lines:
        tokens = case.words.encode(line)
        given = {"input_ids": torch.tensor([tokens.ids])}
        if case.family == "xlnet" or case.values.get("type_vocab_size", 0) > 0 and case.family != "mpnet":
            given["token_type_ids"] = torch.tensor([tokens.type_ids])
        with torch.no_grad():
            single, exact = (m(**given).last_hidden_state[0] for m in models)
        wanted.append(exact)
        loss = max(loss, difference(single, exact))
    if [len(w) for w in wanted] != got["lines.txt.lengths"].tolist():
        return None, float("inf"), loss
    worst, at = 0, 0
    for w in wanted:
        worst = max(worst, difference(got["lines.txt"][at:at + len(w)], w))
        at += len(w)
    return None, worst, loss


def run_sound(case, folder, program, models):
    """Whisper's encoder over windows of a sound, from the samples on: the log-mel pictures count too."""
    r, seconds = case.r, case.values["max_source_positions"] // 50
    count = r.choice([400, 8000, 16000 * seconds, 16000 * seconds * 2 + 321, r.randrange(400, 80000)])
    place = torch.arange(count) / 16000
    sound = 0.3 * torch.sin(2 * torch.pi * (200 + 300 * place) * place) + 0.1 * torch.randn(count, generator=case.generator)
    samples = (sound * 32768).round().clamp(-32768, 32767).short()
    with wave.open(str(folder / "sound.wav"), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16000)
        out.writeframes(samples.numpy().tobytes())
    said = ours([program, "embed", "--encoder", str(folder), "--tokens", str(folder / "sound.wav"), "-o",
                 str(folder / "sound.safetensors")])
    if said:
        return said, 0, 0
    extractor = transformers.WhisperFeatureExtractor(feature_size=case.values["num_mel_bins"], chunk_length=seconds)
    wanted, single = [], []
    for start in range(0, count, 16000 * seconds):
        part = samples[start:start + 16000 * seconds].numpy().astype("float32") / 32768
        mel = extractor(part, sampling_rate=16000, return_tensors="pt").input_features
        with torch.no_grad():
            for model, to, kind in ((models[0], single, torch.float32), (models[1], wanted, torch.float64)):
                to.append(model.get_encoder()(mel.to(kind)).last_hidden_state[0][:-(-len(part) // 320)])
    wanted = torch.cat(wanted)
    return None, difference(load_file(folder / "sound.safetensors")["sound.wav"], wanted), \
        difference(torch.cat(single), wanted)


def run_case(case, folder, bench, program):
    """-> (kind, what to print)"""
    try:
        form = write_folder(case, folder)
        models = load_reference(case, folder)
    except Exception as problem:  # whatever transformers says against a configuration
        return "transformers", f"transformers: {str(problem)[:150]}"
    worst, floor, refusals = 0, 0, []
    for name, run in (("sound", run_sound),) if case.family == "whisper" else (("ids", run_ids), ("text", run_text)):
        try:
            said, error, loss = run(case, folder, bench if name == "ids" else program, models)
        except (IndexError, ValueError, KeyError, AssertionError, TypeError) as problem:
            return "transformers", f"{form}: {name}: transformers: {str(problem)[:150]}"
        except RuntimeError as problem:
            kind = "WRONG" if "signal" in str(problem) else "transformers"
            return kind, f"{form}: {name}: {str(problem)[:150]}"
        if said:
            refusals.append(f"{name}: {said.splitlines()[-1].replace(str(folder), 'FOLDER')}")
        if error > max(1e-5, 10 * loss):
            return "WRONG", f"{form}: {name} differs by {error:.2e} (transformers' float32 {loss:.1e}), {case.values}"
        worst, floor = max(worst, error), max(floor, loss)
    case.worst, case.ratio = worst, worst / max(floor, 1e-7)
    if refusals:
        return "refused", f"{form}: {refusals[0]}"
    return "equal", f"{form}: {worst:.1e} (transformers' float32 {floor:.1e})"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    parser.add_argument("program")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--family", choices=list(FAMILIES))
    parser.add_argument("--only", type=int)
    parser.add_argument("--keep")
    parser.add_argument("--verbose", action="store_true")
    a = parser.parse_args()
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(1)
    table = collections.defaultdict(collections.Counter)
    worst, gradient = collections.defaultdict(float), collections.defaultdict(float)
    ratio = collections.defaultdict(list)
    sentences = collections.Counter()
    for number in [a.only] if a.only is not None else range(a.count):
        case = Case(a.seed, number, a.family)
        with tempfile.TemporaryDirectory() as work:
            folder = pathlib.Path(a.keep or work)
            folder.mkdir(exist_ok=True)
            kind, text = run_case(case, folder, a.bench, a.program)
        table[case.family][kind] += 1
        if kind == "equal":
            worst[case.family] = max(worst[case.family], case.worst)
            gradient[case.family] = max(gradient[case.family], case.gradient)
            ratio[case.family].append(case.ratio)
        if kind == "refused":
            sentences[text.split(": ", 4)[-1]] += 1
        if kind != "equal" or a.verbose or a.only is not None:
            print(f"{number} {case.family} {kind}: {text}", flush=True)
    for sentence, times in sentences.most_common():
        print(f"refused {times} times: {sentence}")
    print("family            equal  refused  WRONG  transformers cannot  largest error  of gradients  median and largest"
          " of error / transformers' float32")
    for family, row in sorted(table.items()):
        print(f"{family:<16}{row['equal']:7}{row['refused']:9}{row['WRONG']:7}{row['transformers']:21}"
              f"{worst[family]:15.1e}{gradient[family]:14.1e}  {statistics.median(ratio[family] or [0]):.2f} {max(ratio[family] or [0]):.2f}")


if __name__ == "__main__":
    main()
