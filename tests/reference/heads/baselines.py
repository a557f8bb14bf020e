"""The baseline heads: scores and gradients, from the formulas of the published systems alone.

Writes tests/model/golden/heads/baselines.json (mean_pool, seq_transformer, seq_lstm, tight_transformer, token_wise). Loops
over pairs of a text and a video, from which padding is cut off before; float64, gradients by autograd. xclip.py, xpool.py
and ts2.py share what is here. Run from the repository root: python3 tests/reference/heads/baselines.py
"""
import json
import math
import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import seeded_weights  # noqa: E402

T, V, L, FRAMES, P, D = 3, 4, 5, 3, 6, 8
WORDS = [5, 3, 4]  # real tokens of each text, real frames of each video
SHOWN = [3, 2, 1, 3]
BLOCKS = {"layers": "2", "positions": "16"}
CASES = [("mean_pool", {}), ("mean_pool", {"normalize_frames": "false"}), ("seq_transformer", BLOCKS), ("seq_lstm", {}),
         ("tight_transformer", BLOCKS), ("token_wise", {})]
CASES += [("token_wise", case) for case in (
    {"weights": "uniform"}, {"weight_layers": "1"}, {"weight_layers": "3"}, {"directions": "text"}, {"directions": "visual"},
    {"mask_zero": "true"}, {"visual": "patches"}, {"sentence": "true"}, {"temporal": "lstm"},
    {"temporal": "transformer", "temporal_layers": "1", "positions": "16"})]


class Parameters:
    """Parameters by name, made when first asked for."""

    def __init__(self):
        self.all = {}

    def __call__(self, name, *shape):
        if name not in self.all:
            self.all[name] = seeded_weights.weights(name, shape).double().requires_grad_()
        return self.all[name]


def hat(x):
    return x / x.norm(dim=-1, keepdim=True)


def dense(p, name, x, size, bias=True):
    y = x @ p(name + ".weight", size, x.shape[-1]).T
    return y + p(name + ".bias", size) if bias else y


def norm(p, name, x, eps):
    centred = x - x.mean(-1, keepdim=True)
    spread = (centred.pow(2).mean(-1, keepdim=True) + eps).sqrt()
    return centred / spread * p(name + ".weight", x.shape[-1]) + p(name + ".bias", x.shape[-1])


def quick_gelu(x):
    return x / (1 + torch.exp(-1.702 * x))


def blocks(p, prefix, x, layers):
    """Pre-norm transformer blocks of one head over the tokens [n,D], epsilon 1e-12."""
    for layer in range(layers):
        name = f"{prefix}.resblocks.{layer}."
        y = norm(p, name + "ln_1", x, 1e-12)
        in_weight, in_bias = p(name + "attn.in_proj_weight", 3 * D, D), p(name + "attn.in_proj_bias", 3 * D)
        q, k, v = (y @ in_weight[i * D:(i + 1) * D].T + in_bias[i * D:(i + 1) * D] for i in range(3))
        rows = []
        for query in q:
            exponent = torch.exp(torch.stack([query @ key for key in k]) / math.sqrt(D))
            rows.append(sum(e * value for e, value in zip(exponent, v)) / exponent.sum())
        x = x + dense(p, name + "attn.out_proj", torch.stack(rows), D)
        hidden = quick_gelu(dense(p, name + "mlp.c_fc", norm(p, name + "ln_2", x, 1e-12), 4 * D))
        x = x + dense(p, name + "mlp.c_proj", hidden, D)
    return x


def seq_transformer(p, tokens, layers, positions):
    moved = tokens + p("frame_position_embeddings.weight", positions, D)[:len(tokens)]
    return tokens + blocks(p, "transformerClip", moved, layers)


def seq_lstm(p, frames):
    inputs, hiddens = p("lstm_visual.weight_ih_l0", 4 * D, D), p("lstm_visual.weight_hh_l0", 4 * D, D)
    bias = p("lstm_visual.bias_ih_l0", 4 * D) + p("lstm_visual.bias_hh_l0", 4 * D)
    hidden, cell, rows = torch.zeros(D).double(), torch.zeros(D).double(), []
    for frame in frames:
        enter, forget, new, leave = (inputs @ frame + hiddens @ hidden + bias).view(4, D)
        cell = torch.sigmoid(forget) * cell + torch.sigmoid(enter) * torch.tanh(new)
        hidden = torch.sigmoid(leave) * torch.tanh(cell)
        rows.append(frame + hidden)
    return torch.stack(rows)


def whole_video(frames, normalize=True):
    rows = [hat(frame) if normalize else frame for frame in frames]
    return hat(sum(rows) / len(rows))


