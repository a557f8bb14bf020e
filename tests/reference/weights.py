"""Weight files of transformers, open_clip, timm and PyTorch, and whether tvr reads and writes them as they do.

    python3 tests/reference/weights.py make                       tiny files and checksums for tests/model/golden
    python3 tests/reference/weights.py check --tvr build/bin/tvr  converts there and back: equal bits, equal features

Weights are those of seeded_weights.py. The checksums are of the parameters in tvr's names and shapes, float32; how they
come from the files is written down here once more, by hand.

(Python 3.11, PyTorch 2.11.0, transformers 5.23.0, open_clip 3.3.0, timm 1.0.31, safetensors 0.8.0)
"""
import argparse
import functools
import hashlib
import json
import shutil
import subprocess
import tempfile
import zipfile
from collections import OrderedDict
from pathlib import Path

import open_clip
import safetensors.torch
import timm
import torch
import transformers

from seeded_weights import fill, uniform, weights

FOLDER = Path(__file__).resolve().parent.parent / "model" / "golden" / "weights"
WIDTH, HEADS, LAYERS, EMBED, IMAGE, PATCH, CONTEXT, VOCABULARY = 8, 1, 2, 4, 8, 4, 6, 20


# Models of the libraries

def hf_clip(width=WIDTH, heads=HEADS, mlp=4 * WIDTH, activation="quick_gelu", embed=EMBED, vocabulary=VOCABULARY):
    tower = dict(hidden_size=width, intermediate_size=mlp, num_hidden_layers=LAYERS, num_attention_heads=heads,
                 hidden_act=activation, projection_dim=embed)
    text = transformers.CLIPTextConfig(vocab_size=vocabulary, max_position_embeddings=CONTEXT,
                                       bos_token_id=vocabulary - 2, eos_token_id=vocabulary - 1, **tower)
    vision = transformers.CLIPVisionConfig(image_size=IMAGE, patch_size=PATCH, **tower)
    config = transformers.CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=embed)
    return fill(transformers.CLIPModel(config))


def hf_siglip(width=WIDTH, heads=HEADS):
    tower = dict(hidden_size=width, intermediate_size=2 * width, num_hidden_layers=LAYERS, num_attention_heads=heads)
    text = transformers.SiglipTextConfig(vocab_size=VOCABULARY, max_position_embeddings=CONTEXT, bos_token_id=2,
                                         eos_token_id=1, **tower)
    vision = transformers.SiglipVisionConfig(image_size=IMAGE, patch_size=PATCH, **tower)
    config = transformers.SiglipConfig(text_config=text.to_dict(), vision_config=vision.to_dict())
    return fill(transformers.SiglipModel(config))


