"""Values and gradients of the losses, from their formulas alone, on a batch with equal videos and potential positives.

Writes tests/model/golden/heads/losses.json. Loops over rows, float64, gradients by autograd. Run from the repository
root: python3 tests/reference/heads/losses.py
"""
import json
import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import seeded_weights  # noqa: E402

B, L, FRAMES, D = 6, 5, 4, 4
VIDEOS = [0, 1, 1, 2, 3, 0]
POTENTIAL = [(0, 3), (1, 4), (4, 2), (3, 4), (4, 3)]  # (i, j): video j is as near to video i as it is to itself
WORDS = [5, 2, 4, 1, 3, 5]
SHOWN = [4, 4, 1, 2, 3, 4]
SAME = [[VIDEOS[i] == VIDEOS[j] for j in range(B)] for i in range(B)]
POSITIVE = [[SAME[i][j] or (i, j) in POTENTIAL for j in range(B)] for i in range(B)]


def named(name, *shape, scale=1):
    return (scale * seeded_weights.uniform(name, shape)).float().double().requires_grad_()


def targets(denoised):
    """[own row][other] as probabilities, the same in both directions."""
    if not denoised:
        return [[float(i == j) for j in range(B)] for i in range(B)]
    return [[POSITIVE[i][j] / sum(POSITIVE[i]) for j in range(B)] for i in range(B)]


def other_caption(i, j):
    return SAME[i][j] and i != j


def without_other_captions(i, row):
    left = [0 if other_caption(i, j) else row[j] for j in range(B)]
    return [value / sum(left) for value in left]


def log_share(row, chosen, kept):
    """log of e^chosen over the sum of e^kept."""
    return row[chosen] - torch.logsumexp(torch.stack([row[k] for k in kept]), 0)


def info_nce(case, x, t):
    total = 0
    for rows in (x["logits"], x["logits"].T):
        for i in range(B):
            share = without_other_captions(i, t[i])
            kept = [k for k in range(B) if case["same_video"] == "strict" or not other_caption(i, k)]
            total = total - sum(share[j] * log_share(rows[i], j, kept) for j in kept) / B / 2
    return total


def multi_positive(case, x, t):
    total = 0
    for rows in (x["logits"], x["logits"].T):
        for i in range(B):
            if case["same_video"] == "positive":
                share = [t[i][j] or (t[i][i] if SAME[i][j] else 0) for j in range(B)]
                share = [value / sum(share) for value in share]
            else:
                share = without_other_captions(i, t[i])
            kept = [k for k in range(B) if case["same_video"] != "ignore" or not other_caption(i, k)]
            positives = [j for j in kept if share[j] > 0]
            if case["form"] == "soft":
                loss = -sum(share[j] * log_share(rows[i], j, kept) for j in positives)
            elif case["form"] == "mask":
                loss = -log_share(rows[i], i, [k for k in kept if k == i or k not in positives])
            else:
                loss = -torch.logsumexp(torch.stack([log_share(rows[i], j, kept) for j in positives]), 0)
            total = total + loss / B / 2
    return total


def margin(case, x, t):
    total = 0
    for rows in (x["similarities"], x["similarities"].T):
        for i in range(B):
            negatives = []
            for j in range(B):
                if j == i or (case["same_video"] == "ignore" and SAME[i][j]):
                    continue
                if case["exclude_potential"] == "true" and t[i][j] > 0 and not SAME[i][j]:
                    continue
                negatives.append(rows[i][j])
            hinge = max(negatives) - rows[i][i] + float(case["theta"])
            total = total + hinge.clamp(min=0) / B / 2
    return total


def sigmoid(case, x, t):
    total = 0
    for i in range(B):
        for j in range(B):
            positive = t[i][j] > 0 or t[j][i] > 0
            if other_caption(i, j):
                if case["same_video"] == "ignore":
                    continue
                positive = case["same_video"] == "positive"
            z = 1 if positive else -1
            total = total + torch.log1p((-z * (x["logits"][i][j] + float(case["logit_bias"]))).exp()) / B
    return total


def dual_softmax(case, x, t):
    total = 0
    for rows in (x["logits"], x["logits"].T):
        def left_out(i, j):
            return case["same_video"] == "ignore" and other_caption(i, j)

        revised = [[None] * B for _ in range(B)]
        for j in range(B):
            queries = [i for i in range(B) if not left_out(i, j)]
            prior = torch.softmax(torch.stack([rows[i][j] for i in queries]) / float(case["temperature"]), 0)
            for place, i in enumerate(queries):
                revised[i][j] = rows[i][j] * prior[place] * B
        for i in range(B):
            kept = [j for j in range(B) if revised[i][j] is not None]
            share = without_other_captions(i, t[i])
            total = total - sum(share[j] * log_share(revised[i], j, kept) for j in kept) / B / 2
    return total


