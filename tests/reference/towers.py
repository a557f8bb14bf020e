"""Writes tests/model/tower_golden.json: what open_clip, transformers and timm make of seeded weights (seeded_weights.py).

    pip install torch==2.11.0 transformers==5.23.0 open_clip_torch==3.3.0 timm==1.0.31    (in an environment of its own)
    python3 tests/reference/towers.py                     the goldens: published widths, two blocks a tower
    python3 tests/reference/towers.py --dump DIR          also every value, as DIR/CASE.safetensors, and ViT-B/32 in full

With TVR_TOWER_REFERENCE=DIR, tests/model_test compares every value of DIR. The goldens have of each pooled vector the
first values, and of it and of each token and patch its product with a seeded vector. "bfloat16" is the reference's own
error in that type on eight images, root mean square and largest, relative to those of the values.
"""
import argparse
import json
import pathlib

import open_clip
import timm
import torch
import transformers
from open_clip.hf_model import HFTextEncoder
from safetensors.torch import save_file

from seeded_weights import fill, uniform

LAYERS, VOCABULARY, BFLOAT16_IMAGES = 2, 1000, 8
BFLOAT16 = ("ViT-B/32", "EVA02-B-16", "SigLIP-B/16", "XLM-R-B/32")
OPEN_CLIP = {"ViT-B/32": "ViT-B-32-quickgelu", "ViT-B/16": "ViT-B-16-quickgelu", "ViT-L/14": "ViT-L-14-quickgelu",
             "ViT-L/14@336px": "ViT-L-14-336-quickgelu", "ViT-B-32": "ViT-B-32", "ViT-B-16": "ViT-B-16",
             "ViT-L-14": "ViT-L-14", "ViT-H-14": "ViT-H-14", "ViT-g-14": "ViT-g-14", "ViT-bigG-14": "ViT-bigG-14",
             "EVA01-g-14": "EVA01-g-14", "EVA02-B-16": "EVA02-B-16", "EVA02-L-14": "EVA02-L-14",
             "SigLIP-B/16 of open_clip": "ViT-B-16-SigLIP"}


def padded(rows, length, pad):
    return torch.tensor([row + [pad] * (length - len(row)) for row in rows])


def clip_ids(length=77):
    return padded([[998, 5, 17, 400, 999], [998, *range(100, 114), 999]], length, 0)


def siglip_ids():
    return padded([[5, 17, 400], list(range(100, 164))], 64, 1)


def xlm_roberta_ids():
    return padded([[0, 5, 17, 400, 2], [0, *range(100, 114), 2]], 16, 1)


def image(size, count=1):
    return (uniform(f"input.image{size}", (count, 3, size, size)) * 2).float()


def captured(module, run):
    """What `module` gives while `run` runs, and what that gives."""
    outputs = []
    hook = module.register_forward_hook(lambda _, __, output: outputs.append(output))
    result = run()
    hook.remove()
    return outputs[-1], result


def open_clip_vision(visual, pixels):
    if hasattr(visual, "trunk"):
        normed, pooled = captured(visual.trunk.norm, lambda: visual(pixels))
        has_class = visual.trunk.num_prefix_tokens
        return pooled, visual.trunk.head(normed)[:, has_class:]
    hidden, pooled = captured(visual.transformer, lambda: visual(pixels))
    return pooled, (visual.ln_post(hidden) @ visual.proj)[:, 1:]


def open_clip_text(model, ids):
    text = getattr(model, "text", model)
    hidden, pooled = captured(text.transformer, lambda: model.encode_text(ids))
    if isinstance(text, HFTextEncoder):
        return pooled, text.proj(hidden.last_hidden_state)
    normed = text.ln_final(hidden)
    projection = text.text_projection
    return pooled, projection(normed) if isinstance(projection, torch.nn.Module) else normed @ projection


def features(vision, text, pixels, ids):
    """vision, text: functions to pooled and tokens."""
    with torch.no_grad():
        (image_pooled, patches), (text_pooled, tokens) = vision(pixels), text(ids)
    return {"image": image_pooled, "patches": patches, "text": text_pooled, "tokens": tokens}


def build_open_clip(name, layers, vocabulary):
    config = open_clip.get_model_config(name)
    quick = config.pop("quick_gelu", False)
    custom = config.pop("custom_text", False) or "timm_model_name" in config["vision_cfg"]
    if layers:
        config["text_cfg"].update(layers=layers, vocab_size=vocabulary)
        config["vision_cfg"].update(layers=layers)
    original = timm.create_model
    timm.create_model = lambda *a, **k: original(*a, **k, **({"depth": layers} if layers else {}))
    try:
        model = (open_clip.CustomTextCLIP if custom else open_clip.CLIP)(**config, quick_gelu=quick)
    finally:
        timm.create_model = original
    return fill(model)


def open_clip_case(name, layers=LAYERS, vocabulary=VOCABULARY):
    model = build_open_clip(OPEN_CLIP[name], layers, vocabulary)
    ids = siglip_ids() if "SigLIP" in name else clip_ids()
    if not layers:
        ids = padded([[49406, 320, 1125, 539, 320, 2368, 49407]], 77, 0)
    return (model, lambda m, x: open_clip_vision(m.visual, x), open_clip_text, image(model.visual.image_size[0]), ids)


