"""Compares `tvr tokenize` with transformers on random Unicode captions over sentencepiece models: SigLIP, XLM-R, plain.

    pip install transformers sentencepiece==0.1.99 protobuf ftfy regex numpy     (in an environment of its own)
    python3 tests/reference/sentence_piece.py --siglip FILE.model --xlm-roberta FILE.model --tvr build/bin/tvr

Any unigram models do: SigLIP's must have </s> as id 1 (as T5's has), XLM-R's must begin with <unk>, <s>, </s>. Captions are
those of clip_tokenizer.py, less what tvr reads otherwise on purpose: names of special tokens are text to tvr, U+2581 (a
blank inside sentencepiece) is left out, and so are, for XLM-R, captions that ftfy finds to be mojibake.

Two differences come from transformers; such captions are counted apart, if tvr equals sentencepiece itself on the text
transformers cleaned. Where two cuts of a word score the same ("..." as ".." and "." or the other way round) rounding
decides, and transformers puts "<unk>" before SigLIP's captions (sentencepiece 0.2 decides otherwise again; tvr's library
on Debian 12 is 0.1.97). And transformers 5 reads XLM-R's models without sentencepiece and drops a combining mark after a
character that the model normalizes ("½" and an accent).
"""
import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile

os.environ.setdefault("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "python")  # sentencepiece 0.1 brings old definitions
import sentencepiece
from transformers import SiglipTokenizer, XLMRobertaTokenizer

import clip_tokenizer


def xlm_roberta(model, clean):
    """open_clip's way: its own cleaning, then transformers' tokenizer."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(model, os.path.join(folder, "sentencepiece.bpe.model"))
        tokenizer = XLMRobertaTokenizer.from_pretrained(folder)
    return lambda caption: tokenizer(clean(caption)).input_ids[1:-1]


def shifted(model, clean):
    processor = sentencepiece.SentencePieceProcessor(model)
    return lambda caption: [3 if i == 0 else i + 1 for i in processor.encode(clean(caption))]


def siglip(model):
    tokenizer = SiglipTokenizer(model, model_max_length=1 << 20)
    processor = sentencepiece.SentencePieceProcessor(model)
    return (lambda caption: tokenizer(caption).input_ids[:-1],
            lambda caption: processor.encode(tokenizer.canonicalize_text(caption)))


def plain(model):
    return sentencepiece.SentencePieceProcessor(model).encode


def tvr(program, tokenizer, captions):
    text = "".join(caption + "\0" for caption in captions).encode()
    output = subprocess.run([program, "tokenize", "--null", "--tokenizer", tokenizer], input=text, capture_output=True,
                            check=True).stdout.decode()
    return [[int(i) for i in line.split()] for line in output.split("\n")[:-1]]


def compare(name, program, captions, reference, other=None):
    """`other` is the reference of captions on which the first is known to err."""
    found = tvr(program, name, captions)
    assert len(found) == len(captions), (len(found), len(captions))
    differing = [i for i in range(len(captions)) if found[i] != reference(captions[i])]
    excused = [i for i in differing if other and found[i] == other(captions[i])]
    print(f"{name.split(':')[0] if ':' in name else 'plain'}: {len(captions)} captions, {len(excused)} differ from "
          f"transformers but not from sentencepiece, {len(differing) - len(excused)} differ")
    for i in [i for i in differing if i not in excused][:5]:
        print(ascii(captions[i]), "\n  tvr      ", found[i], "\n  reference", reference(captions[i]))
    return len(differing) - len(excused)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tvr", default="build/bin/tvr")
    parser.add_argument("--open-clip", default=".venv/open_clip")
    parser.add_argument("--siglip", required=True)
    parser.add_argument("--xlm-roberta", required=True)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    generator = random.Random(options.seed)
    scripts = clip_tokenizer.characters_by_script()
    everything = [c for script in scripts for c in script]
    captions = [clip_tokenizer.random_caption(generator, scripts, everything).replace("\u2581", "")
                for _ in range(options.count)]
    reference = clip_tokenizer.load_reference(options.open_clip)
    whole = [c for c in captions if reference.ftfy.fix_text(c) == reference.ftfy.fix_text(c, fix_encoding=False)]
    clean = reference.get_clean_fn("whitespace")
    program, model, other = options.tvr, options.siglip, options.xlm_roberta
    differing = compare(model, program, captions, plain(model))
    differing += compare("siglip:" + model, program, captions, *siglip(model))
    differing += compare("xlm_roberta:" + other, program, whole, xlm_roberta(other, clean), shifted(other, clean))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