def hat(x):
    return x / x.norm(dim=-1, keepdim=True)


def standardised(rows):
    rows = torch.stack(rows)
    return (rows - rows.mean(0)) / rows.std(0)


def correlation(pairs):
    """pairs of (mine, other, weight) -> [D,D], from the [N,D,D] products that tvr never makes."""
    mine, other = standardised([pair[0] for pair in pairs]), standardised([pair[1] for pair in pairs])
    weights = torch.stack([torch.as_tensor(pair[2], dtype=torch.float64) for pair in pairs])
    return torch.einsum("ncd,n->cd", torch.einsum("nc,nd->ncd", mine, other), weights)


def channel_decorrelation(case, x, t):
    of_words, of_frames, pooled = [], [], []
    for i in range(B):
        words, frames = hat(x["tokens"][i, :WORDS[i]]), hat(x["frames"][i, :SHOWN[i]])
        cosines = words @ frames.T
        for n in range(WORDS[i]):
            of_words.append((words[n], frames[cosines[n].argmax()], x["word_weights"][i, n] / B))
        for n in range(SHOWN[i]):
            of_frames.append((frames[n], words[cosines[:, n].argmax()], x["frame_weights"][i, n] / B))
        pooled.append((hat(x["pooled"][i]), hat(frames.mean(0)), 1 / B))
    if case["tokens"] == "mean":
        of_words = [(a, b, 1 / len(of_words)) for a, b, _ in of_words]
        of_frames = [(a, b, 1 / len(of_frames)) for a, b, _ in of_frames]
    c = correlation(pooled) if case["tokens"] == "pooled" else (correlation(of_words) + correlation(of_frames)) / 2
    on = sum((c[d, d] - 1) ** 2 for d in range(D))
    off = sum(c[d, e] ** 2 for d in range(D) for e in range(D) if d != e)
    return float(case["alpha1"]) * on + float(case["alpha2"]) * off


LOSSES = {f.__name__: f for f in (info_nce, multi_positive, margin, sigmoid, dual_softmax, channel_decorrelation)}


def weights_of(name, lengths, places):
    raw = named(name, B, places).detach().abs()
    rows = [torch.cat([raw[i, :n] / raw[i, :n].sum(), torch.zeros(places - n)]) for i, n in enumerate(lengths)]
    return torch.stack(rows).requires_grad_()


def inputs():
    return {"logits": named("logits", B, B, scale=5), "similarities": named("similarities", B, B),
            "pooled": named("pooled", B, D), "tokens": named("tokens", B, L, D), "frames": named("frames", B, FRAMES, D),
            "word_weights": weights_of("word_weights", WORDS, L),
            "frame_weights": weights_of("frame_weights", SHOWN, FRAMES)}


def cases():
    for denoised in (False, True):
        for same in ("ignore", "strict"):
            yield denoised, {"type": "info_nce", "same_video": same}
            yield denoised, {"type": "dual_softmax", "same_video": same, "temperature": "1000"}
            yield denoised, {"type": "dual_softmax", "same_video": same, "temperature": "10"}
            for potential in ("true", "false"):
                yield denoised, {"type": "margin", "same_video": same, "theta": "0.3", "exclude_potential": potential}
        for same in ("ignore", "positive", "strict"):
            yield denoised, {"type": "sigmoid", "same_video": same, "logit_bias": "-2"}
            for form in ("soft", "mask", "logsum"):
                yield denoised, {"type": "multi_positive", "form": form, "same_video": same}
    for tokens in ("weighted", "mean", "pooled"):
        yield False, {"type": "channel_decorrelation", "tokens": tokens, "alpha1": "0.11", "alpha2": "0.3"}


def run(denoised, case):
    x = inputs()
    value = LOSSES[case["type"]](case, x, targets(denoised))
    value.backward()
    gradients = {name: [float(f"{g:.8g}") for g in leaf.grad.flatten().tolist()]
                 for name, leaf in x.items() if leaf.grad is not None}
    return {"settings": case, "denoised": denoised, "value": float(f"{value.item():.10g}"), "gradients": gradients}


def main():
    path = pathlib.Path("tests/model/golden/heads/losses.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [json.dumps(run(*case)) for case in cases()]
    path.write_text("[\n" + ",\n".join(rows) + "\n]\n")
    print(path, len(rows), "cases", path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
