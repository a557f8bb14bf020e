"""Compares `tvr tokenize` with open_clip's tokenizer on random Unicode captions and reports every kind of difference.

    pip install ftfy regex numpy          (in an environment of its own; torch is not needed)
    python3 tests/reference/clip_tokenizer.py --tvr build/bin/tvr --open-clip .venv/open_clip --count 100000

Captions have up to 200 characters of Unicode 14, which Python 3.11 knows, of every script: words, marks, digits, emoji,
controls, line breaks, contractions, character references. Mojibake repair, the one step of ftfy that tvr leaves out, is
counted apart: a caption belongs there if ftfy without fix_encoding makes the two agree. Of these the script prints those
that `tvr tokenize --mojibake` does not tell. `--golden FILE` writes 24 captions of the most kinds of characters, and the
reference's ids (tests/text/clip_golden.jsonl: --seed 1).

    python3 tests/reference/clip_tokenizer.py --captions FILE        how well tvr tells mojibake

takes the captions of a file instead, one a line, as they are and damaged: in UTF-8 and read in another encoding.
"""
import argparse
import importlib.util
import json
import os
import random
import subprocess
import sys
import types
import unicodedata

WORDS = (
    "a man is playing a guitar on the street while two dogs run IT'S DON'T they're we'll I'd rock'n'roll 2023 3.14 "
    "café naïve ΣΊΣΥΦΟΣ İstanbul STRASSE привет 你好 こんにちは مرحبا हिन्दी 😀 👩‍👧 👍🏽 🇫🇷 ﬁne ＦＵＬＬ “quoted” it’s — … "
    "&amp; &lt;b&gt; &eacute; &EACUTE; &copy &#233; &#x1F600; &#x80; &#0; &nbsp; &notit; &amp;amp;lt; <b> </b> & AT&T "
    "<|startoftext|> C++ #tag @user http://a.b/c?d=e&f=g x_y ''' 'Tis 'ſ \x1b[31m \u00ad \u200b \u2028 \ufeff ½ Ⅷ "
    "\u0345 Σ \u0130 ẞ ŉ ǆ \u0301 \u1100\u1161 \ufb1d \u2126 \ufffd \u202e \U000e0041 \u180e"
).split(" ")
BLANKS = ["", " ", " ", "  ", "\t", "\n", "\r\n", "\r", "\x0b", "\x1c", "\x85", "\u00a0", "\u2003", "\u3000"]
ENCODINGS = ["latin-1", "windows-1252", "windows-1251", "windows-1250", "windows-1254", "macroman", "cp437"]


