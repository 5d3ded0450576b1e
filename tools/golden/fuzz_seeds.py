#!/usr/bin/env python3
"""First inputs of the fuzz targets (tests/fuzz/fuzz_*.c).  usage: fuzz_seeds.py tests/fuzz/seeds

Python's own library alone.  Formats of the targets: their header comments.
"""
import json, os, struct, sys

out = sys.argv[1]
MARK = "\x1e"


def put(target, name, data):
    os.makedirs(os.path.join(out, target), exist_ok=True)
    with open(os.path.join(out, target, name), "wb") as file:
        file.write(data.encode() if isinstance(data, str) else data)


def text(value):
    return json.dumps(value, separators=(",", ":"))


def safetensors(tensors, metadata=None):
    """tensors: name -> (type, shape, bytes)"""
    header, at = {"__metadata__": metadata} if metadata else {}, 0
    for name, (kind, shape, data) in tensors.items():
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    head = text(header).encode()
    return struct.pack("<Q", len(head)) + head + b"".join(data for _, _, data in tensors.values())


def ctranslate2(name, variables, aliases=()):
    def word(value):
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"
    types = {"f": (0, 4), "b": (1, 1), "h": (2, 2), "i": (3, 4), "e": (4, 2)}
    data = struct.pack("<I", 6) + word(name) + struct.pack("<II", 3, len(variables))
    for variable, kind, shape in variables:
        count = 1
        for size in shape:
            count *= size
        number, size = types[kind]
        data += word(variable) + struct.pack("<B", len(shape)) + b"".join(struct.pack("<I", s) for s in shape)
        values = bytes(i % 30 for i in range(count * size)) if shape else b"\1" + b"\0" * (size - 1)
        data += struct.pack("<BI", number, count * size) + values
    data += struct.pack("<I", len(aliases))
    return data + b"".join(word(a) + word(b) for a, b in aliases)


# --- weights: the PyTorch archives and pickles are tests/golden/weights ---------------------------------------------
floats = struct.pack("<6f", 1, -2, 0.5, 0, 3, 4)
put("weights", "types.safetensors", safetensors({
    "a.weight": ("F32", [2, 3], floats), "half": ("F16", [2], b"\x00\x3c\x00\xc0"), "brain": ("BF16", [1], b"\x80\x3f"),
    "double": ("F64", [1], struct.pack("<d", 2)), "long": ("I64", [1], struct.pack("<q", -1)),
    "int": ("I32", [1], struct.pack("<i", -1)), "short": ("I16", [1], b"\1\0"), "byte": ("I8", [2], b"\1\xff"),
    "unsigned": ("U8", [1], b"\xff"), "flag": ("BOOL", [1], b"\1"), "nothing": ("F32", [0, 4], b""),
    "one": ("F32", [], struct.pack("<f", 7))}, {"format": "pt", "note": "n\u00e4"}))
put("weights", "whisper.ct2", ctranslate2("WhisperSpec", [
    ("encoder/conv1/weight", "f", [2, 3, 1]), ("encoder/num_heads", "h", []), ("decoder/embeddings/weight", "b", [3, 2]),
    ("decoder/embeddings/weight_scale", "f", [3]), ("decoder/scale_embeddings", "b", [1]), ("half", "e", [2]),
    ("int", "i", [1])], [("decoder/projection/weight", "decoder/embeddings/weight")]))

# --- configurations of encoders: a byte modulo 3 and the JSON ---------------------------------------------------------
bert = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16, "hidden_act": "gelu",
        "max_position_embeddings": 32, "layer_norm_eps": 1e-12, "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1, "vocab_size": 50}
families = {
    "bert": {**bert, "type_vocab_size": 2, "position_embedding_type": "absolute", "is_decoder": False},
    "roberta": {**bert, "type_vocab_size": 1, "pad_token_id": 1},
    "xlm-roberta": {**bert, "type_vocab_size": 1, "pad_token_id": 1},
    "mpnet": {**bert, "relative_attention_num_buckets": 32, "pad_token_id": 1},
    "albert": {**bert, "embedding_size": 4, "num_hidden_groups": 1, "inner_group_num": 1, "hidden_act": "gelu_new"},
    "deberta-v2": {**bert, "relative_attention": True, "position_buckets": 8, "max_relative_positions": -1,
                   "pos_att_type": ["p2c", "c2p"], "share_att_key": True, "position_biased_input": False,
                   "norm_rel_ebd": "layer_norm", "conv_kernel_size": 0, "type_vocab_size": 0},
    "distilbert": {"dim": 8, "n_layers": 2, "n_heads": 2, "hidden_dim": 16, "max_position_embeddings": 32, "dropout": 0.1,
                   "attention_dropout": 0.1, "activation": "gelu", "vocab_size": 50},
    "xlnet": {"d_model": 8, "n_layer": 2, "n_head": 2, "d_head": 4, "d_inner": 16, "ff_activation": "gelu",
              "layer_norm_eps": 1e-12, "dropout": 0.1, "attn_type": "bi", "clamp_len": -1, "bi_data": False,
              "same_length": False, "vocab_size": 50},
    "gpt2": {"n_embd": 8, "n_layer": 2, "n_head": 2, "n_positions": 32, "n_inner": 16, "activation_function": "gelu_new",
             "layer_norm_epsilon": 1e-5, "resid_pdrop": 0.1, "attn_pdrop": 0.1, "scale_attn_weights": True,
             "vocab_size": 50},
    "t5": {"d_model": 8, "num_layers": 2, "num_heads": 2, "d_kv": 4, "d_ff": 16, "relative_attention_num_buckets": 32,
           "relative_attention_max_distance": 128, "layer_norm_epsilon": 1e-6, "dropout_rate": 0.1,
           "feed_forward_proj": "gated-gelu", "vocab_size": 50}}
