#!/usr/bin/env python3
"""Small tokenizers of every family and the ids that the public packages give for them.

Made with tokenizers 0.22.2, transformers 4.57.1, sentencepiece 0.2.0 (0.2.3 breaks ties between equal
scores otherwise than all versions before it, Debian 12's 0.1.97 among them), protobuf installed.
Usage: tools/golden/text.py writes tests/golden/text/: corpus.bin (records: u32 length, bytes), and for each tokenizer
NAME.json or NAME.model and NAME.ids (for each record: u16 count, u16 ids).  NAME.at holds starts and ends in bytes
(u16) for the records that are well-formed, where places are compared; NAME.text the first 100 decoded again; NAME.pair
ids and types of a pair.
experiments/tokenizers/parity.py trains the same ones at a larger size.
"""
import io, json, os, shutil, struct, sys, tempfile

import sentencepiece
from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers)

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import text_corpus  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def bert(lines, size, lower, accents=None, chinese=True):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    t.normalizer = normalizers.BertNormalizer(lowercase=lower, strip_accents=accents, handle_chinese_chars=chinese)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.train_from_iterator(lines, trainers.WordPieceTrainer(show_progress=False, vocab_size=size, special_tokens=BERT, limit_alphabet=size // 2))
    t.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", t.token_to_id("[CLS]")), ("[SEP]", t.token_to_id("[SEP]"))])
    t.decoder = decoders.WordPiece()
    return t


def mpnet(lines, size):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer()
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "[UNK]", AddedToken("<mask>", lstrip=True, normalized=False, special=True)]
    t.train_from_iterator(lines, trainers.WordPieceTrainer(show_progress=False, vocab_size=size, special_tokens=special, limit_alphabet=size // 2))
    t.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False)
    t.decoder = decoders.WordPiece()
    return t


def byte_level(lines, size, special, prefix, post):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    t.train_from_iterator(lines, trainers.BpeTrainer(show_progress=False, vocab_size=size, special_tokens=special,
                                                     initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    t.post_processor = post(t)
    t.decoder = decoders.ByteLevel()
    return t


def roberta(lines, size):
    mask = AddedToken("<mask>", lstrip=True, normalized=False, special=True)
    return byte_level(lines, size, ["<s>", "<pad>", "</s>", "<unk>", mask], False,
                      lambda t: processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False))


def gpt2(lines, size):
    return byte_level(lines, size, ["<|endoftext|>"], True, lambda t: processors.ByteLevel(trim_offsets=False))


def roberta_prefix(lines, size):
    return byte_level(lines, size, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"], True,
                      lambda t: processors.Sequence([processors.ByteLevel(trim_offsets=True, add_prefix_space=True),
                                                     processors.BertProcessing(("</s>", 2), ("<s>", 0))]))


def whisper(lines, size):
    t = byte_level(lines, size, [], False, lambda t: None)
    special = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|zh|>", "<|transcribe|>", "<|nospeech|>", "<|notimestamps|>"]
    t.add_special_tokens(special)
    n = t.token_to_id
    t.post_processor = processors.TemplateProcessing(
        single="<|startoftranscript|> <|notimestamps|> $A <|endoftext|>",
        pair="<|startoftranscript|> <|notimestamps|> $A $B:1 <|endoftext|>:1",
        special_tokens=[(x, n(x)) for x in (special[0], special[1], special[6])])
    return t


def llama(lines, size):
    """SentencePiece's BPE with byte fallback, as Llama's tokenizer.json has it."""
    special = ["<unk>", "<s>", "</s>"] + [f"<0x{i:02X}>" for i in range(256)]
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    t.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    t.train_from_iterator(lines, trainers.BpeTrainer(show_progress=False, vocab_size=size, special_tokens=special, limit_alphabet=size // 3))
    j = json.loads(t.to_str())
    j["pre_tokenizer"] = None
    j["added_tokens"] = j["added_tokens"][:3]
    j["model"]["merges"] = [" ".join(x) for x in j["model"]["merges"]]
    t = Tokenizer.from_str(json.dumps(j))
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    t.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)])
    return t


def suffixed(lines, size):
    """BPE with an end-of-word suffix (GPT-1, CLIP) and fused unknowns."""
    t = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>", fuse_unk=True))
    t.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.train_from_iterator(lines, trainers.BpeTrainer(show_progress=False, vocab_size=size, special_tokens=["<unk>"], end_of_word_suffix="</w>", limit_alphabet=size // 3))
    t.decoder = decoders.BPEDecoder("</w>")
    return t


def word_level(lines, size):
    """Parts that the families above do not have."""
    t = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    t.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Strip(), normalizers.NFD(), normalizers.StripAccents(),
                                         normalizers.Replace(Regex(r"\s+"), " "), normalizers.Replace("movie", "film")])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=True),
                                               pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.Split("q", "merged_with_previous")])
    t.train_from_iterator(lines, trainers.WordLevelTrainer(show_progress=False, vocab_size=size, special_tokens=["[UNK]", "[PAD]"]))
    t.add_tokens([AddedToken("great", single_word=True, rstrip=True), AddedToken("FILM", normalized=True), AddedToken("é!", normalized=True)])
    return t