def load_reference(folder):
    sys.modules.setdefault("torch", types.SimpleNamespace(LongTensor=None, Tensor=None))  # named in annotations only
    spec = importlib.util.spec_from_file_location("open_clip_tokenizer", os.path.join(folder, "tokenizer.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def characters_by_script():
    """Every code point but NUL, which ends a caption, and surrogates; by the first word of its name."""
    scripts = {}
    for code in range(1, 0x110000):
        category = unicodedata.category(chr(code))
        if category not in ("Cn", "Cs"):
            name = unicodedata.name(chr(code), category).split()[0].split("-")[0]
            scripts.setdefault(name, []).append(chr(code))
    return list(scripts.values())


def random_word(generator, scripts, everything):
    kind = generator.random()
    if kind < 0.4:
        return generator.choice(WORDS)
    letters = generator.choice(scripts) if kind < 0.8 else everything
    return "".join(generator.choice(letters) for _ in range(generator.randint(1, 8)))


def random_caption(generator, scripts, everything):
    length = generator.randint(0, 200)
    caption = ""
    while len(caption) < length:
        caption += random_word(generator, scripts, everything) + generator.choice(BLANKS)
    return caption[:length]


def damaged(caption, encoding):
    """What reads `caption`'s UTF-8 as `encoding`; bytes that it does not assign are taken for C1 controls."""
    return "".join(bytes([byte]).decode(encoding, "ignore") or chr(byte) for byte in caption.encode())


def tvr(options, captions, *flags):
    environment = dict(os.environ, TVR_ASSETS=options.open_clip)
    text = "".join(caption + "\0" for caption in captions).encode()
    command = [*options.tvr.split(), "tokenize", "--null", *flags]
    output = subprocess.run(command, input=text, env=environment, capture_output=True, check=True).stdout.decode()
    return output.split("\0" if flags else "\n")[:-1]


def detected(options, captions):
    found = set(tvr(options, captions, "--mojibake"))
    return [caption in found for caption in captions]


def write_golden(path, captions, ids, count=24):
    """The captions that together hold the most kinds of characters: a category and the first word of a name."""
    kinds = [{unicodedata.category(c) + unicodedata.name(c, "").split(" ")[0] for c in caption} for caption in captions]
    with open(path, "w", encoding="utf-8") as file:
        for _ in range(count):
            best = max(range(len(captions)), key=lambda i: len(kinds[i]))
            file.write(json.dumps({"text": captions[best], "ids": ids[best]}) + "\n")
            covered = set(kinds[best])
            for kind in kinds:
                kind -= covered


def compare(options, reference):
    generator = random.Random(options.seed)
    scripts = characters_by_script()
    everything = [c for script in scripts for c in script]
    captions = [random_caption(generator, scripts, everything) for _ in range(options.count)]
    expected = [reference._tokenizer.encode(caption) for caption in captions]
    found = [[int(i) for i in line.split()] for line in tvr(options, captions)]
    assert len(found) == len(captions), (len(found), len(captions))
    differing = [i for i in range(len(captions)) if found[i] != expected[i]]
    fix_text = reference.ftfy.fix_text
    reference.ftfy.fix_text = lambda text: fix_text(text, fix_encoding=False)
    unexplained = [i for i in differing if reference._tokenizer.encode(captions[i]) != found[i]]
    repaired = [i for i in differing if i not in unexplained]
    told = detected(options, captions)
    missed = [i for i in repaired if not told[i]]
    print(f"{len(captions)} captions, seed {options.seed}: {len(captions) - len(differing)} equal, {len(repaired)} differ "
          f"by mojibake repair ({len(repaired) - len(missed)} of them told, {sum(told)} told in all), "
          f"{len(unexplained)} differ otherwise")
    for i in unexplained[:10]:
        print(ascii(captions[i]), "\n  tvr      ", found[i], "\n  reference", reference._tokenizer.encode(captions[i]))
    for i in missed[:10]:
        print("not told:", ascii(captions[i]))
    if options.golden:
        write_golden(options.golden, [captions[i] for i in range(len(captions)) if i not in differing],
                     [expected[i] for i in range(len(captions)) if i not in differing])
    return 1 if unexplained else 0


def measure_detection(options, reference):
    with open(options.captions, encoding="utf-8") as file:
        lines = [line for line in file.read().split("\n") if line]
    print("| captions | count | ftfy repairs | told | of ftfy's told | of told, ftfy's |\n|---|---|---|---|---|---|")
    for encoding in [None, *ENCODINGS]:
        captions = [damaged(line, encoding) for line in lines if not line.isascii()] if encoding else lines
        ours = detected(options, captions)
        theirs = [reference.ftfy.fix_encoding(reference.html.unescape(caption)) !=
                  reference.html.unescape(caption) for caption in captions]
        both = sum(a and b for a, b in zip(ours, theirs))
        print(f"| {'read as ' + encoding if encoding else 'as they are'} | {len(captions)} | {sum(theirs)} | {sum(ours)} | "
              f"{both / max(sum(theirs), 1):.1%} | {both / max(sum(ours), 1):.1%} |")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tvr", default="build/bin/tvr")
    parser.add_argument("--open-clip", default=".venv/open_clip")
    parser.add_argument("--count", type=int, default=100000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--golden")
    parser.add_argument("--captions")
    options = parser.parse_args()
    if unicodedata.unidata_version != "14.0.0":
        sys.exit(f"This Python knows Unicode {unicodedata.unidata_version}; run it with Python 3.11, which knows 14.")
    reference = load_reference(options.open_clip)
    return measure_detection(options, reference) if options.captions else compare(options, reference)


if __name__ == "__main__":
    sys.exit(main())