for family, config in families.items():
    put("encoder_config", family, "1" + text({"model_type": family, **config}))
    put("encoder_config", family + ".short", "1" + text({"model_type": family}))
for modality, channels, frames, rows, columns in (("vision", 3, 2, 28, 28), ("audio", 1, 1, 32, 48)):
    put("encoder_config", "imagebind." + modality, "0" + text({
        "modality": modality, "width": 8, "layers": 2, "heads": 2, "hidden": 16, "out": 8, "channels": channels,
        "frames": frames, "rows": rows, "columns": columns, "kernel": 14, "stride": 14, "initial_scale_millionths": 20000}))
whisper = {"model_type": "whisper", "activation_function": "gelu", "scale_embedding": False, "num_mel_bins": 80,
           "d_model": 8, "encoder_layers": 1, "encoder_attention_heads": 2, "encoder_ffn_dim": 16,
           "max_source_positions": 1500, "decoder_layers": 2, "decoder_attention_heads": 2, "decoder_ffn_dim": 16,
           "vocab_size": 1700, "max_target_positions": 60}
put("encoder_config", "whisper", "2" + text(whisper))

# --- transcripts: a byte modulo 4 (srt, vtt, txt, json) and the file ---------------------------------------------------
put("transcript", "srt", "01\r\n00:00:01,500 --> 00:00:02,250\r\n<i>Hello</i> <font color=\"red\">you</font>\r\n{\\an8}there"
    "\r\n\r\n2\n1:05 --> 1:06 X1:10 X2:20\n- Oui\n12\n\nstill\n")
put("transcript", "vtt", "1WEBVTT - a title\nKind: captions\n\nNOTE this\nis one\n\nSTYLE\n::cue { color: red }\n\nid\n"
    "00:01.000 --> 00:02.500 align:start\n<v Ann>one &amp; <c.loud>two</c> <00:01.500>three\n\n1:00:00.000 --> 1:00:01.000\nend\n")
put("transcript", "txt", "2One line.\n\nAnother \u00e9t\u00e9.\n")
put("transcript", "json", "3" + text([{"start": 0, "end": 1.5, "text": "Good"}, {"start": "00:00:02", "end": 3, "text": ""}]))
put("transcript", "json.segments", "3" + text({"segments": [{"start": 0.25, "end": 1, "text": "hm", "words": [
    {"word": "hm", "start": 0.25, "end": 0.5}]}], "text": "hm", "language": "en"}))

# --- tables and MMSA's label files -------------------------------------------------------------------------------------
head = "video_id,clip_id,text,label,label_T,label_A,label_V,annotation,mode"
put("dataset", "table", '0\ufeffa,"b ""c""",\r\n"line\nend",2\n\n,,\n"x"y,\'z\'')
put("dataset", "sims", "1\0" + head + "\nv,1,good,0.5,1,-0.2,0,Positive,train\nv,2,bad,-1,,,,Negative,valid\nw,0001,so,0,0,0,0,,test\n")
put("dataset", "headless", "1\1v,1,good,0.5,1,-0.2,0,Positive,train\nv,2,bad,x,,,,Negative,valid\nw,1,so,0,0,0,0,,test\n")
put("dataset", "selfmm", "1\3\ufeffvideo_id,clip_id,text,label,annotation,mode,label_by\r\nv,1,GOOD,0.5,Positive,train,0\r\n"
    "v,2,\"bad, really\",7,Negative,dev,2\r\n")
put("dataset", "classes", "2\0" + head + ",emotion,emotion_T\nv,1,good,,,,,,train,joy,joy\nv,2,bad,,,,,,val,anger,\nv,3,so,,,,,,test,,joy\n")
older = {letter: "video_id,clip_id,text,label\nv,1,good,%g\nv,2,bad,%g\nw,1,so,0\n" % (0.1 * i, -0.1 * i)
         for i, letter in enumerate("MTAV", 1)}
