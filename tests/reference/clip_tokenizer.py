"""Compares `tvr tokenize` with open_clip's tokenizer on random Unicode captions and reports every kind of difference.

    pip install ftfy regex numpy          (in an environment of its own; torch is not needed)
    python3 tests/reference/clip_tokenizer.py --tvr build/bin/tvr --open-clip .venv/open_clip --count 20000

Mojibake repair, the one step of ftfy that tvr leaves out, is counted apart: a caption belongs there if ftfy without
fix_encoding makes the two agree.
"""
import argparse
import importlib.util
import os
import random
import subprocess
import sys
import types
import unicodedata


def load_reference(folder):
    sys.modules.setdefault("torch", types.SimpleNamespace(LongTensor=None, Tensor=None))  # named in annotations only
    spec = importlib.util.spec_from_file_location("open_clip_tokenizer", os.path.join(folder, "tokenizer.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


WORDS = (
    "a man is playing a guitar on the street while two dogs run IT'S DON'T they're we'll I'd rock'n'roll 2023 3.14 "
    "café naïve ΣΊΣΥΦΟΣ İstanbul STRASSE привет 你好 こんにちは مرحبا हिन्दी 😀 👩‍👧 ﬁne ＦＵＬＬ “quoted” it’s — … "
    "&amp; &lt;b&gt; &eacute; &EACUTE; &copy &#233; &#x1F600; &nbsp; &notit; &amp;amp;lt; <b> </b> & AT&T "
    "<|startoftext|> C++ #tag @user http://a.b/c?d=e&f=g x_y ''' 'Tis \x1b[31m \u00ad \u200b \u2028 \ufeff ½ Ⅷ"
).split(" ")
BLOCKS = [(0x20, 0x7F), (0x80, 0x250), (0x2B0, 0x590), (0x590, 0x900), (0x900, 0x1100), (0x1E00, 0x2100),
          (0x2100, 0x2C00), (0x3000, 0x3400), (0x4E00, 0x5000), (0xAC00, 0xB000), (0xF900, 0x10000), (0x10000, 0x20000)]


def random_caption(generator):
    parts = []
    for _ in range(generator.randint(1, 12)):
        if generator.random() < 0.6:
            parts.append(generator.choice(WORDS))
        else:
            low, high = generator.choice(BLOCKS)
            codes = [generator.randrange(low, high) for _ in range(generator.randint(1, 5))]
            parts.append("".join(chr(c) for c in codes if not 0xD800 <= c < 0xE000))
    return generator.choice(["", " ", "  "]).join(parts).replace("\n", " ")


def ours(program, assets, captions):
    environment = dict(os.environ, TVR_ASSETS=assets)
    text = "".join(caption + "\n" for caption in captions).encode()
    output = subprocess.run([*program.split(), "tokenize"], input=text, env=environment, stdout=subprocess.PIPE, check=True)
    return [[int(i) for i in line.split()] for line in output.stdout.decode().split("\n")[:-1]]


def newer_characters(caption):
    return any(unicodedata.category(c) == "Cn" for c in caption)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tvr", default="build/bin/tvr")
    parser.add_argument("--open-clip", default=".venv/open_clip")
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    generator = random.Random(options.seed)
    captions = [random_caption(generator) for _ in range(options.count)]
    reference = load_reference(options.open_clip)
    expected = [reference._tokenizer.encode(caption) for caption in captions]
    found = ours(options.tvr, options.open_clip, captions)
    assert len(found) == len(captions), (len(found), len(captions))
    differing = [i for i in range(len(captions)) if found[i] != expected[i]]
    fix_text = reference.ftfy.fix_text
    reference.ftfy.fix_text = lambda text: fix_text(text, fix_encoding=False)
    unexplained = [i for i in differing if reference._tokenizer.encode(captions[i]) != found[i]]
    unassigned = [i for i in unexplained if newer_characters(captions[i])]
    print(f"{len(captions)} captions: {len(captions) - len(differing)} equal, "
          f"{len(differing) - len(unexplained)} differ by mojibake repair, {len(unassigned)} hold characters newer than "
          f"Unicode {unicodedata.unidata_version}, {len(unexplained) - len(unassigned)} differ otherwise")
    for i in [i for i in unexplained if i not in unassigned][:10]:
        print(ascii(captions[i]), "\n  tvr      ", found[i], "\n  reference", reference._tokenizer.encode(captions[i]))
    return 1 if len(unexplained) > len(unassigned) else 0


if __name__ == "__main__":
    sys.exit(main())
