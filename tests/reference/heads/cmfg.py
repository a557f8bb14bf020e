"""CMFG (reconstruction): scores and gradients of every variant, from the formulas of the paper's reconstruction alone.

Writes tests/model/golden/heads/cmfg.json. Plain loops over pairs of a text and a video, float64, gradients by autograd.
Run from the repository root: python3 tests/reference/heads/cmfg.py
"""
import json
import math
import pathlib
import sys

import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import seeded_weights  # noqa: E402

T, V, L, FRAMES, P, D = 3, 4, 5, 3, 9, 8
WORDS = [5, 3, 4]  # real tokens of each text, real frames of each video
SHOWN = [3, 2, 1, 3]
PRESETS = {"full6": ["vs", "fs", "rs", "vw", "fw", "rw"], "same_level": ["vs", "fw", "rw"],
           "xclip4": ["vs", "vw", "fs", "fw"], "fine": ["fw", "rw"], "vs": ["vs"]}
CASES = [  # beside the defaults of the head
    {}, {"temporal": "transformer", "temporal_layers": 1},
    {"interaction": "mean"}, {"interaction": "mean", "mask_zero": "true"}, {"interaction": "aosm"},
    {"interaction": "aosm", "attention_temperature": "0.5", "region_layout": "per_frame"},
    {"region_layout": "per_frame"}, {"region_layout": "per_frame", "interaction": "mean", "mask_zero": "true"},
    {"region_mode": "topk", "regions_per_frame": "2"}, {"region_mode": "topk_learned", "regions_per_frame": "2"},
    {"region_mode": "avgpool", "region_grid": "2"}, {"regions": "experts.boxes"},
    {"words_include_special": "false"}, {"pairs": "same_level"}, {"pairs": "xclip4"}, {"pairs": "fine"}, {"pairs": "vs"}]


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


def hat(x):
    return x / x.norm(dim=-1, keepdim=True)


def token_weights(p, name, tokens):
    """Softmax of Linear-ReLU-Linear over the (real) tokens [n,D]."""
    hidden = (tokens @ p(name + ".0.weight", D, D).T + p(name + ".0.bias", D)).clamp(min=0)
    logits = hidden @ p(name + ".2.weight", 1, D)[0] + p(name + ".2.bias", 1)
    exponent = (logits - logits.max().detach()).exp()
    return exponent / exponent.sum()


def transformer(p, frames):
    """One block of CLIP4Clip's seqTransf over the real frames [n,D] of one video, and the frames added."""
    x = frames + p("frame_position_embeddings.weight", 77, D)[:len(frames)]
    block = "transformerClip.resblocks.0."

    def norm(x, name):
        centred = x - x.mean(-1, keepdim=True)
        spread = (centred.pow(2).mean(-1, keepdim=True) + 1e-12).sqrt()
        return centred / spread * p(block + name + ".weight", D) + p(block + name + ".bias", D)

    y = norm(x, "ln_1")
    qkv = y @ p(block + "attn.in_proj_weight", 3 * D, D).T + p(block + "attn.in_proj_bias", 3 * D)
    q, k, v = qkv[:, :D], qkv[:, D:2 * D], qkv[:, 2 * D:]
    attention = torch.softmax(q @ k.T / math.sqrt(D), dim=1) @ v  # one head
    x = x + attention @ p(block + "attn.out_proj.weight", D, D).T + p(block + "attn.out_proj.bias", D)
    h = norm(x, "ln_2") @ p(block + "mlp.c_fc.weight", 4 * D, D).T + p(block + "mlp.c_fc.bias", 4 * D)
    h = h * torch.sigmoid(1.702 * h)
    return x + h @ p(block + "mlp.c_proj.weight", D, 4 * D).T + p(block + "mlp.c_proj.bias", D) + frames