def clip(width=WIDTH, heads=HEADS, quick=True, embed=EMBED, vocabulary=VOCABULARY):
    vision = dict(image_size=IMAGE, layers=LAYERS, width=width, head_width=width // heads, patch_size=PATCH)
    text = dict(context_length=CONTEXT, vocab_size=vocabulary, width=width, heads=heads, layers=LAYERS)
    return fill(open_clip.CLIP(embed_dim=embed, vision_cfg=vision, text_cfg=text, quick_gelu=quick))


def text_tower(output=EMBED, **more):
    config = dict(context_length=CONTEXT, vocab_size=VOCABULARY, width=WIDTH, heads=HEADS, layers=LAYERS,
                  output_dim=output, **more)
    return fill(open_clip.transformer.TextTransformer(**config), "text.")


def eva(version):
    common = dict(img_size=IMAGE, patch_size=PATCH, embed_dim=WIDTH, depth=LAYERS, num_heads=HEADS, num_classes=EMBED,
                  global_pool="token", norm_layer=functools.partial(torch.nn.LayerNorm, eps=1e-6))
    if version == 1:
        return timm.models.eva.Eva(qkv_bias=True, **common)
    return timm.models.eva.Eva(qkv_fused=False, mlp_ratio=8 / 3, swiglu_mlp=True, scale_mlp=True, scale_attn_inner=True,
                               use_rot_pos_emb=True, ref_feat_shape=(2, 2), **common)


def siglip_trunk():
    return timm.models.vision_transformer.VisionTransformer(
        img_size=IMAGE, patch_size=PATCH, embed_dim=WIDTH, depth=LAYERS, num_heads=HEADS, num_classes=0,
        global_pool="map", class_token=False)


def prefixed(module, prefix):
    return OrderedDict((prefix + name, tensor) for name, tensor in module.state_dict().items())


def scale():
    return {"logit_scale": torch.tensor(2.5)}


# How the parameters of tvr come from those of others

def layer(ours, theirs):
    return {f"{ours}.weight": f"{theirs}.weight", f"{ours}.bias": f"{theirs}.bias"}


def renamed(state, names):
    return {ours: state[theirs].float() for ours, theirs in names.items()}


def block_names(ours, theirs, names):
    result = {}
    for i in range(LAYERS):
        for our_name, their_name in names.items():
            result |= layer(f"{ours}transformer.resblocks.{i}.{our_name}", f"{theirs}{i}.{their_name}")
    return result


def joined_attention(state, ours, theirs, parts):
    result = {}
    for i in range(LAYERS):
        for kind in ("weight", "bias"):
            result[f"{ours}transformer.resblocks.{i}.attn.in_proj_{kind}"] = torch.cat(
                [state[f"{theirs}{i}.{part}.{kind}"].float() for part in parts])
    return result


def from_huggingface(state, is_siglip):
    result = {}
    for ours, theirs in (("visual.", "vision_model."), ("", "text_model.")):
        blocks = theirs + "encoder.layers."
        result |= renamed(state, block_names(ours, blocks, {
            "ln_1": "layer_norm1", "attn.out_proj": "self_attn.out_proj", "ln_2": "layer_norm2", "mlp.c_fc": "mlp.fc1",
            "mlp.c_proj": "mlp.fc2"}))
        result |= joined_attention(state, ours, blocks, [f"self_attn.{x}_proj" for x in "qkv"])
    names = {"visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
             "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
             "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
             "positional_embedding": "text_model.embeddings.position_embedding.weight"}
    names |= layer("visual.ln_post", "vision_model.post_layernorm") | layer("ln_final", "text_model.final_layer_norm")
    if is_siglip:
        names |= {"visual.conv1.bias": "vision_model.embeddings.patch_embedding.bias",
                  "visual.pool.probe": "vision_model.head.probe", "text_projection_bias": "text_model.head.bias",
                  "visual.pool.attn.in_proj_weight": "vision_model.head.attention.in_proj_weight",
                  "visual.pool.attn.in_proj_bias": "vision_model.head.attention.in_proj_bias"}
        names |= layer("visual.pool.attn.out_proj", "vision_model.head.attention.out_proj")
        names |= layer("visual.pool.ln", "vision_model.head.layernorm")
        names |= layer("visual.pool.mlp.c_fc", "vision_model.head.mlp.fc1")
        names |= layer("visual.pool.mlp.c_proj", "vision_model.head.mlp.fc2")
        result["text_projection"] = state["text_model.head.weight"].t()
        result["logit_scale"], result["logit_bias"] = state["logit_scale"].squeeze(), state["logit_bias"].squeeze()
    else:
        names |= layer("visual.ln_pre", "vision_model.pre_layrnorm")
        names |= {"visual.class_embedding": "vision_model.embeddings.class_embedding"}
        result["visual.proj"] = state["visual_projection.weight"].t()
        result["text_projection"] = state["text_projection.weight"].t()
        result["logit_scale"] = state["logit_scale"]
    return result | renamed(state, names)


def from_timm(state):
    """Of SigLIP, EVA01 and EVA02."""
    theirs, result = "visual.trunk.", {}
    has = lambda name: theirs + name in state
    is_eva02 = has("blocks.0.attn.q_proj.weight")
    names = {"ln_1": "norm1", "attn.out_proj": "attn.proj", "ln_2": "norm2", "mlp.c_proj": "mlp.fc2"}
    if is_eva02:
        names |= {"mlp.c_fc": "mlp.fc1_x", "mlp.c_gate": "mlp.fc1_g", "mlp.ln": "mlp.norm", "attn.ln": "attn.norm"}
    else:
        names |= {"mlp.c_fc": "mlp.fc1"}
    result |= renamed(state, block_names("visual.", theirs + "blocks.", names))
    for i in range(LAYERS):
        attention, ours = f"{theirs}blocks.{i}.attn.", f"visual.transformer.resblocks.{i}.attn.in_proj_"
        get = lambda name: state[attention + name].float()
        if is_eva02:
            result[ours + "weight"] = torch.cat([get(f"{x}_proj.weight") for x in "qkv"])
            result[ours + "bias"] = torch.cat([get("q_proj.bias"), torch.zeros(WIDTH), get("v_proj.bias")])
        elif has("blocks.0.attn.q_bias"):
            result[ours + "weight"] = get("qkv.weight")
            result[ours + "bias"] = torch.cat([get("q_bias"), torch.zeros(WIDTH), get("v_bias")])
        else:
            result[ours + "weight"], result[ours + "bias"] = get("qkv.weight"), get("qkv.bias")
    names = layer("visual.conv1", theirs + "patch_embed.proj") | layer("visual.ln_post", theirs + "norm")
    result["visual.positional_embedding"] = state[theirs + "pos_embed"].float().squeeze(0)
    if has("cls_token"):
        result["visual.class_embedding"] = state[theirs + "cls_token"].float().flatten()
        result["visual.proj"] = state[theirs + "head.weight"].float().t()
        names["visual.proj_bias"] = theirs + "head.bias"
    else:
        pool = theirs + "attn_pool."
        names["visual.pool.probe"] = pool + "latent"
        for kind in ("weight", "bias"):
            result["visual.pool.attn.in_proj_" + kind] = torch.cat(
                [state[f"{pool}{part}.{kind}"].float() for part in ("q", "kv")])
        names |= layer("visual.pool.attn.out_proj", pool + "proj") | layer("visual.pool.ln", pool + "norm")
        names |= layer("visual.pool.mlp.c_fc", pool + "mlp.fc1") | layer("visual.pool.mlp.c_proj", pool + "mlp.fc2")
    return result | renamed(state, names)


def from_open_clip_text(state):
    result = {name[5:]: tensor.float() for name, tensor in state.items() if name.startswith("text.")}
    if "text_projection.weight" in result:
        result["text_projection"] = result.pop("text_projection.weight").t()
        result["text_projection_bias"] = result.pop("text_projection.bias")
    return result


def from_xlm_roberta(state):
    theirs = "text.transformer.encoder.layer."
    result = renamed(state, block_names("", theirs, {
        "ln_1": "attention.output.LayerNorm", "attn.out_proj": "attention.output.dense", "ln_2": "output.LayerNorm",
        "mlp.c_fc": "intermediate.dense", "mlp.c_proj": "output.dense"}))
    result |= joined_attention(state, "", theirs, [f"attention.self.{x}" for x in ("query", "key", "value")])
    embeddings = "text.transformer.embeddings."
    names = layer("ln_embedding", embeddings + "LayerNorm")
    names |= {"token_embedding.weight": embeddings + "word_embeddings.weight",
              "positional_embedding": embeddings + "position_embeddings.weight",
              "token_type_embedding": embeddings + "token_type_embeddings.weight",
              "proj.0.weight": "text.proj.0.weight", "proj.2.weight": "text.proj.2.weight"}
    return result | renamed(state, names)


def without_constants(state):
    return {name: tensor.float() for name, tensor in state.items() if not name.endswith("attn_mask")}


# The files

def halved(state):
    """OpenAI's mixture: matrices of linear layers, convolutions and projections are half."""
    single = ("ln_", "embedding", "logit_scale")
    return OrderedDict((name, t if any(x in name for x in single) else t.half()) for name, t in state.items())


def drop_code(file):
    """Leaves the names of the code's members; the code is the library's, and tvr has no use for it. Neither for a number
    that differs from run to run."""
    left_out = (".debug_pkl", "serialization_id")
    with zipfile.ZipFile(file) as archive:
        members = [(m.filename, archive.read(m)) for m in archive.infolist() if not m.filename.endswith(left_out)]
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), b"" if "/code/" in name else content)


