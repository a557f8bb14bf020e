"""TS2-Net outside training: scores and gradients from the published formulas; writes tests/model/golden/heads/ts2.json.

Frame by frame, see baselines.py. The original's masks for short videos are mistaken; here padding is cut off before. Run
from the repository root: python3 tests/reference/heads/ts2.py
"""
import math

import torch

from baselines import D, dense, hat, norm, seq_transformer, write


def gelu(x):
    return x * (1 + torch.erf(x / math.sqrt(2))) / 2


def patch_score(p, frame, patch):
    name = "visual_token_selector.score_predictor."
    local, whole = (gelu(dense(p, name + "in_conv.1", norm(p, name + "in_conv.0", x, 1e-5), D // 2, False))
                    for x in (patch, frame))
    hidden = gelu(dense(p, name + "out_conv.0", torch.cat([local, whole]), D // 2, False))
    return torch.tanh(dense(p, name + "out_conv.2", hidden, 1, False))[0]


def score(p, _, case, sentence, words, frames, patches):
    kept, tokens = int(case.get("patches", 3)), []
    for frame, row in zip(frames, patches):
        told = [patch_score(p, frame, patch).item() for patch in row]
        best = sorted(range(len(row)), key=lambda i: -told[i])[:kept]
        tokens += [frame] + [row[i] for i in sorted(best)]
    moved = seq_transformer(p, torch.stack(tokens), int(case["layers"]), int(case["positions"]))
    c = torch.stack([hat(sentence) @ hat(moved[n * (1 + kept)]) for n in range(len(frames))])
    exponent = torch.exp(float(case.get("sharpness", 4)) * c / c.norm())
    return {"sentence-frames": (exponent / exponent.sum() * c).sum()}


if __name__ == "__main__":
    blocks = {"layers": "1", "positions": "16"}
    write("ts2.json", [("ts2", blocks), ("ts2", {**blocks, "patches": "2", "sharpness": "1.5"})], score)