older.update(r="video_id,clip_id\nv,1\n", v="index\n1\n", e=",0\n0,2\n")
put("dataset", "older", "3\0" + "".join(MARK + letter + data for letter, data in older.items()))

# --- configuration: a byte modulo 3 (YAML, --set, JSON) -----------------------------------------------------------------
put("configuration", "yaml", "0# notes\nmodel:\n  name: \"a \\\"b\\\"\"\n  width: 64\n  dropout: 0.25\n  text: yes\nperceiver.latents: 4\n"
    "interaction: {gate: tanh, layers: 1}\ntext: {encoder: 'minilm-l6'}\ntrain:\n  seed: 9007199254740992\n  rate: 1e-3\n  schedule: cosine\n")
put("configuration", "anchor", "0a: &x 1\nmodel: {<<: *x, width: *x}\n? [model]\n: - 1\n--- |\n  text\n...\n")
put("configuration", "set", "1model.width=128\nmodel.dropout=0\ntext.encoder=a=b\nlabels.scheme=self_mm\nvision.crops=3\ntrain.check_finite=on\n"
    "labels.mix_text=-1\nwidth=1\n")
put("configuration", "json", "2" + text({"model": {"name": "x", "width": 64, "dropout": 0.5, "text": True}, "train": {
    "seed": 1.0, "rate": 5e-4, "schedule": "linear"}, "contrast.tau_rank": 2}))

# --- models' folders -----------------------------------------------------------------------------------------------------
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b"]
tiny = {"model_type": "bert", "vocab_size": 7, "hidden_size": 1, "num_hidden_layers": 1, "num_attention_heads": 1,
        "intermediate_size": 1, "max_position_embeddings": 4, "type_vocab_size": 2, "hidden_act": "gelu"}


def bert_tensors():
    shapes = {"embeddings.word_embeddings.weight": [7, 1], "embeddings.position_embeddings.weight": [4, 1],
              "embeddings.token_type_embeddings.weight": [2, 1], "embeddings.LayerNorm.weight": [1],
              "embeddings.LayerNorm.bias": [1]}
    for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
                 "intermediate.dense", "output.dense"):
        shapes["encoder.layer.0.%s.weight" % part] = [1, 1]
        shapes["encoder.layer.0.%s.bias" % part] = [1]
    for part in ("attention.output.LayerNorm", "output.LayerNorm"):
        shapes["encoder.layer.0.%s.weight" % part] = [1]
        shapes["encoder.layer.0.%s.bias" % part] = [1]
    result = {}
    for name, shape in shapes.items():
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        result[name] = ("I8" if count == 7 else "F32", shape, b"\x00" * (count if count == 7 else 4 * count))
    result["embeddings.word_embeddings.weight_scale"] = ("F32", [7], b"\x00\x00\x80\x3f" * 7)
    return result


def files(**parts):
    return b"".join(b"\x1e" + letter.encode() + (data if isinstance(data, bytes) else data.encode())
                    for letter, data in parts.items())


all_of_it = bert_tensors()
half = len(all_of_it) // 2
shards = [dict(list(all_of_it.items())[:half]), dict(list(all_of_it.items())[half:])]
index = text({"metadata": {"total_size": 100}, "weight_map": {name: "ab"[i] + ".safetensors"
                                                             for i, shard in enumerate(shards) for name in shard}})
manifest = text({"name": "m", "family": "bert", "source": "x", "licence": "MIT", "weights": "",
                 "files": {"config.json": {"sha256": "0" * 64, "bytes": 2}, "vocab.txt": {"sha256": "1" * 64, "bytes": 1}}})