def openai_archive(file):
    """A traced model, as OpenAI publishes them."""
    model = clip()
    expected = halved(model.state_dict())
    for name, number in (("input_resolution", IMAGE), ("context_length", CONTEXT), ("vocab_size", VOCABULARY)):
        if hasattr(model, name):
            delattr(model, name)
        model.register_buffer(name, torch.tensor(number))
    traced = torch.jit.trace(model, (torch.zeros(1, 3, IMAGE, IMAGE), torch.zeros(1, CONTEXT, dtype=torch.long)))
    for name, parameter in traced.named_parameters():
        parameter.data = expected[name].clone()
    traced.save(str(file))
    drop_code(file)
    return without_constants(expected)


def training_checkpoint(file):
    """As open_clip's training and older files of it: wrapped, of several processes, with the mask."""
    state = clip().state_dict()
    wrapped = OrderedDict(("module." + name, tensor) for name, tensor in state.items())
    wrapped["module.attn_mask"] = torch.full((CONTEXT, CONTEXT), float("-inf")).triu(1)
    optimizer = {"state": {0: {"step": torch.tensor(5.0)}}}
    torch.save({"epoch": 3, "name": "tiny", "state_dict": wrapped, "optimizer": optimizer}, file)
    return without_constants(state)


def hugging_face_folder(folder, model, is_siglip, **how):
    model.save_pretrained(folder, **how)
    return from_huggingface(model.state_dict(), is_siglip)


