"""Compares `tvr encode` with transformers' CLIPModel on seeded weights (seeded_weights.py): pictures, crops and captions.

    pip install torch==2.11.0 transformers==5.23.0 pillow==13.0.0 safetensors==0.8.0    (in an environment of its own)
    TVR_TEST_DATA=DIR python3 tests/reference/encode.py --tvr build/bin/tvr

The pictures are the JPEGs of DIR/clip_preprocess, and generated ones of every kind that tvr reads: gray, palettes, alpha,
odd sizes, WebP, BMP. transformers' own processor prepares them with Pillow (CLIPImageProcessorPil); it differs from OpenAI's
code, and tvr, where it cuts an odd margin of three quarters: such sizes are cut by OpenAI's rule here. Prints the largest
differences and fails above 1e-4.
"""
import argparse
import json
import os
import pathlib
import subprocess
import tempfile

import numpy
import torch
import transformers
from PIL import Image
from safetensors import safe_open
from seeded_weights import fill, uniform

CAPTIONS = ["a photo of a cat", "two dogs run over a meadow", "Naïve café, 3.14 &amp; it's don't", "😀", "a " * 100]
TOLERANCE = 1e-4
MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
SIZE = 64


def tiny_model():
    shared = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = transformers.CLIPConfig(
        text_config={**shared, "vocab_size": 49408, "max_position_embeddings": 77, "eos_token_id": 49407},
        vision_config={**shared, "image_size": SIZE, "patch_size": 16}, projection_dim=32)
    return fill(transformers.CLIPModel(config))


def write_pictures(folder, source):
    for file in sorted((source / "clip_preprocess").glob("*.jpg")):
        (folder / file.name).write_bytes(file.read_bytes())
    noise = (uniform("encode.py pictures", (91, 133, 4)).numpy() * 127 + 128).astype(numpy.uint8)
    picture = Image.fromarray(noise)
    picture.save(folder / "alpha.png")
    picture.save(folder / "alpha.webp", lossless=True)
    colour = picture.convert("RGB")
    colour.save(folder / "lossy.webp", quality=80)
    colour.save(folder / "colour.bmp")
    colour.quantize(17).save(folder / "palette.png", transparency=3)
    colour.convert("L").save(folder / "gray.jpg")
    colour.convert("LA").save(folder / "gray_alpha.png")
    colour.convert("1").save(folder / "black_white.png")
    colour.save(folder / "progressive.jpeg", progressive=True, quality=70)
    exif = Image.Exif()
    exif[0x0112] = 6  # a camera that was turned
    colour.save(folder / "turned.jpg", exif=exif)


def prepared(file):
    """Resize, centre crop and scaling as OpenAI's code has them: torchvision on Pillow."""
    picture = Image.open(file).convert("RGB")
    width, height = picture.size
    short = min(width, height)
    size = (SIZE, int(SIZE * height / width)) if width == short else (int(SIZE * width / height), SIZE)
    picture = picture.resize(size, Image.Resampling.BICUBIC)
    left, top = round((size[0] - SIZE) / 2), round((size[1] - SIZE) / 2)
    pixels = numpy.asarray(picture.crop((left, top, left + SIZE, top + SIZE)), dtype=numpy.float32) / 255
    return torch.from_numpy((pixels - numpy.float32(MEAN)) / numpy.float32(DEVIATION)).permute(2, 0, 1)


def processed(file):
    """The same by transformers; None where its rule of cropping is another one."""
    picture = Image.open(file).convert("RGB")
    picture.info.pop("transparency", None)  # of a palette; the processor would make it RGBA again
    longest = int(SIZE * max(picture.size) / min(picture.size))
    if (longest - SIZE) % 4 == 3:
        return None
    processor = transformers.CLIPImageProcessorPil(size={"shortest_edge": SIZE}, crop_size=SIZE)
    return processor(picture, return_tensors="pt")["pixel_values"][0]


def caption_ids():
    import open_clip
    tokens = open_clip.SimpleTokenizer()(CAPTIONS)
    return tokens.long()


def difference(name, ours, theirs):
    largest = float(numpy.abs(ours - theirs.detach().numpy()).max())
    print(f"{name}: largest difference {largest:.2e} of values up to {float(theirs.abs().max()):.2f}")
    return largest


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tvr", required=True)
    arguments = parser.parse_args()
    source = pathlib.Path(os.environ["TVR_TEST_DATA"])
    with tempfile.TemporaryDirectory() as name, torch.no_grad():
        folder = pathlib.Path(name)
        (folder / "pictures").mkdir()
        write_pictures(folder / "pictures", source)
        (folder / "captions.txt").write_text("\n".join(CAPTIONS) + "\n")
        model = tiny_model()
        model.save_pretrained(folder / "model")
        subprocess.run([arguments.tvr, "encode", "--weights", folder / "model", "--texts", folder / "captions.txt", "--images",
                        folder / "pictures", "--patches", "--device", "cpu", "--out", folder / "out.safetensors"], check=True)
        with safe_open(folder / "out.safetensors", "np") as file:
            ids = json.loads(file.metadata()["image_ids"])
            ours = {name: file.get_tensor(name) for name in file.keys()}
        files = [folder / "pictures" / name for name in ids]
        pixels = torch.stack([prepared(file) for file in files])
        vision = model.vision_model(pixel_values=pixels)
        hidden = model.visual_projection(model.vision_model.post_layernorm(vision.last_hidden_state))
        tokens = caption_ids()
        text = model.text_model(input_ids=tokens, attention_mask=torch.ones_like(tokens))
        words = model.text_projection(text.last_hidden_state)[:, :ours["text.tokens"].shape[1]]
        real = torch.from_numpy(ours["text.mask"]).unsqueeze(2)
        worst = [difference("image.pooled", ours["image.pooled"], hidden[:, 0]),
                 difference("image.patches", ours["image.patches"], hidden[:, 1:]),
                 difference("text.pooled", ours["text.pooled"], model.text_projection(text.pooler_output)),
                 difference("text.tokens", ours["text.tokens"], words * real)]
        for file, row in zip(files, pixels):
            theirs = processed(file)
            if theirs is not None and not torch.allclose(theirs, row, atol=1e-6):
                raise SystemExit(f"{file.name}: transformers' processor gives other pixels")
        for file, row, theirs in zip(files, ours["image.pooled"], hidden[:, 0]):
            print(f"  {file.name}: {float(numpy.abs(row - theirs.numpy()).max()):.2e}")
    if max(worst) > TOLERANCE:
        raise SystemExit(f"differences above {TOLERANCE}")


if __name__ == "__main__":
    main()