put("models", "bert", files(c=text(tiny), w=safetensors(all_of_it), v="\n".join(words) + "\n", s=manifest))
put("models", "shards", files(c=text(tiny), i=index, a=safetensors(shards[0]), b=safetensors(shards[1]), v="\n".join(words) + "\n"))
put("models", "two", files(i=text({"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}}),
                           a=safetensors({"x": ("F32", [1], b"\0\0\0\0")}), b=safetensors({"y": ("F16", [1], b"\0\0")})))
put("models", "fetch", b"\x1ef" + files(i=text({"weight_map": {"x": "a.safetensors"}}), c=text(tiny),
                                        a=safetensors({"x": ("F32", [1], b"\0\0\0\0")}), v="a\n"))
put("models", "fetch.manifest", b"\x1ef" + files(s=manifest, c="{}", v="a"))
put("models", "weights", files(s=text({"weights": "model.safetensors", "files": {}}), w=safetensors({}, {"imagebind.vision": "{}"})))
put("models", "imagebind", files(w=safetensors({"modality_trunks.vision.blocks.0.attn.in_proj_weight": ("F32", [3, 1], b"\0" * 12)}, {
    "imagebind.vision": text({"modality": "vision", "width": 1, "layers": 1, "heads": 1, "hidden": 1, "out": 1, "channels": 3,
                              "frames": 2, "rows": 8, "columns": 8, "kernel": 8, "stride": 8})})))
put("models", "whisper", files(c=text(whisper), w=safetensors({
    "model.encoder.conv1.weight": ("F16", [8, 80, 3], b"\0" * 3840), "model.encoder.conv1.bias": ("F32", [8], b"\0" * 32)})))
put("models", "whisper.ct2", files(**{"c": text(whisper), "2": ctranslate2("WhisperSpec", [
    ("encoder/conv1/weight", "f", [2, 4, 3]), ("encoder/num_heads", "h", []), ("decoder/num_heads", "h", []),
    ("encoder/layer_0/ffn/linear_0/weight", "f", [2, 2]), ("decoder/layer_0/ffn/linear_0/weight", "f", [2, 2]),
    ("encoder/position_encodings/encodings", "f", [3, 2]), ("decoder/position_encodings/encodings", "f", [3, 2]),
    ("decoder/embeddings/weight", "f", [3, 2])])}))

# --- tokenizers' folders ---------------------------------------------------------------------------------------------------
put("tokenizer_folder", "wordpiece", files(v="\n".join(words + ["##b", "42"]) + "\n", o=text({
    "do_lower_case": True, "unk_token": "[UNK]", "strip_accents": None, "model_max_length": 512, "tokenizer_class": "BertTokenizer",
    "padding_side": "left"}), s=text({"mask_token": {"content": "[MASK]", "lstrip": True}}), a=text({"<m>": 9})))
put("tokenizer_folder", "mpnet", files(v="<s>\n<pad>\n</s>\n[UNK]\n<mask>\na\n", o=text({"tokenizer_class": "MPNetTokenizer",
    "cls_token": "<s>", "unk_token": "[UNK]"})))
put("tokenizer_folder", "bytes", files(j=text({"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "a": 4, "b": 5, "ab": 6, "\u0120": 7, "<mask>": 8}),
    m="#version: 0.2\na b\n", c=text({"model_type": "roberta"}), o=text({"add_prefix_space": True, "unk_token": "<unk>"})))
put("tokenizer_folder", "gpt2", files(j=text({"<|endoftext|>": 0, "a": 1, "b": 2, "ab": 3}), m="a b\r\n", c=text({"model_type": "gpt2"})))
put("tokenizer_folder", "json", files(t=text({"added_tokens": [{"id": 2, "content": "<m>", "special": True}], "model": {
    "type": "WordLevel", "unk_token": "a", "vocab": {"a": 0, "b": 1}}}), o=text({"pad_token": "a", "cls_token": {"content": "<m>"}}),
    s=text({"sep_token": "b"})))


def piece(spelling, score, kind=None):
    data = b"\x0a" + bytes([len(spelling.encode())]) + spelling.encode() + b"\x15" + struct.pack("<f", score)
    data += bytes([0x18, kind]) if kind else b""
    return b"\x0a" + bytes([len(data)]) + data


def pieces(kind):
    model = piece("<unk>", 0, 2) + piece("<s>", 0, 3) + piece("</s>", 0, 3) + piece("\u2581", -1) + piece("a", -2) + piece("b", -2)
    model += piece("ab", -1.5) + piece("[M]", 0, 4)
    return model + b"\x12\x02\x18" + bytes([kind]) + b"\x1a\x04\x18\x01\x20\x01"


for name, config in (("xlm-roberta", "XLMRobertaTokenizer"), ("albert", "AlbertTokenizer"), ("t5", "T5Tokenizer"),
                     ("deberta-v2", "DebertaV2Tokenizer"), ("xlnet", "XLNetTokenizer")):
    put("tokenizer_folder", "pieces." + name, files(p=pieces(1), c=text({"model_type": name}), o=text({
        "tokenizer_class": config, "extra_ids": 2, "do_lower_case": True, "keep_accents": False, "remove_space": True})))

# --- Whisper's lists ---------------------------------------------------------------------------------------------------------
put("speech", "hugging-face", text({"is_multilingual": True, "suppress_tokens": [1, 2], "begin_suppress_tokens": [0, 3],
    "alignment_heads": [[0, 1], [2, 0]], "lang_to_id": {"<|en|>": 5}}) + MARK + text({"model_type": "whisper"}))
put("speech", "ctranslate2", MARK + text({"suppress_ids": [1, 2], "suppress_ids_begin": [0], "alignment_heads": [[1, 1]],
    "lang_ids": [5, 6]}))
put("speech", "nothing", "{}" + MARK + "{}")

# --- the model file: one byte stands for a file that the target makes ----------------------------------------------------------
put("model_file", "ready", "0")
put("model_file", "encoders", "1")