def hugging_face_bin(folder):
    model = hf_clip()
    folder.mkdir()
    model.config.save_pretrained(folder)
    state = model.state_dict()
    state["text_model.embeddings.position_ids"] = torch.arange(CONTEXT)[None]  # as older ones have it
    torch.save(state, folder / "pytorch_model.bin")
    return from_huggingface(state, False)


def timm_file(file, trunk, text):
    state = prefixed(fill(trunk, "visual.trunk."), "visual.trunk.") | prefixed(text, "text.") | scale()
    expected = from_timm(state) | from_open_clip_text(state) | scale()
    if "text.text_projection.bias" in state:
        state["logit_bias"] = expected["logit_bias"] = torch.tensor(-10.0)
    safetensors.torch.save_file({name: tensor.contiguous() for name, tensor in state.items()}, file)
    return without_constants(expected)


def xlm_roberta_file(file):
    config = transformers.XLMRobertaConfig(vocab_size=VOCABULARY, hidden_size=WIDTH, num_hidden_layers=LAYERS,
                                           num_attention_heads=HEADS, intermediate_size=2 * WIDTH,
                                           max_position_embeddings=CONTEXT + 2, type_vocab_size=1)
    text = fill(transformers.XLMRobertaModel(config, add_pooling_layer=False), "text.transformer.")
    state = prefixed(text, "text.transformer.") | prefixed(clip(quick=False).visual, "visual.") | scale()
    for name, shape in (("text.proj.0.weight", (12, WIDTH)), ("text.proj.2.weight", (EMBED, 12))):
        state[name] = weights(name, shape)
    torch.save(state, file)
    pictures = {name: tensor for name, tensor in state.items() if name.startswith("visual.")}
    return pictures | from_xlm_roberta(state) | scale()


def clip4clip_file(file):
    state = clip().state_dict()
    state.pop("attn_mask", None)
    expected = without_constants(state)
    saved = OrderedDict(("clip." + name, tensor) for name, tensor in state.items())
    frames = fill(open_clip.transformer.Transformer(EMBED, 2, 1), "transformerClip.")
    saved |= prefixed(frames, "transformerClip.")
    saved["frame_position_embeddings.weight"] = weights("frame_position_embeddings.weight", (CONTEXT, EMBED))
    parts = {"0.weight": (EMBED, EMBED), "0.bias": (EMBED,), "2.weight": (1, EMBED), "2.bias": (1,)}
    for name in ("text_weight_fc", "video_weight_fc"):
        for part, shape in parts.items():
            saved[f"{name}.{part}"] = weights(f"{name}.{part}", shape)
    torch.save(saved, file)
    return expected


