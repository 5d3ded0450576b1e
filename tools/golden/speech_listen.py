#!/usr/bin/env python3
"""Golden files for tests/speech/test_listen.c: a tiny random Whisper with windows of 30 s and a tokenizer, as a Hugging
Face folder (tests/golden/speech/tiny), and what faster-whisper 1.2.1 (ctranslate2 4.8.5) hears with the same weights in
a made-up sound of 70 s (listen.json).  The sound is computed from integers, the same here and in the test.

Made with torch 2.15.0 and transformers 4.57.1.
"""
import importlib.util
import json
import pathlib
import tempfile

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import WhisperConfig, WhisperForConditionalGeneration

TOOLS = pathlib.Path(__file__).resolve().parent
ROOT = TOOLS.parents[1] / "tests" / "golden"
SPECIAL = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|zh|>", "<|translate|>", "<|transcribe|>",
           "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]
SUPPRESS = [3, 9, 17]


def sound():
    x, out = 12345, np.zeros(70 * 16000, dtype=np.int32)
    for i in range(out.size):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
        level = (i // 8000 * 7) % 6
        out[i] = (((x >> 16) & 0x7FFF) - 16384) * level // 8
    out[600000:1000000 - 40000] = 0
    return (out / 32768).astype(np.float32)


def main():
    module = importlib.util.spec_from_file_location("whisper_golden", TOOLS / "whisper.py")
    golden = importlib.util.module_from_spec(module)
    source = (TOOLS / "whisper.py").read_text().rsplit("\nmain()", 1)[0]
    exec(compile(source, str(TOOLS / "whisper.py"), "exec"), golden.__dict__)  # its functions alone
    tokenizer = json.loads((ROOT / "text" / "whisper.json").read_text())
    base = len(tokenizer["model"]["vocab"])
    names = [None] * base
    for token, i in tokenizer["model"]["vocab"].items():
        names[i] = token
    like = tokenizer["added_tokens"][0]
    tokenizer["added_tokens"] = [dict(like, id=base + i, content=t) for i, t in enumerate(SPECIAL)]
    tokenizer["post_processor"] = None
    names += SPECIAL + [f"<|{i * 0.02:.2f}|>" for i in range(1501)]
    torch.manual_seed(3)
    config = WhisperConfig(vocab_size=len(names), num_mel_bins=80, d_model=16, encoder_layers=1,
                           encoder_attention_heads=2, decoder_layers=2, decoder_attention_heads=2, encoder_ffn_dim=24,
                           decoder_ffn_dim=24, max_source_positions=1500, max_target_positions=60, pad_token_id=base,
                           bos_token_id=base, eos_token_id=base, decoder_start_token_id=base + 1,
                           suppress_tokens=None, begin_suppress_tokens=None)
    model = WhisperForConditionalGeneration(config)
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(1 + 0.1 * torch.randn_like(p) if "norm.weight" in name else torch.randn_like(p) * 0.4)
    weights = {k: v.clone().half().float().contiguous() for k, v in model.state_dict().items() if k != "proj_out.weight"}
    tiny = ROOT / "speech" / "tiny"
    tiny.mkdir(parents=True, exist_ok=True)
    save_file({k: v.half() for k, v in weights.items()}, tiny / "model.safetensors")
    (tiny / "config.json").write_text(json.dumps({k: v for k, v in config.to_dict().items() if k in (
        "model_type", "vocab_size", "num_mel_bins", "d_model", "encoder_layers", "encoder_attention_heads",
        "decoder_layers", "decoder_attention_heads", "encoder_ffn_dim", "decoder_ffn_dim", "max_source_positions",
        "max_target_positions", "activation_function")}, indent=1))
    heads = [[0, 1], [1, 0]]
    (tiny / "generation_config.json").write_text(json.dumps({
        "is_multilingual": False, "suppress_tokens": SUPPRESS, "begin_suppress_tokens": [base], "alignment_heads": heads}))
    (tiny / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False))
    from faster_whisper import WhisperModel
    result = {}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "model.bin").write_bytes(golden.ctranslate2_file(weights, config))
        (folder / "vocabulary.json").write_text(json.dumps(names))
        (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
        (folder / "config.json").write_text(json.dumps({
            "suppress_ids": SUPPRESS, "suppress_ids_begin": [base], "lang_ids": [base + 2, base + 3],
            "alignment_heads": heads}))
        listener = WhisperModel(str(folder), device="cpu", compute_type="float32", cpu_threads=1)
        listener.max_length = 60
        for beams in (1, 4):
            segments, info = listener.transcribe(sound(), beam_size=beams, temperature=0, word_timestamps=beams == 4,
                                                 condition_on_previous_text=beams == 4, no_speech_threshold=None,
                                                 suppress_tokens=SUPPRESS, language="en")
            result[str(beams)] = [{"start": s.start, "end": s.end, "tokens": s.tokens, "words": [
                {"word": w.word.strip(), "start": w.start, "end": w.end} for w in s.words or []]} for s in segments]
    (ROOT / "speech" / "listen.json").write_text(json.dumps(result, indent=0))
    print({k: [(s["start"], s["end"], len(s["tokens"])) for s in v] for k, v in result.items()})


main()
