"""Times tvr's CLIP tokenizer against open_clip's (SimpleTokenizer with ftfy), one thread, taking turns; prints a table.

usage: tokenizer_peer.py PROGRAM OPEN_CLIP CAPTIONS [--turns N]; called by tokenizer_bench.sh.

PROGRAM is tvr_tokenizer_bench, OPEN_CLIP the folder of open_clip's Python files and of the merges, CAPTIONS a text file of
a caption a line. The second row's texts are 50 captions each. A turn encodes everything once: the time is that of the
processor, reading files not counted. The peer keeps the words it has met (the first turn is its slowest); the table has the
median of the turns after it for the ratio. The numbers of tokens must be equal.
"""
import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
import types


def load_tokenizer(folder):
    sys.modules.setdefault("torch", types.SimpleNamespace(LongTensor=None, Tensor=None))  # named in annotations only
    spec = importlib.util.spec_from_file_location("open_clip_tokenizer", os.path.join(folder, "tokenizer.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.SimpleTokenizer()


def peer_turn(tokenizer, texts):
    begin = time.process_time()
    tokens = sum(len(tokenizer.encode(text)) for text in texts)
    return time.process_time() - begin, tokens


def own_turn(options, texts):
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write("".join(text + "\n" for text in texts))
        file.flush()
        environment = dict(os.environ, TVR_ASSETS=options.open_clip)
        output = subprocess.run([options.program, "clip", file.name, "3"], env=environment, stdout=subprocess.PIPE,
                                check=True).stdout.decode().split()
    return statistics.median(float(seconds) for seconds in output[:-1]), int(output[-1])


def row(name, options, texts):
    tokenizer = load_tokenizer(options.open_clip)
    first, tokens = peer_turn(tokenizer, texts)
    own, peer = [], []
    for _ in range(options.turns):
        for times, (seconds, count) in ((own, own_turn(options, texts)), (peer, peer_turn(tokenizer, texts))):
            assert count == tokens, f"{name}: {count} tokens against {tokens}"
            times.append(seconds)
    micro = [seconds / len(texts) * 1e6 for seconds in (statistics.median(own), first, statistics.median(peer))]
    print(f"| {name} | {len(texts)} | {micro[0]:.2f} | {micro[1]:.1f} | {micro[2]:.1f} | {micro[2] / micro[0]:.1f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("open_clip")
    parser.add_argument("captions")
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    with open(options.captions, encoding="utf-8") as file:
        captions = file.read().split("\n")[:-1]
    print("| texts | count | tvr, µs | open_clip, first turn | later | later / tvr |\n|---|---|---|---|---|---|")
    row("captions", options, captions)
    row("paragraphs of 50 captions", options, [" ".join(captions[i:i + 50]) for i in range(0, len(captions), 50)])
    row("captions in “quotes”", options, ["“" + caption + "”" for caption in captions])


if __name__ == "__main__":
    main()