def tight(p, sentence, frames, layers, positions):
    tokens = torch.stack([sentence, *frames]) + p("cross.embeddings.position_embeddings.weight", positions, D)[:1 + len(frames)]
    first = norm(p, "cross.pooler.ln_pool", blocks(p, "cross.transformer", tokens, layers), 1e-12)[0]
    return dense(p, "similarity_dense", quick_gelu(dense(p, "cross.pooler.dense", first, D)), 1)[0]


def token_weights(p, case, name, tokens):
    """Softmax over the tokens of one to three layers."""
    if case.get("weights") == "uniform":
        return torch.full((len(tokens),), 1 / len(tokens)).double()
    layers = int(case.get("weight_layers", 2))
    hidden = tokens
    for layer in range(layers - 1):
        hidden = dense(p, f"{name}.{2 * layer}", hidden, D).clamp(min=0)
    score = dense(p, name if layers == 1 else f"{name}.{2 * (layers - 1)}", hidden, 1)[:, 0]
    return torch.exp(score) / torch.exp(score).sum()


def token_wise(p, case, words, visual, padded_words, padded_visual):
    """padded_…: that side has padding, which offers 0 if mask_zero."""
    of_words = of_visual = 0
    floor = case.get("mask_zero") == "true"
    directions = case.get("directions", "both")
    if directions != "visual":
        for weight, word in zip(token_weights(p, case, "text_weight_fc", words), words):
            best = max(hat(word) @ hat(token) for token in visual)
            of_words = of_words + weight * (best.clamp(min=0) if floor and padded_visual else best)
    if directions != "text":
        for weight, token in zip(token_weights(p, case, "video_weight_fc", visual), visual):
            best = max(hat(word) @ hat(token) for word in words)
            of_visual = of_visual + weight * (best.clamp(min=0) if floor and padded_words else best)
    return {"both": (of_words + of_visual) / 2, "text": of_words, "visual": of_visual}[directions]


def score(p, head, case, sentence, words, frames, patches):
    """Named parts of one text and one video without padding."""
    if head == "mean_pool":
        return {"sentence-video": hat(sentence) @ whole_video(frames, "normalize_frames" not in case)}
    if head == "seq_transformer":
        frames = seq_transformer(p, frames, int(case["layers"]), int(case["positions"]))
        return {"sentence-video": hat(sentence) @ whole_video(frames)}
    if head == "seq_lstm":
        return {"sentence-video": hat(sentence) @ whole_video(seq_lstm(p, frames))}
    if head == "tight_transformer":
        return {"sentence-frames": tight(p, sentence, frames, int(case["layers"]), int(case["positions"]))}
    if case.get("temporal") == "transformer":
        frames = seq_transformer(p, frames, int(case["temporal_layers"]), int(case["positions"]))
    if case.get("temporal") == "lstm":
        frames = seq_lstm(p, frames)
    kind = case.get("visual", "frames")
    visual = frames if kind == "frames" else patches.reshape(-1, D)
    parts = {"word-" + kind: token_wise(p, case, words, visual, len(words) < L, len(frames) < FRAMES)}
    if case.get("sentence"):
        parts["sentence-video"] = hat(sentence) @ whole_video(frames)
    return parts


def rounded(tensor):
    return [float(f"{x:.9g}") for x in tensor.detach().flatten().tolist()]


def run(head, case, score):
    """The parts of all pairs, and the gradients of their sum weighted by seeded numbers."""
    p = Parameters()
    shapes = {"pooled": (T, D), "tokens": (T, L, D), "frames": (V, FRAMES, D), "patches": (V, FRAMES, P, D)}
    inputs = {name: (2 * seeded_weights.uniform(name, shape)).float().double().requires_grad_()
              for name, shape in shapes.items()}
    parts = {}
    for t in range(T):
        for v in range(V):
            found = score(p, head, case, inputs["pooled"][t], inputs["tokens"][t, :WORDS[t]],
                          inputs["frames"][v, :SHOWN[v]], inputs["patches"][v, :SHOWN[v]])
            for name, value in found.items():
                parts.setdefault(name, []).append(value)
    parts = {name: torch.stack(values) for name, values in parts.items()}
    sum((values * seeded_weights.uniform("check." + name, (T * V,))).sum() for name, values in parts.items()).backward()
    leaves = {**inputs, **p.all}
    return {"head": head, "settings": case, "parts": {name: rounded(values) for name, values in parts.items()},
            "gradients": {name: rounded(leaf.grad) for name, leaf in leaves.items() if leaf.grad is not None}}


def write(name, cases, score):
    path = pathlib.Path("tests/model/golden/heads") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(run(head, case, score)) for head, case in cases)
    path.write_text(f"[\n{lines}\n]\n")
    print(path, path.stat().st_size)


if __name__ == "__main__":
    write("baselines.json", CASES, score)
