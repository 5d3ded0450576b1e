"""The corpus that tokenizers are compared on: deterministic, mixed, partly malformed (bytes, not text)."""
import random

WORDS = """the of and to in is that it was for on with as you at this but his by from they we say her she or an will my
one all would there their what so up out if about who get which go me when make can like time no just him know take
people into year your good some could them see other than then now look only come its over think also back after use
two how our work first well way even new want because any these give day most us really great movie terrible awful
wonderful boring acting plot character funny scene director brilliant disappointing amazing horrible loved hated
didn't it's can't won't I'm you're they've we'll he'd she's isn't shouldn't o'clock rock'n'roll unbelievably
extraordinarily internationalization counterproductive misunderstanding overwhelmingly heartbreaking don't do-it-yourself
state-of-the-art co-operate naïve café résumé Zürich São Paulo Łódź façade coöperate Ångström jalapeño über Smörgåsbord
déjà vu crème brûlée Dvořák Škoda żółw çok güzel İstanbul ıssız Straße ΑΘΗΝΑ Ελλάδα привет мир Москва Ёлка Київ""".split()
CHINESE = "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运笑哭怒悲喜"
OTHER = ["こんにちは世界", "ありがとうございます", "カタカナ ﾊﾝｶｸ", "안녕하세요 세계", "한국어 문장", "مرحبا بالعالم", "السَّلَامُ عَلَيْكُمْ",
         "नमस्ते दुनिया", "क्षत्रिय", "สวัสดีชาวโลก", "שָׁלוֹם עולם", "ᠮᠣᠩᠭᠣᠯ", "ქართული ენა", "Հայերեն", "አማርኛ", "தமிழ் மொழி", "བོད་ཡིག"]
