"""HCMI (reconstruction): scores and gradients of every variant, from the formulas of the reconstruction alone.

Writes tests/model/golden/heads/hcmi.json. One text and one video at a time, without padding, float64, gradients by
autograd. Run from the repository root: python3 tests/reference/heads/hcmi.py
"""
import json
import math
import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import seeded_weights  # noqa: E402

T, V, L, FRAMES, D = 3, 4, 7, 6, 4
WORDS = [7, 2, 5]  # real tokens of each text, real frames of each video
SHOWN = [6, 1, 4, 2]
CASES = [  # beside the defaults of the head; positions: 6 in all
    {}, {"agg_type": "assign_softmax_clusters"}, {"agg_type": "dpc_knn"}, {"agg_residual_meanpool": "false"},
    {"text_global_base": "mean"}, {"weights": "uniform"}, {"mask_zero": "true"},
    {"clips": "3", "phrases": "3", "agg_type": "assign_softmax_clusters"}, {"clips": "4", "phrases": "3"},
    {"temporal": "transformer", "temporal_layers": "1"}]


def tensor(name, *shape):
    return (2 * seeded_weights.uniform(name, shape)).float().double().requires_grad_()


class Parameters:
    """Parameters by name, made when first asked for."""

    def __init__(self):
        self.all = {}

    def __call__(self, name, *shape):
        if name not in self.all:
            self.all[name] = seeded_weights.weights(name, shape).double().requires_grad_()
        return self.all[name]

    def linear(self, x, name, outputs):
        return x @ self(name + ".weight", outputs, x.shape[-1]).T + self(name + ".bias", outputs)

    def norm(self, x, name, eps=1e-5):
        centred = x - x.mean(-1, keepdim=True)
        scaled = centred / (centred.pow(2).mean(-1, keepdim=True) + eps).sqrt()
        return scaled * self(name + ".weight", D) + self(name + ".bias", D)


def hat(x):
    return x / x.norm(dim=-1, keepdim=True)


def self_attention(p, x, name):
    """One head of width D."""
    qkv = x @ p(name + ".in_proj_weight", 3 * D, D).T + p(name + ".in_proj_bias", 3 * D)
    q, k, v = qkv[:, :D], qkv[:, D:2 * D], qkv[:, 2 * D:]
    return p.linear(torch.softmax(q @ k.T / math.sqrt(D), dim=1) @ v, name + ".out_proj", D)


def feed_forward(p, x, name):
    h = p.linear(x, name + ".c_fc", 4 * D)
    return p.linear(h * torch.sigmoid(1.702 * h), name + ".c_proj", D)


def block(p, x, name, eps=1e-5):
    x = x + self_attention(p, p.norm(x, name + ".ln_1", eps), name + ".attn")
    return x + feed_forward(p, p.norm(x, name + ".ln_2", eps), name + ".mlp")


