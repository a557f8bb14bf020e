"""X-CLIP: scores and gradients from the published formulas; writes tests/model/golden/heads/xclip.json.

Every sum of the attention over similarities is a loop over one matrix of similarities, see baselines.py. Run from the
repository root: python3 tests/reference/heads/xclip.py
"""
import torch

from baselines import D, FRAMES, L, hat, seq_transformer, whole_video, write


def attention(similarities, matrix, temperature):
    """sum_i c_i (softmax(c / temperature) M)_i of a list of similarities."""
    c = torch.stack(list(similarities))
    exponent = torch.exp(c / temperature - (c / temperature).max().detach())
    weights = exponent / exponent.sum()
    return sum(c[i] * sum(weights[k] * matrix[k, i] for k in range(len(c))) for i in range(len(c)))


def zeros_to(rows, length):
    return torch.cat([rows, torch.zeros(length - len(rows), rows.shape[1]).double()])


def score(p, _, case, sentence, words, frames, patches):
    temperature = float(case.get("temperature", 0.01))
    n_words, n_frames = int(case.get("words", L)), int(case.get("frames", FRAMES))
    s, w, f = hat(sentence), hat(words), hat(frames)
    seen = frames if case.get("temporal") == "none" else seq_transformer(p, frames, int(case["temporal_layers"]), 16)
    v = whole_video(seen)
    if case.get("aosm_mask") == "false":  # padding takes part with similarities of 0
        w, f = zeros_to(w, n_words), zeros_to(f, n_frames)

    def word_matrix(name):
        return p(name, n_words, n_words)

    def frame_matrix(name):
        return p(name, n_frames, n_frames)

    m = [[word @ p("local_mat_weight", D, D) @ frame for frame in f] for word in w]
    x = [attention((row[n] for row in m), word_matrix("word_mat_weight"), temperature) for n in range(len(f))]
    y = [attention(row, frame_matrix("frame_mat_weight"), temperature) for row in m]
    both = (attention(x, frame_matrix("frame_mat_weight2"), temperature)
            + attention(y, word_matrix("word_mat_weight2"), temperature)) / 2
    return {"sentence-video": s @ p("global_mat_weight", D, D) @ v,
            "word-video": attention((word @ v for word in w), word_matrix("word_logit_weight"), temperature),
            "sentence-frames": attention((s @ frame for frame in f), frame_matrix("frame_logit_weight"), temperature),
            "word-frames": both}


if __name__ == "__main__":
    blocks = {"temporal_layers": "1", "positions": "16"}
    write("xclip.json", [("xclip", blocks), ("xclip", {"temporal": "none", "temperature": "0.5"}),
                         ("xclip", {"temporal": "none", "temperature": "0.2", "words": "7", "frames": "4"}),
                         ("xclip", {**blocks, "aosm_mask": "false", "temperature": "0.1"}),
                         ("xclip", {"temporal": "none", "aosm_mask": "false", "words": "6", "frames": "5"})], score)