def clip_of_transformers(layers=LAYERS, vocabulary=VOCABULARY):
    sizes = {"num_hidden_layers": layers} if layers else {}
    text = {**sizes, **({"vocab_size": vocabulary} if layers else {}), "eos_token_id": 2}
    model = transformers.CLIPModel(transformers.CLIPConfig(text_config=text, vision_config=sizes))

    def vision(m, pixels):
        output = m.vision_model(pixels)
        hidden = m.vision_model.post_layernorm(output.last_hidden_state)
        return m.visual_projection(output.pooler_output), m.visual_projection(hidden)[:, 1:]

    def encode(m, ids):
        output = m.text_model(ids)
        return m.text_projection(output.pooler_output), m.text_projection(output.last_hidden_state)

    ids = clip_ids() if layers else padded([[49406, 320, 1125, 539, 320, 2368, 49407]], 77, 0)
    return fill(model), vision, encode, image(224), ids


def siglip_of_transformers(width, heads, size):
    shared = {"num_hidden_layers": LAYERS, "hidden_size": width, "num_attention_heads": heads,
              "intermediate_size": 4 * width}
    model = transformers.SiglipModel(transformers.SiglipConfig(
        text_config={**shared, "vocab_size": VOCABULARY, "max_position_embeddings": 64, "projection_size": width},
        vision_config={**shared, "image_size": size, "patch_size": 16}))

    def vision(m, pixels):
        output = m.vision_model(pixels)
        return output.pooler_output, output.last_hidden_state

    def text(m, ids):
        output = m.text_model(ids)
        return output.pooler_output, m.text_model.head(output.last_hidden_state)

    return fill(model), vision, text, image(size), siglip_ids()


class Multilingual(torch.nn.Module):
    """open_clip's xlm-roberta-base-ViT-B-32, put together without its hub."""

    def __init__(self):
        super().__init__()
        self.visual = build_open_clip("ViT-B-32", LAYERS, VOCABULARY).visual
        config = transformers.XLMRobertaConfig(
            vocab_size=VOCABULARY, hidden_size=768, num_hidden_layers=LAYERS, num_attention_heads=12,
            intermediate_size=3072, max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1)
        self.text = HFTextEncoder("xlm-roberta-base", 512, config, pooler_type="mean_pooler", proj_type="mlp")

    def encode_text(self, ids):
        return self.text(ids)


def multilingual():
    return fill(Multilingual()), lambda m, x: open_clip_vision(m.visual, x), open_clip_text, image(224), xlm_roberta_ids()


CASES = {
    **{name: (lambda name=name: open_clip_case(name)) for name in OPEN_CLIP},
    "ViT-B/32 of transformers": clip_of_transformers,
    "SigLIP-B/16": lambda: siglip_of_transformers(768, 12, 224),
    "SigLIP-L/16": lambda: siglip_of_transformers(1024, 16, 256),
    "XLM-R-B/32": multilingual,
}
FULL = {"ViT-B/32 full": lambda: open_clip_case("ViT-B/32", 0, 0),
        "ViT-B/32 full of transformers": lambda: clip_of_transformers(0, 0)}


def golden(values):
    rounded = {}
    for name, value in values.items():
        product = value.double() @ uniform("check", (value.shape[-1],))
        rounded[name] = [float(f"{x:.7g}") for x in product.flatten().tolist()]
        if value.dim() == 2:
            rounded[name + ".first"] = [float(f"{x:.7g}") for x in value[:, :8].flatten().tolist()]
    return rounded


def relative_errors(exact, rough):
    errors = {}
    for name, value in exact.items():
        difference = rough[name].double() - value.double()
        errors[name] = [float(f"{(difference.square().mean() / value.double().square().mean()).sqrt():.3g}"),
                        float(f"{difference.abs().max() / value.double().abs().max():.3g}")]
    return errors


def positions():
    table = uniform("positions", (17, 4)).float()
    image_rows = table[1:].reshape(1, 4, 4, 4).permute(0, 3, 1, 2)
    resized = {}
    for grid in (3, 6):
        rows = torch.nn.functional.interpolate(image_rows, size=(grid, grid), mode="bicubic", antialias=True,
                                               align_corners=False)
        resized[str(grid)] = [float(f"{x:.7g}") for x in rows.permute(0, 2, 3, 1).flatten().tolist()]
    return resized


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dump", type=pathlib.Path)
    parser.add_argument("--cases", nargs="*")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    goldens = {"positions": positions()}
    cases = {**CASES, **(FULL if arguments.dump else {})}
    for name, build in cases.items():
        if arguments.cases and name not in arguments.cases:
            continue
        model, vision, text, pixels, ids = build()
        values = features(lambda x: vision(model, x), lambda x: text(model, x), pixels, ids)
        if arguments.dump:
            arguments.dump.mkdir(parents=True, exist_ok=True)
            save_file({key: value.contiguous() for key, value in values.items()},
                      arguments.dump / (name.replace("/", "_").replace(" ", "_") + ".safetensors"))
        if name in FULL:
            continue
        goldens[name] = golden(values)
        if name in BFLOAT16:
            pixels = image(pixels.shape[-1], BFLOAT16_IMAGES)
            values = features(lambda x: vision(model, x), lambda x: text(model, x), pixels, ids)
            model.bfloat16()
            rough = features(lambda x: vision(model, x), lambda x: text(model, x), pixels.bfloat16(), ids)
            goldens[name]["bfloat16"] = relative_errors(values, rough)
        print(name, flush=True)
    if not arguments.cases:
        lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in goldens.items())
        path = pathlib.Path(__file__).parent.parent / "model" / "tower_golden.json"
        path.write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    main()