def split_gpt2(lines, size):
    t = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    t.normalizer = normalizers.NFKD()
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"), "removed", invert=True),
        pre_tokenizers.Split(Regex(r"\p{N}{3}"), "isolated"), pre_tokenizers.WhitespaceSplit()])
    t.train_from_iterator(lines, trainers.WordLevelTrainer(show_progress=False, vocab_size=size, special_tokens=["[UNK]"]))
    return t


def sentencepiece_model(lines, size, path, kind="unigram", full=False, **options):
    """Train a .model; full: sentencepiece's own nmt_nfkc map, else a small one (the full one has 240 kB)."""
    out = io.BytesIO()
    if full:
        options["normalization_rule_name"] = "nmt_nfkc"
    else:
        rules = [(chr(0xFF01 + i), chr(0x21 + i)) for i in range(94)]
        rules += [("\u3000", " "), ("\u00a0", " "), ("\t", " "), ("\n", " "), ("\u200b", " "), ("ﬁ", "fi"), ("½", "1/2"), ("™", "TM"), ("㍿", "株式会社"),
                  ("e\u0301", "é"), ("a\u0308", "ä"), ("①", "1"), ("…", "..."), ("\u0001", ""), ("\u001f", ""), ("①", "1"), ("²", "2"),
                  ("ﾊ", "ハ"), ("№", "No"), ("a\u0301", "x")]
        with tempfile.NamedTemporaryFile("w", suffix=".tsv", delete=False) as f:
            for a, b in dict(rules).items():
                f.write(" ".join(f"{ord(c):X}" for c in a) + "\t" + " ".join(f"{ord(c):X}" for c in b) + "\n")
        options["normalization_rule_tsv"] = f.name
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter([x for x in lines if x.strip()]), model_writer=out, vocab_size=size, model_type=kind,
                                             character_coverage=0.98 if not full else .9995, hard_vocab_limit=False, minloglevel=2, num_threads=1,
                                             max_sentence_length=100000, **options)
    if not full:
        os.unlink(f.name)
    with open(path, "wb") as g:
        g.write(out.getvalue())
    return path


SPM = {
    "xlnet": ("XLNetTokenizer", dict(unk_id=0, bos_id=1, eos_id=2, pad_id=-1, control_symbols=["<cls>", "<sep>", "<pad>", "<mask>", "<eod>", "<eop>"])),
    "albert": ("AlbertTokenizer", dict(pad_id=0, unk_id=1, bos_id=-1, eos_id=-1, control_symbols=["[CLS]", "[SEP]", "[MASK]"])),
    "t5": ("T5Tokenizer", dict(pad_id=0, eos_id=1, unk_id=2, bos_id=-1)),
    "xlmr": ("XLMRobertaTokenizer", dict(unk_id=0, bos_id=1, eos_id=2, pad_id=-1)),
    "camembert": ("CamembertTokenizer", dict(unk_id=0, bos_id=1, eos_id=2, pad_id=-1)),
    "deberta": ("DebertaV2Tokenizer", dict(pad_id=0, bos_id=1, eos_id=2, unk_id=3, bos_piece="[CLS]", eos_piece="[SEP]", pad_piece="[PAD]", unk_piece="[UNK]")),
}
FILES = {"xlnet": "spiece.model", "albert": "spiece.model", "t5": "spiece.model", "xlmr": "sentencepiece.bpe.model", "camembert": "sentencepiece.bpe.model", "deberta": "spm.model"}


def read_json(path):
    t = Tokenizer.from_file(path)
    t.no_truncation()
    t.no_padding()
    return (lambda texts: [(e.ids, e.offsets) for e in t.encode_batch(texts)]), (lambda ids: t.decode(ids, skip_special_tokens=False))


