"""X-Pool: scores and gradients from the published formulas; writes tests/model/golden/heads/xpool.json.

Pair by pair and head by head, see baselines.py. Run from the repository root: python3 tests/reference/heads/xpool.py
"""
import math

import torch

from baselines import D, dense, hat, norm, write


def score(p, _, case, sentence, words, frames, patches):
    heads = int(case.get("heads", 1))
    size = D // heads
    name = "pool_frames."
    query = dense(p, name + "cross_attn.q_proj", norm(p, name + "layer_norm1", sentence, 1e-5), D)
    normed = norm(p, name + "layer_norm1", frames, 1e-5)
    keys, values = (dense(p, name + f"cross_attn.{kind}_proj", normed, D) for kind in "kv")
    pieces = []
    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        exponent = torch.exp(torch.stack([query[part] @ key[part] / math.sqrt(size) for key in keys]))
        pieces.append(sum(e * value[part] for e, value in zip(exponent, values)) / exponent.sum())
    pooled = norm(p, name + "layer_norm2", dense(p, name + "cross_attn.out_proj", torch.cat(pieces), D), 1e-5)
    output = norm(p, name + "layer_norm3", pooled + dense(p, name + "linear_proj", pooled, D), 1e-5)
    return {"sentence-pooled": hat(sentence) @ hat(output)}


if __name__ == "__main__":
    write("xpool.json", [("xpool", {}), ("xpool", {"heads": "2"}), ("xpool", {"heads": "4"})], score)
