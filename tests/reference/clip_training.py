"""Writes tests/train/clip_training_golden.json: gradients and ten steps of AdamW of a small CLIP, by open_clip and PyTorch.

    pip install torch==2.11.0 open_clip_torch==3.3.0                  (in an environment of its own)
    python3 tests/reference/clip_training.py [--dump FILE]

Weights are seeded (seeded_weights.py). The loss is CLIP's: cross-entropy of exp(logit_scale) times cosines, both ways.
Gradients are of float32. The ten steps are of float64: a softmax does not see the bias of its keys, whose gradient is
rounding, which AdamW would blow up to full steps. Of each gradient and final parameter the golden has the norm, the
product with a seeded vector and the first value; --dump writes all values.
"""
import argparse
import json
import pathlib

import open_clip
import torch
from safetensors.torch import save_file

from seeded_weights import fill, uniform

PAIRS, STEPS = 4, 10


def small_clip():
    vision = {"image_size": 32, "patch_size": 8, "width": 128, "layers": 2, "head_width": 64}
    text = {"context_length": 16, "vocab_size": 1000, "width": 128, "heads": 2, "layers": 2}
    return fill(open_clip.CLIP(32, vision, text, quick_gelu=True))


def batch():
    pixels = (uniform("input.image", (PAIRS, 3, 32, 32)) * 2).float()
    ids = torch.zeros(PAIRS, 16, dtype=torch.long)
    for i in range(PAIRS):
        row = [998, *range(10 * i + 5, 10 * i + 8 + i), 999]
        ids[i, :len(row)] = torch.tensor(row)
    return pixels, ids


def loss_of(model, pixels, ids):
    images, texts = model.encode_image(pixels, normalize=True), model.encode_text(ids, normalize=True)
    logits = model.logit_scale.exp() * texts @ images.t()
    target = torch.arange(PAIRS)
    return (torch.nn.functional.cross_entropy(logits, target) + torch.nn.functional.cross_entropy(logits.t(), target)) / 2


def summary(name, value):
    value = value.detach().double().flatten()
    product = value @ uniform("check." + name, tuple(value.shape))
    return [float(f"{x:.9g}") for x in (value.norm(), product, value[0])]


def decays(name):
    return not (name.endswith("bias") or "ln_" in name or name.endswith("logit_scale"))


def train(model, pixels, ids):
    groups = [{"params": [p for n, p in model.named_parameters() if decays(n) == decay], "weight_decay": 0.2 * decay}
              for decay in (True, False)]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.98), eps=1e-8)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(model, pixels, ids)
        loss.backward()
        optimizer.step()
        losses.append(float(f"{loss.item():.9g}"))
    return losses


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dump", type=pathlib.Path)
    arguments = parser.parse_args()
    model = small_clip()
    pixels, ids = batch()
    loss_of(model, pixels, ids).backward()
    gradients = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    model = small_clip().double()
    losses = train(model, pixels.double(), ids)
    golden = {"losses": losses, "gradients": {n: summary(n, g) for n, g in gradients.items()},
              "final": {n: summary(n, p) for n, p in model.named_parameters()}}
    if arguments.dump:
        every = {"gradient." + n: g for n, g in gradients.items()}
        every.update({"final." + n: p.detach().clone() for n, p in model.named_parameters()})
        save_file(every, arguments.dump)
    path = pathlib.Path(__file__).parent.parent / "train" / "clip_training_golden.json"
    sections = (f'  "{key}": ' + json.dumps(value, separators=(",", ":")).replace("],", "],\n    ") for key, value in golden.items())
    path.write_text("{\n" + ",\n".join(sections) + "\n}\n")


if __name__ == "__main__":
    main()