def cases():
    """Name, activation that must be given, and what writes it and returns the expected parameters."""
    linear = dict(output=WIDTH, proj_type="linear", proj_bias=True, no_causal_mask=True, pool_type="last")
    return {
        "openai.pt": ("", openai_archive),
        "open_clip_training.pt": ("gelu", training_checkpoint),
        "hf_clip": ("", lambda path: hugging_face_folder(path, hf_clip(), False)),
        "hf_clip_sharded": ("", lambda path: hugging_face_folder(path, hf_clip(), False, max_shard_size="5KB")),
        "hf_clip_bin": ("", hugging_face_bin),
        "hf_siglip": ("", lambda path: hugging_face_folder(path, hf_siglip(), True)),
        "timm_siglip.safetensors": ("", lambda path: timm_file(path, siglip_trunk(), text_tower(**linear))),
        "eva01.safetensors": ("", lambda path: timm_file(path, eva(1), text_tower())),
        "eva02.safetensors": ("", lambda path: timm_file(path, eva(2), text_tower())),
        "xlm_roberta.bin": ("", xlm_roberta_file),
        "clip4clip.bin": ("", clip4clip_file),
    }


def checksum(tensor):
    return hashlib.sha256(tensor.detach().float().contiguous().numpy().tobytes()).hexdigest()[:16]


def make():
    if FOLDER.exists():
        shutil.rmtree(FOLDER)
    FOLDER.mkdir(parents=True)
    golden = {}
    for name, (activation, write) in cases().items():
        expected = write(FOLDER / name)
        golden[name] = {"activation": activation,
                        "parameters": {ours: [list(t.shape), checksum(t)] for ours, t in sorted(expected.items())}}
    (FOLDER / "expected.json").write_text(json.dumps(golden, indent=1) + "\n")
    print(f"{len(golden)} cases in {FOLDER}")


# There and back