def segment(tokens, count, m):
    """Mean of segment m of `count`."""
    n = len(tokens)
    if n >= count:
        return tokens[m * n // count:(m + 1) * n // count].mean(0)
    return tokens[m * (n - 1) // (count - 1)]


def queries_attend(p, case, name, tokens, count, base, positions):
    read = tokens if positions is None else tokens + positions
    related = tokens + self_attention(p, p.norm(read, name + ".ln_1"), name + ".attn")
    normed = p.norm(related, name + ".ln_2")
    n = len(tokens)
    if case.get("agg_type") != "assign_softmax_clusters" or count > 1:
        queries = p.linear(p(name + ".queries", count, D), name + ".w_q", D)
        keys = p.linear(normed, name + ".w_k", D)
        logits = [[(queries[m] * keys[i]).sum() / math.sqrt(D) for i in range(n)] for m in range(count)]
        logits = torch.stack([torch.stack(row) for row in logits])
    else:
        logits = torch.zeros(1, n, dtype=torch.float64)
    if case.get("agg_type") == "assign_softmax_clusters":
        shares = torch.stack([torch.softmax(logits[:, i], 0) for i in range(n)], 1)
        shares = torch.stack([row / (row.sum() + 1e-6) for row in shares])
    else:
        shares = torch.stack([torch.softmax(row, 0) for row in logits])
    clusters = p.linear(shares @ p.linear(normed, name + ".w_v", D), name + ".w_o", D)
    if case.get("agg_residual_meanpool") != "false":
        bases = [segment(tokens, count, m) for m in range(count)] if base is None else [base]
        clusters = clusters + torch.stack(bases)
    return clusters + feed_forward(p, p.norm(clusters, name + ".ln_3"), name + ".mlp")


def density_groups(tokens, count):
    """Lists of the places of the tokens of each group."""
    n = len(tokens)
    d = [[float((tokens[i] - tokens[j]).detach().norm()) / math.sqrt(D) for j in range(n)] for i in range(n)]
    density = []
    for i in range(n):
        nearest = sorted(d[i])[:3]  # with itself
        density.append(math.exp(-sum(x * x for x in nearest) / len(nearest)))
    longest = max(max(row) for row in d)
    separation = [min([d[i][j] for j in range(n) if density[j] > density[i]], default=longest) for i in range(n)]
    centres = sorted(range(n), key=lambda i: -density[i] * separation[i])[:count]
    groups = [[] for _ in centres]
    for i in range(n):
        nearest = centres.index(i) if i in centres else min(range(len(centres)), key=lambda c: d[i][centres[c]])
        groups[nearest].append(i)
    return groups


def peaks_merge(p, name, tokens, count):
    weight = p(name + ".conv.weight", D, D, 3)
    padded = torch.cat([torch.zeros(1, D, dtype=torch.float64), tokens, torch.zeros(1, D, dtype=torch.float64)])
    moved = torch.stack([sum(weight[:, :, k] @ padded[i + k] for k in range(3)) for i in range(len(tokens))])
    normed = p.norm(tokens + moved, name + ".norm")
    weights = (normed @ p(name + ".score.weight", 1, D)[0]).exp()
    merged = [sum(weights[i] * normed[i] for i in group) / sum(weights[i] for i in group)
              for group in density_groups(normed, count)]
    return block(p, torch.stack(merged), name + ".block.resblocks.0")


def aggregate(p, case, name, tokens, count, base=None, positions=None):
    if case.get("agg_type") == "dpc_knn":
        return peaks_merge(p, name, tokens, count)
    return queries_attend(p, case, name, tokens, count, base, positions)


def token_weights(p, case, name, tokens, places):
    n = len(tokens)
    if case.get("weights") == "uniform" or places == 1:
        return torch.full((n,), 1 / n, dtype=torch.float64)
    hidden = p.linear(tokens, name + ".0", D).clamp(min=0)
    return torch.softmax(p.linear(hidden, name + ".2", 1)[:, 0], 0)


def interaction(text, alpha, visual, beta, floors):
    c = hat(text) @ hat(visual).T
    of_text, of_visual = c.max(1).values, c.max(0).values
    if floors[0]:  # padded visual tokens offer 0 to words
        of_text = of_text.clamp(min=0)
    if floors[1]:
        of_visual = of_visual.clamp(min=0)
    return ((alpha * of_text).sum() + (beta * of_visual).sum()) / 2


def text_levels(p, case, inputs, t):
    count = int(case.get("phrases", math.ceil(L / 4)))
    words = inputs["tokens"][t, :WORDS[t]]
    phrases = aggregate(p, case, "to_phrases", words, count)
    base = None if case.get("text_global_base") == "mean" else inputs["pooled"][t]
    sentence = aggregate(p, case, "to_sentence", phrases, 1, base)[0]
    return (words, token_weights(p, case, "word_weight_fc", words, L),
            phrases, token_weights(p, case, "phrase_weight_fc", phrases, count), sentence)


def video_levels(p, case, inputs, v):
    count = int(case.get("clips", math.ceil(FRAMES / 4)))
    frames = inputs["frames"][v, :SHOWN[v]]
    positions = None
    if case.get("temporal") == "transformer":
        moved = frames + p("frame_position_embeddings.weight", FRAMES, D)[:len(frames)]
        frames = frames + block(p, moved, "transformerClip.resblocks.0", 1e-12)
    elif case.get("agg_type") != "dpc_knn":
        positions = p("frame_position_embeddings.weight", FRAMES, D)[:len(frames)]
    clips = aggregate(p, case, "to_clips", frames, count, None, positions)
    video = aggregate(p, case, "to_video", clips, 1)[0]
    return (frames, token_weights(p, case, "frame_weight_fc", frames, FRAMES),
            clips, token_weights(p, case, "clip_weight_fc", clips, count), video)


def score(p, case, inputs, t, v):
    words, word_weights, phrases, phrase_weights, sentence = text_levels(p, case, inputs, t)
    frames, frame_weights, clips, clip_weights, video = video_levels(p, case, inputs, v)
    zero = case.get("mask_zero") == "true"
    return [interaction(words, word_weights, frames, frame_weights,
                        (zero and SHOWN[v] < FRAMES, zero and WORDS[t] < L)),
            interaction(phrases, phrase_weights, clips, clip_weights, (False, False)),
            hat(sentence) @ hat(video)]


def run(case):
    p = Parameters()
    inputs = {"pooled": tensor("pooled", T, D), "tokens": tensor("tokens", T, L, D),
              "frames": tensor("frames", V, FRAMES, D)}
    scores = torch.stack([torch.stack([torch.stack(score(p, case, inputs, t, v)) for v in range(V)])
                          for t in range(T)]).permute(2, 0, 1)  # [parts,T,V]
    (scores * seeded_weights.uniform("gradient", tuple(scores.shape))).sum().backward()

    def flat(x):
        return [float(f"{value:.8g}") for value in x.detach().flatten().tolist()]

    def gradients(leaves):
        return {name: flat(leaf.grad) for name, leaf in leaves.items() if leaf.grad is not None}

    return {"settings": case, "scores": flat(scores), "inputs": gradients(inputs), "parameters": gradients(p.all)}


def main():
    path = pathlib.Path("tests/model/golden/heads/hcmi.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(run(case)) for case in CASES)
    path.write_text(f"[\n{lines}\n]\n")
    print(path, len(CASES), "cases", path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