def make(folder, size, full=False):
    """Yields name, path, encode(texts) -> [(ids, character offsets or None)], decode(ids) or None."""
    import transformers
    transformers.logging.set_verbosity_error()
    lines = text_corpus.plain(6000 if full else 3000)
    native = {
        "bert-uncased": lambda: bert(lines, size, True), "bert-cased": lambda: bert(lines, size, False, False),
        "bert-accents": lambda: bert(lines, size, True, False, False), "mpnet-small": lambda: mpnet(lines, size),
        "roberta": lambda: roberta(lines, size), "gpt2": lambda: gpt2(lines, size), "byte-prefix": lambda: roberta_prefix(lines, size),
        "whisper": lambda: whisper(lines, size), "llama": lambda: llama(lines, size), "bpe-suffix": lambda: suffixed(lines, size),
        "word-level": lambda: word_level(lines, size // 2), "split-gpt2": lambda: split_gpt2(lines, size // 2),
    }
    for name, build in native.items():
        path = f"{folder}/{name}.json"
        build().save(path, pretty=False)
        yield (name, path, *read_json(path))
    lines += ["99, 9, 1, 2, 99, 9, 1,"] * 100  # pieces that end in a digit and a comma
    for name, (kind, options) in SPM.items():
        os.makedirs(f"{folder}/{name}", exist_ok=True)
        model = sentencepiece_model(lines, size, f"{folder}/{name}/{FILES[name]}", full=full, **options)
        with open(f"{folder}/{name}/tokenizer_config.json", "w") as f:
            json.dump({"tokenizer_class": kind}, f)
        more = {"add_prefix_space": True} if name == "t5" else {}  # without it 4.57 writes "never", AutoTokenizer "always"
        fast = getattr(transformers, kind + "Fast")(vocab_file=model, **more)
        path = f"{folder}/{name}.json"
        fast.backend_tokenizer.save(path, pretty=False)
        yield (name, path, *read_json(path))
        # Not through JSON, where the package reads a fifth of the scores one unit in the last place off.
        yield (name + ".model", f"{folder}/{name}", lambda texts, t=fast.backend_tokenizer: [(e.ids, e.offsets) for e in t.encode_batch(texts)], None)
    for kind in ("unigram", "bpe"):
        model = sentencepiece_model(lines, size, f"{folder}/plain-{kind}.model", kind, full=full, byte_fallback=kind == "bpe")
        p = sentencepiece.SentencePieceProcessor(model_file=model)
        yield ("plain-" + kind, model, lambda texts, p=p: [(p.encode(x), None) for x in texts], None)


PLACES = ["bert-uncased", "bert-cased", "bert-accents", "mpnet-small", "roberta", "gpt2", "whisper", "llama"]
TEXTS = ["bert-uncased", "whisper", "llama", "bpe-suffix", "xlnet", "word-level"]
PAIR = ("What a day it was, wasn't it?", "naïve 好 [MASK] <mask> 42")


def numbers(path, lists):
    with open(path, "wb") as f:
        for x in lists:
            f.write(struct.pack(f"<H{len(x)}H", len(x), *x))


def byte_places(text, offsets):
    at = [0]
    for c in text:
        at.append(at[-1] + len(c.encode()))
    return [at[a] for a, _ in offsets] + [at[b] for _, b in offsets]


def main():
    """All of them, or those named as arguments."""
    out, wanted = f"{ROOT}/tests/golden/text", sys.argv[1:]
    if not wanted:
        shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out, exist_ok=True)
    lines = text_corpus.corpus(300, 7)
    texts = [x.decode(errors="replace") for x in lines]
    with open(f"{out}/corpus.bin", "wb") as f:
        for x in lines:
            f.write(struct.pack("<I", len(x)) + x)
    with tempfile.TemporaryDirectory() as d:
        for name, path, encode, decode in make(d, 1100):
            if wanted and name.split(".")[0] not in wanted:
                continue
            got = encode(texts)
            if os.path.isdir(path):  # the ids are those of the .json beside
                for file in os.listdir(path):
                    os.makedirs(f"{out}/{name}", exist_ok=True)
                    shutil.copy(f"{path}/{file}", f"{out}/{name}/{file}")
                continue
            shutil.copy(path, out)
            numbers(f"{out}/{name}.ids", [x for x, _ in got])
            if name in PLACES:
                numbers(f"{out}/{name}.at", [byte_places(t, x[1]) if t.encode() == b else [] for t, b, x in zip(texts, lines, got)])
            if name in TEXTS:
                with open(f"{out}/{name}.text", "wb") as f:
                    for x, _ in got[:100]:
                        text = decode(x).encode()
                        f.write(struct.pack("<H", len(text)) + text)
            if path.endswith(".json"):
                pair = Tokenizer.from_file(path).encode(*PAIR)
                numbers(f"{out}/{name}.pair", [pair.ids, pair.type_ids])
    if wanted:
        return
    # The same vocabulary as a vocab.txt; the ids are those of bert-uncased.json.
    vocab = json.load(open(f"{out}/bert-uncased.json"))["model"]["vocab"]
    with open(f"{out}/vocab.txt", "w") as f:
        f.write("".join(x + "\n" for x in sorted(vocab, key=vocab.get)))
    # GPT-2's vocabulary and merges in two files; the ids are those of gpt2.json without its added space.
    os.makedirs(f"{out}/gpt2-files")
    model = json.load(open(f"{out}/gpt2.json"))["model"]
    json.dump(model["vocab"], open(f"{out}/gpt2-files/vocab.json", "w"), ensure_ascii=False)
    with open(f"{out}/gpt2-files/merges.txt", "w") as f:
        f.write("#version: 0.2\n" + "".join(" ".join(x) + "\n" for x in model["merges"]))
    json.dump({"add_prefix_space": True}, open(f"{out}/gpt2-files/tokenizer_config.json", "w"))


if __name__ == "__main__":
    main()
