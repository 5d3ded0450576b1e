#!/usr/bin/env python3
"""Writes src/text/unicode_difference.c: where the public tokenizers package answers otherwise than libutf8proc.

The package mixes Unicode data of several versions; every code point is asked through its normalisers and
pre-tokenizers and compared with utf8proc.  Made with tokenizers 0.22.2 and utf8proc 2.8.0 (Unicode 15.0).
Usage: tools/golden/text_unicode.py > src/text/unicode_difference.c
"""
import ctypes
from tokenizers import normalizers as N, pre_tokenizers as P

u = ctypes.CDLL("libutf8proc.so.2")
u.utf8proc_category_string.restype = ctypes.c_char_p
points = [c for c in range(0x80, 0x110000) if not 0xD800 <= c <= 0xDFFF]
category = {c: u.utf8proc_category_string(c).decode() for c in points}


def decompose(c, options):
    buffer, boundary = (ctypes.c_int32 * 32)(), ctypes.c_int(0)
    n = u.utf8proc_decompose_char(c, buffer, 32, options, ctypes.byref(boundary))
    return "".join(map(chr, buffer[:n]))


def where(*prefixes):
    return {c for c in points if category[c].startswith(prefixes)}


def rows(values):
    out = []
    for c, v in sorted(values.items()):
        if out and out[-1][1] == c - 1 and out[-1][2] == v:
            out[-1][1] = c
        else:
            out.append([c, c, v])
    return out


def table(name, values):
    r = rows(values)
    print(f"static const unicode_exception {name}[] = {{")
    line = "   "
    for first, last, value in r:
        item = f" {{0x{first:X}, 0x{last:X}, {value}}},"
        if len(line) + len(item) > 119:
            print(line)
            line = "   "
        line += item
    if not r:
        line += " {1, 0, 0},"
    print(line + "\n};")
    print(f"const unicode_exceptions unicode_{name}_exceptions = {{{name}, sizeof {name} / sizeof {name}[0]}};\n")


def difference(name, theirs, ours):
    values = {c: 1 for c in theirs - ours}
    values.update({c: 0 for c in ours - theirs})
    table(name, values)


print("""/*
 * text/unicode_difference.c - code points for which the tokenizers package (0.22.2) answers otherwise than utf8proc 2.8
 * (Unicode 15.0): it carries older data for punctuation, marks and decompositions and newer for letters and lower case.
 * Written by tools/golden/text_unicode.py; do not edit.
 */
#include "text/unicode.h"
""")
level = P.ByteLevel(add_prefix_space=False)
letters = {c for c in points if len(level.pre_tokenize_str("a" + chr(c))) == 1}
numbers = {c for c in points if c not in letters and len(level.pre_tokenize_str("1" + chr(c))) == 1}
difference("letter", letters, where("L"))
difference("number", numbers, where("N"))
f = P.Digits()
difference("numeric", {c for c in points if len(f.pre_tokenize_str("a" + chr(c) + "b")) == 3}, where("N"))
f = N.StripAccents()
difference("mark", {c for c in points if f.normalize_str("a" + chr(c)) == "a"}, where("M"))
f = N.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)
difference("nonspacing", {c for c in points if f.normalize_str("a" + chr(c)) == "a"}, where("Mn"))
f = P.BertPreTokenizer()
spaces = [0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000]
difference("punctuation", {c for c in points if len(f.pre_tokenize_str("a" + chr(c) + "b")) == 3}, where("P"))
f = N.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False)
difference("other", {c for c in points if f.normalize_str("a" + chr(c) + "b") == "ab"}, where("Cc", "Cf", "Co"))
f = P.Whitespace()
ours = where("L", "M", "Nd", "Nl", "Pc") | {0x200C, 0x200D}
difference("word", {c for c in points if len(f.pre_tokenize_str("a" + chr(c) + "b")) == 1}, ours)
f = N.Lowercase()
lower = {}
for c in points:
    got = f.normalize_str(chr(c))
    if len(got) == 1 and ord(got) != u.utf8proc_tolower(c):
        lower[c] = ord(got) - c
    assert len(got) == 1 or c == 0x130
table("lower", lower)
for name, f, options in (("canonical", N.NFD(), 16), ("compatible", N.NFKD(), 16 | 4)):
    values = {}
    for c in points:
        got, own = f.normalize_str(chr(c)), decompose(c, options)
        if got != own:
            assert got == chr(c), (hex(c), got, own)
            values[c] = 0
    table(name, values)