EMOJI = ["😀", "😂🤣", "👍🏽", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪🇨🇳", "❤️", "☺", "✨🎉", "1️⃣", "🤷🏻‍♀️", "🫠", "♥", "→", "™", "½", "①", "㍿", "ﬁ", "№", "Ⅷ", "²"]
URLS = ["https://www.example.com/a/b?q=1&r=%20x#frag", "http://sub.domain.co.uk:8080/~user/index.html", "user.name+tag@mail.example.org",
        "www.測試.com", "ftp://x.y/z_1-2.tar.gz", "@someone #hashtag #情感", "C:\\Users\\me\\file.txt", "/usr/lib/x86_64-linux-gnu"]
NUMBERS = ["3.14159", "1,234,567.89", "-42", "+1 (555) 010-9999", "2024-02-29T12:34:56Z", "1e-10", "0xDEADBEEF", "100%", "$5.99", "€20", "١٢٣", "१२३",
           "１２３", "½", "10²", "12:30pm", "1st 2nd 3rd", "00007"]
CONTROL = ["\x00", "\x01\x02", "\x07", "\x0b", "\x0c", "\x1b[0m", "\x1f", "\x7f", "\x80", "\x85", "\x9f", "\u200b", "\u200d", "\u200e", "\u2028", "\u2029",
           "\ufeff", "\u00ad", "\u2060", "\ue000", "\ufffd", "\ufffe", "\u0378", "\r\n", "\t", "\n", "\u00a0", "\u3000", "\u2003", "\u180e"]
MALFORMED = [b"\xff", b"\xc3", b"\xe4\xb8", b"\xf0\x9f\x98", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80\x80", b"\xe2\x28\xa1", b"\xf8\x88",
             b"\xfe\xff", b"caf\xe9", b"\xd6\xd0\xb9\xfa", b"\xf0\x9f\x98\xc3\xa9", b"\xe0\x80\x80"]
SPECIAL = ["[MASK]", "[CLS] x [SEP]", "<mask>", "a <mask> b", "<s>", "</s>", "<unk>", "[UNK]", "<pad>", "<|endoftext|>", "<|en|>", "<|0.00|>", "<sep>", "<cls>",
           "<extra_id_0>", "[PAD]", "##ing", "▁word", "▁", "Ġthe", "<0x41>", "<|notimestamps|>", "``quoted''", "( '' )"]
PUNCTUATION = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") + ["...", "?!", "—", "–", "…", "“", "”", "‘", "’", "«", "»", "。", "，", "！", "？", "、", "「", "」", "·", "~~", "--", "''", "¿", "¡", "§", "¶", "٪", "。。。"]


# What chance does not hit: where Unicode versions differ, the edges of grapheme clusters, digits with commas.
HAND = ["a\u2e44b c\u166dd e\u061df g\U00010f55h", "a\u0898b c\u1734d e\ua8c5f go\u08e1od", "a\u0890b c\u08e2d e\u0378f", "\ua7cb \U00010d50 \u1c89 \u0130x",
        "\u32ff \uab69 \U0001fbf1 \U00010781", "x\U0002ebf0y 1\U00010d402 a\U0002ebf0b", "a\u0897b \u24b6 a\u200db \U0001f130",
        "a\u0301 a\u0301\u0301 a\u0301\u0301\u0301 a\u0301\u0301\u0301\u0301", "e\u0301\u0327 e\u0327\u0301 e\u0301\u0323\u0302 a\u0308\u0301",
        "99, 9, 1, 2 99,9,1 \u0663, \u00b2,", "\u1100\u1161\u11a8 \uac00\u11a8 \ud55c\uae00", "I've we'll they're don't 'sup ''s 'LL x'tis \u2019s", "  a  b\n\n c \n d\t\te   ",
        "'tis the ''s", "\n x", "\n\n", "\u3000x",
        "great great! greats ungreat FILM film \u00e9! e\u0301!", "\u09c7\u09be \u0b47\u0b56 \U00011935\U00011930"]


def word(r):
    w = r.choice(WORDS)
    k = r.random()
    return w.upper() if k < .05 else w.capitalize() if k < .2 else w


def combining(r):
    return r.choice("aeiouncsAEIOU") + "".join(r.choice("\u0300\u0301\u0302\u0303\u0308\u030a\u0327\u0328\u0323\u0331") for _ in range(r.randint(1, 3)))


def any_point(r):
    while True:
        c = r.choice([r.randint(0x20, 0x2FF), r.randint(0x300, 0x1FFF), r.randint(0x2000, 0x33FF), r.randint(0x3400, 0x9FFF), r.randint(0xA000, 0xFFFF),
                      r.randint(0x10000, 0x1FFFF), r.randint(0x20000, 0x2FFFF)])
        if not 0xD800 <= c <= 0xDFFF:
            return chr(c)


def piece(r):
    k = r.random()
    if k < .46:
        return " ".join(word(r) for _ in range(r.randint(1, 8)))
    if k < .60:
        return "".join(r.choice(CHINESE) for _ in range(r.randint(1, 14)))
    if k < .65:
        return r.choice(OTHER)
    if k < .70:
        return r.choice(EMOJI)
    if k < .73:
        return r.choice(URLS)
    if k < .78:
        return r.choice(NUMBERS)
    if k < .82:
        return r.choice(CONTROL)
    if k < .85:
        return r.choice(SPECIAL)
    if k < .92:
        return r.choice(PUNCTUATION) * r.choice([1, 1, 1, 2, 3])
    if k < .94:
        return "".join(combining(r) for _ in range(r.randint(1, 4)))
    if k < .96:
        return "".join(any_point(r) for _ in range(r.randint(1, 5)))
    if k < .965:
        return r.choice(["a", "x1", "好", "é", "na", "👍"]) * r.randint(30, 160)
    return r.choice([" ", "  ", "   ", " \t ", "\n\n", "  \n"])


def line(r):
    parts = []
    for _ in range(r.randint(0, 7)):
        text = piece(r).encode()
        if r.random() < .04:
            text = r.choice(MALFORMED)
        parts.append(text)
        parts.append(r.choice([b" ", b" ", b" ", b"", b"", b", ", b". "]))
    return b"".join(parts)


def corpus(count, seed=3):
    """count lines of bytes, the same for the same seed."""
    r = random.Random(seed)
    return [x.encode() for x in HAND][:count] + [line(r) for _ in range(count - len(HAND))]


def plain(count, seed=5):
    """Well-formed lines to train small vocabularies on."""
    return [x.decode(errors="replace").replace("\0", "") for x in corpus(count, seed)]