def selector_scores(p, frame, patches):
    name = "visual_token_selector.score_predictor."
    scale, shift = p(name + "in_conv.0.weight", D), p(name + "in_conv.0.bias", D)
    first = p(name + "in_conv.1.weight", D // 2, D)
    second, third = p(name + "out_conv.0.weight", D // 2, D), p(name + "out_conv.2.weight", 1, D // 2)

    def small(x):
        return F.gelu(F.layer_norm(x, (D,), scale, shift, 1e-5) @ first.T)

    return torch.stack([torch.tanh(third @ F.gelu(second @ torch.cat([small(patch), small(frame)])))[0]
                        for patch in patches])


def average(patches, grid):
    side = math.isqrt(len(patches))
    bins = [range(i * side // grid, -(-(i + 1) * side // grid)) for i in range(grid)]
    return torch.stack([torch.stack([patches[y * side + x] for y in rows for x in columns]).mean(0)
                        for rows in bins for columns in bins])


def regions_of(p, case, frame, patches):
    """Regions [R,D] of one frame."""
    mode = case.get("region_mode", "all")
    if mode == "avgpool":
        return average(patches, int(case["region_grid"]))
    if mode == "all":
        return patches
    scores = hat(patches) @ hat(frame) if mode == "topk" else selector_scores(p, frame, patches)
    best = sorted(range(len(patches)), key=lambda i: -scores[i].item())[:int(case["regions_per_frame"])]
    return patches[sorted(best)]


def best_matches(c, alpha, beta, floor):
    """TI of cosines [n_text,n_visual]; floor: padding offers 0 to words, to visual tokens."""
    words, visual = c.max(1).values, c.max(0).values
    if floor[0]:
        words = words.clamp(min=0)
    if floor[1]:
        visual = visual.clamp(min=0)
    return ((alpha * words).sum() + (beta * visual).sum()) / 2


def soft(x, temperature):
    return torch.softmax(x / temperature, dim=0)


def mixed(weights, matrix):
    """weights [n] (a row) times the first rows and columns of a matrix, or of the identity."""
    return weights if matrix is None else weights @ matrix[:len(weights), :len(weights)]


def attention(c, m, temperature):
    """AOSM of cosines [n_text,n_visual]."""
    if c.shape[0] == 1:
        return (mixed(soft(c[0], temperature), m["frames"]) * c[0]).sum()
    if c.shape[1] == 1 and m["frames_second"] is None and m["frames"] is None and m["single"]:
        return (mixed(soft(c[:, 0], temperature), m["words"]) * c[:, 0]).sum()
    p = torch.stack([(mixed(soft(column, temperature), m["words"]) * column).sum() for column in c.T])
    q = torch.stack([(mixed(soft(row, temperature), m["frames"]) * row).sum() for row in c])
    return ((mixed(soft(p, temperature), m["frames_second"]) * p).sum()
            + (mixed(soft(q, temperature), m["words_second"]) * q).sum()) / 2


def matrices(p, pair, per_frame):
    words, frames = pair[1] == "w", pair[0] == "f" or (pair[0] == "r" and per_frame)
    both = words and pair[0] != "v"
    return {"words": p(f"attention_{pair}_words", L, L) if words else None,
            "frames": p(f"attention_{pair}_frames", FRAMES, FRAMES) if frames else None,
            "words_second": p(f"attention_{pair}_words_second", L, L) if both else None,
            "frames_second": p(f"attention_{pair}_frames_second", FRAMES, FRAMES) if both and frames else None,
            "single": pair[0] == "v"}


def score(p, case, inputs, t, v):
    """All parts of text t and video v."""
    pairs = PRESETS[case.get("pairs", "full6")]
    kind, per_frame = case.get("interaction", "wti"), case.get("region_layout") == "per_frame"
    floors = "mask_zero" in case
    words = inputs["tokens"][t, :WORDS[t]]
    if case.get("words_include_special") == "false":
        words = words[1:-1]
    frames = inputs["frames"][v, :SHOWN[v]]
    if case.get("regions", "patches") == "patches":
        regions = [regions_of(p, case, frames[n], inputs["patches"][v, n]) for n in range(SHOWN[v])]
    else:
        regions = [inputs["boxes"][v, 2 * n:2 * n + 2] for n in range(SHOWN[v])]
    if case.get("temporal") == "transformer":
        frames = transformer(p, frames)
    sets = {"s": inputs["pooled"][t:t + 1], "w": words, "v": hat(hat(frames).mean(0))[None], "f": frames,
            "r": torch.cat(regions)}
    networks = {"w": "text_weight_fc", "f": "video_weight_fc", "r": "region_weight_fc"}

    def weights(grain):
        n = len(sets[grain])
        if kind == "wti" and grain in networks:
            return token_weights(p, networks[grain], sets[grain])
        return torch.full((n,), 1 / n, dtype=torch.float64)

    found = {}
    for pair in pairs:
        c = hat(sets[pair[1]]) @ hat(sets[pair[0]]).T
        beta = "f" if pair[0] == "r" and per_frame else pair[0]
        padded_words, padded_frames = len(words) < L and pair[1] == "w", SHOWN[v] < FRAMES and pair[0] != "v"
        if pair[0] == "r" and per_frame:
            c = torch.stack([part.max(1).values for part in c.split([len(r) for r in regions], 1)], 1)
        if kind == "aosm":
            found[pair] = attention(c, matrices(p, pair, per_frame),
                                    float(case.get("attention_temperature", 0.01)))
        else:
            found[pair] = best_matches(c, weights(pair[1]), weights(beta),
                                       (floors and padded_frames, floors and padded_words))
    return [found[pair] for pair in pairs]


def run(case):
    p = Parameters()
    inputs = {"pooled": tensor("pooled", T, D), "tokens": tensor("tokens", T, L, D),
              "frames": tensor("frames", V, FRAMES, D), "patches": tensor("patches", V, FRAMES, P, D),
              "boxes": tensor("boxes", V, 2 * FRAMES, D)}
    scores = torch.stack([torch.stack([torch.stack(score(p, case, inputs, t, v)) for v in range(V)])
                          for t in range(T)]).permute(2, 0, 1)  # [parts,T,V]
    (scores * seeded_weights.uniform("gradient", tuple(scores.shape))).sum().backward()

    def flat(x):
        return [float(f"{value:.9g}") for value in x.detach().flatten().tolist()]

    def gradients(leaves):
        return {name: flat(leaf.grad) for name, leaf in leaves.items() if leaf.grad is not None}

    return {"settings": case, "scores": flat(scores), "inputs": gradients(inputs), "parameters": gradients(p.all)}


def main():
    cases = [run({key: str(value) for key, value in case.items()}) for case in CASES]
    path = pathlib.Path("tests/model/golden/heads/cmfg.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(case) for case in cases)
    path.write_text(f"[\n{lines}\n]\n")
    print(path, len(cases), "cases", path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