def run(tvr, *arguments):
    subprocess.run([tvr, "weights", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def inputs(vocabulary):
    pictures = uniform("input.image", (2, 3, IMAGE, IMAGE)).float() * 2
    texts = torch.tensor([[vocabulary - 2, 5, vocabulary - 1, 0, 0, 0], [vocabulary - 2, 5, 7, 9, 11, vocabulary - 1]])
    return pictures, texts


def features(model, vocabulary):
    pictures, texts = inputs(vocabulary)
    with torch.no_grad():
        if not isinstance(model, transformers.PreTrainedModel):
            return model.encode_image(pictures), model.encode_text(texts)
        both = model.get_image_features(pictures), model.get_text_features(texts)
    return tuple(getattr(x, "pooler_output", x) for x in both)  # transformers 5 returns the tower's whole output


def load_hugging_face(kind, folder):
    model, info = kind.from_pretrained(folder, output_loading_info=True)
    assert not any(info.values()), info
    return model.eval()


def load_open_clip(folder):
    return open_clip.create_model(f"local-dir:{folder}", load_weights=True).eval()


def expect_equal_state(model, other):
    ours, theirs = model.state_dict(), other.state_dict()
    assert ours.keys() == theirs.keys(), ours.keys() ^ theirs.keys()
    for name in ours:
        assert torch.equal(ours[name], theirs[name]), name


def expect_equal(first, second, tolerance, what):
    worst = max(((a - b).abs().max() / a.abs().max()).item() for a, b in zip(first, second))
    assert worst <= tolerance, (what, worst)
    print(f"{what}: largest difference {worst:.2g} of the largest value")


def check_clip(tvr, folder, activation, heads):
    name = f"CLIP {activation}, {heads} heads"
    model = hf_clip(width=128, heads=heads, mlp=512, activation=activation, embed=32, vocabulary=1000)
    model.save_pretrained(folder / "hf")
    expected = features(model, 1000)
    run(tvr, "convert", folder / "hf", "--to", "tvr", "--out", folder / "tvr")
    run(tvr, "convert", folder / "tvr", "--to", "huggingface", "--out", folder / "hf2")
    again = load_hugging_face(transformers.CLIPModel, folder / "hf2")
    expect_equal_state(model, again)
    expect_equal(expected, features(again, 1000), 0, f"{name}: Hugging Face -> tvr -> Hugging Face")
    transformers.CLIPImageProcessor.from_pretrained(folder / "hf2")
    run(tvr, "convert", folder / "tvr", "--to", "open_clip", "--out", folder / "oc")
    other = load_open_clip(folder / "oc")
    expect_equal(expected, features(other, 1000), 1e-5, f"{name}: Hugging Face -> open_clip")
    run(tvr, "convert", folder / "oc", "--to", "huggingface", "--out", folder / "hf3")
    expect_equal_state(model, load_hugging_face(transformers.CLIPModel, folder / "hf3"))
    for kind in ("float16", "bfloat16"):
        run(tvr, "convert", folder / "oc", "--to", "huggingface", "--dtype", kind, "--out", folder / kind)
        narrow = load_hugging_face(transformers.CLIPModel, folder / kind)
        expect_equal_state(model.to(getattr(torch, kind)), narrow.to(getattr(torch, kind)))
        model.float()
        fill(model)
    if activation == "quick_gelu" and heads == 2:
        run(tvr, "convert", folder / "oc", "--to", "openai", "--out", folder / "openai")
        state = safetensors.torch.load_file(folder / "openai" / "model.safetensors")
        rebuilt = open_clip.openai.build_model_from_openai_state_dict(dict(state), cast_dtype=torch.float32).float()
        rebuilt.load_state_dict(state)  # it rounds to half on its way
        expect_equal(features(other, 1000), features(rebuilt.eval(), 1000), 0, f"{name}: OpenAI's names")


def check_open_clip(tvr, folder, quick):
    model = clip(width=128, heads=2, quick=quick, embed=32, vocabulary=1000)
    torch.save(model.state_dict(), folder / "clip.bin")
    activation = "quick_gelu" if quick else "gelu"
    run(tvr, "convert", folder / "clip.bin", "--activation", activation, "--to", "open_clip", "--out", folder / "oc")
    again = load_open_clip(folder / "oc")
    expect_equal_state(model, again)
    expect_equal(features(model, 1000), features(again, 1000), 0, f"open_clip {activation} -> open_clip")
    run(tvr, "convert", folder / "clip.bin", "--activation", activation, "--to", "huggingface", "--out", folder / "hf")
    other = load_hugging_face(transformers.CLIPModel, folder / "hf")
    expect_equal(features(model, 1000), features(other, 1000), 1e-5, f"open_clip {activation} -> Hugging Face")


def check_siglip(tvr, folder):
    model = hf_siglip(width=128, heads=2)
    model.save_pretrained(folder / "siglip")
    run(tvr, "convert", folder / "siglip", "--to", "tvr", "--out", folder / "tvr")
    run(tvr, "convert", folder / "tvr", "--to", "huggingface", "--out", folder / "again")
    again = load_hugging_face(transformers.SiglipModel, folder / "again")
    expect_equal_state(model, again)
    expect_equal(features(model, VOCABULARY), features(again, VOCABULARY), 0, "SigLIP: Hugging Face -> Hugging Face")
    transformers.SiglipImageProcessor.from_pretrained(folder / "again")


def check(tvr):
    with tempfile.TemporaryDirectory() as folder:
        todo = [lambda path, a=a, h=h: check_clip(tvr, path, a, h)
                for a, h in (("quick_gelu", 2), ("gelu", 2), ("quick_gelu", 4))]
        todo += [lambda path, q=q: check_open_clip(tvr, path, q) for q in (True, False)]
        todo += [lambda path: check_siglip(tvr, path)]
        for number, work in enumerate(todo):
            path = Path(folder) / str(number)
            path.mkdir()
            work(path)
    print("all equal")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("make", "check"))
    parser.add_argument("--tvr", default="build/bin/tvr")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    make() if arguments.what == "make" else check(arguments.tvr)
