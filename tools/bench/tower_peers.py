#!/usr/bin/env python3
"""Times tvr's towers in turns with open_clip and transformers, and loading; tower_bench.sh calls it.

usage: tower_peers.py compare PROGRAM TVR FOLDER [--rounds N] [--images N] [--captions N]

Seeded models of OpenAI's ViT-B/32 and ViT-B/16 are written into FOLDER in Hugging Face's names (`tvr weights convert`
makes open_clip's of them), and inputs for all. Of every row each program runs in a process of its own that loads one
tower (open_clip: both, it has no other way), then does a pass in each turn; numbers are medians over the turns, ratios
medians of the ratios of each turn. The features must agree.
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
START, END, POSITIONS, VOCABULARY = 49406, 49407, 77, 49408
PATCHES = {"ViT-B/32": 32, "ViT-B/16": 16}
TOLERANCE = {"float32": 1e-4, "bfloat16": 0.1}  # of the largest value


def processor_seconds():
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def children_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# The peers, each in a process of its own


def open_clip_model(model, kind):
    import open_clip

    precision = {"float32": "fp32", "bfloat16": "pure_bf16"}[kind]
    return open_clip.create_model(f"local-dir:{model}/open_clip", load_weights=True, precision=precision).eval()


def open_clip_job(what, model, inputs, kind):
    towers = open_clip_model(model, kind)
    if what == "images":
        return lambda: towers.encode_image(normalised(inputs["pixels"], kind))
    return lambda: towers.encode_text(inputs["ids"])  # its tokenizer pads to 77


def transformers_job(what, model, inputs, kind):
    import torch
    import transformers

    tower = {"images": "CLIPVisionModelWithProjection", "captions": "CLIPTextModelWithProjection"}[what]
    tower = getattr(transformers, tower).from_pretrained(
        f"{model}/huggingface", dtype=getattr(torch, kind), attn_implementation="sdpa").eval()
    if what == "images":
        return lambda: tower(pixel_values=normalised(inputs["pixels"], kind)).image_embeds
    ids = inputs["ids"][:, : int(inputs["lengths"].max())].contiguous()  # its tokenizer can pad to the longest
    return lambda: tower(input_ids=ids).text_embeds  # no mask of padding: causal attention needs none


def normalised(pixels, kind):
    import torch

    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, STD))
    return pixels.float().div_(255).sub_(mean).div_(std).to(getattr(torch, kind))


def serve(library, what, model, inputs, kind, threads, features):
    import torch
    from safetensors.torch import load_file, save_file

    torch.set_num_threads(int(threads))
    with torch.inference_mode():
        job = {"open_clip": open_clip_job, "transformers": transformers_job}[library]
        run = job(what, model, load_file(inputs), kind)
        save_file({"features": run().float().contiguous()}, features)
        print("ready", flush=True)
        for _ in sys.stdin:
            wall, processor = time.perf_counter(), processor_seconds()
            run()
            print(time.perf_counter() - wall, processor_seconds() - processor, flush=True)
    print(peak_mib())


def load(model, inputs):
    begin = time.perf_counter()
    import torch
    import transformers
    from safetensors.torch import load_file

    torch.set_num_threads(1)
    kind, imported = transformers.CLIPModel, time.perf_counter()
    model = kind.from_pretrained(f"{model}/huggingface", dtype=torch.float32, attn_implementation="sdpa").eval()
    loaded = time.perf_counter()
    prepared = load_file(inputs)
    with torch.inference_mode():
        model.get_image_features(pixel_values=normalised(prepared["pixels"][:1], "float32"))
        model.get_text_features(input_ids=prepared["ids"][:1])
    print(json.dumps({"import_s": imported - begin, "load_s": loaded - imported,
                      "features_s": time.perf_counter() - imported, "peak_mib": peak_mib()}))


# The comparison


def prepare(tvr, folder, images, captions):
    """Models and inputs, unless they are there."""
    import numpy
    import torch
    import transformers
    from safetensors.torch import save_file

    sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "reference"))
    from seeded_weights import fill

    for name, patch in PATCHES.items():
        place = folder / name.replace("/", "_")
        if (place / "open_clip").exists():
            continue
        config = transformers.CLIPConfig(
            projection_dim=512, vision_config={"patch_size": patch, "projection_dim": 512},
            text_config={"projection_dim": 512, "bos_token_id": START, "eos_token_id": END})
        fill(transformers.CLIPModel(config)).save_pretrained(place / "huggingface")
        subprocess.run([tvr, "weights", "convert", place / "huggingface", "--to", "open_clip", "--out",
                        place / "open_clip"], check=True, stdout=subprocess.DEVNULL)
    random = numpy.random.default_rng(0)
    pixels = random.integers(0, 256, (images, 3, 224, 224), dtype=numpy.uint8)
    for name, lengths in (("full", numpy.full(captions, POSITIONS)), ("natural", random.integers(8, 25, captions))):
        lengths[0] = lengths.max() if name == "full" else 24
        ids = random.integers(1, START, (captions, POSITIONS))
        places = numpy.arange(POSITIONS)
        ids[:, 0] = START
        ids[places >= lengths[:, None]] = 0
        ids[numpy.arange(captions), lengths - 1] = END
        save_file({"pixels": torch.from_numpy(pixels), "ids": torch.from_numpy(ids),
                   "lengths": torch.from_numpy(lengths.astype(numpy.int64))}, folder / f"{name}.safetensors")


class Worker:
    def __init__(self, command, arguments, features):
        self.features = features
        self.process = subprocess.Popen([*command, *map(str, arguments), str(features)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.line("ready")
        self.turns = []

    def line(self, expected=""):
        line = self.process.stdout.readline().strip()
        if not line or (expected and line != expected):
            sys.exit(f"{' '.join(map(str, self.process.args))}: {line}\n{self.process.stderr.read()}")
        return line

    def turn(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return [float(number) for number in self.line().split()]

    def finish(self):
        """Peak MiB."""
        self.process.stdin.close()
        peak = float(self.line())
        self.process.wait()
        return peak


def check_equal(workers, kind, row):
    from safetensors.torch import load_file

    features = {name: load_file(worker.features)["features"] for name, worker in workers.items()}
    for name, other in features.items():
        difference = ((features["tvr"] - other).abs().max() / other.abs().max()).item()
        if not difference <= TOLERANCE[kind]:
            sys.exit(f"{row}: the features of tvr and {name} differ by {difference:.3g} of the largest.")


def measure(program, folder, row, what, model, inputs, kind, threads, count, rounds):
    itself = [sys.executable, __file__, "serve"]
    commands = {"tvr": [program], "open_clip": [*itself, "open_clip"], "transformers": [*itself, "transformers"]}
    workers = {}
    for name, command in commands.items():
        place = model / "huggingface" if name == "tvr" else model
        workers[name] = Worker(command, [what, place, inputs, kind, threads], folder / f"{name}.features")
    check_equal(workers, kind, row)
    order = list(workers)
    for turn in range(rounds + 1):
        for name in order:
            result = workers[name].turn()
            if turn > 0:
                workers[name].turns.append(result)
        order.append(order.pop(0))
    peaks = {name: worker.finish() for name, worker in workers.items()}
    print_row(row, {name: worker.turns for name, worker in workers.items()}, peaks, count)


def print_row(row, turns, peaks, count):
    def speed(name, place):
        return statistics.median(count / turn[place] for turn in turns[name])

    def cell(name, place):
        speeds = [count / turn[place] for turn in turns[name]]
        return f"{statistics.median(speeds):.1f} ({min(speeds):.1f} to {max(speeds):.1f})"

    def ratio(name, place):
        return statistics.median(other[place] / own[place] for own, other in zip(turns["tvr"], turns[name]))

    def best(place):
        return max((name for name in turns if name != "tvr"), key=lambda name: speed(name, place))

    walls, processors = best(0), best(1)
    cells = [row, cell("tvr", 0), f"{cell(walls, 0)} {walls}", f"{ratio(walls, 0):.2f}", f"{speed('tvr', 1):.1f}",
             f"{speed(processors, 1):.1f} {processors}", f"{ratio(processors, 1):.2f}", f"{peaks['tvr']:.0f}",
             f"{min(value for name, value in peaks.items() if name != 'tvr'):.0f}"]
    print("| " + " | ".join(cells) + " |", flush=True)


def compare_speed(options):
    print("| row, type, threads | tvr, a second | faster peer | ratio | tvr, a processor second | faster peer | ratio "
          "| peak MiB, tvr | smaller peer |\n" + "|---" * 9 + "|")
    rows = [(name, "images", name, "full") for name in PATCHES]
    rows += [("captions of 77", "captions", "ViT-B/32", "full"),
             ("captions of 8 to 24", "captions", "ViT-B/32", "natural")]
    for name, what, model, inputs in rows:
        for kind in ("float32", "bfloat16"):
            for threads in (1, 2):
                measure(options.program, options.folder, f"{name}, {kind}, {threads}", what,
                        options.folder / model.replace("/", "_"), options.folder / f"{inputs}.safetensors", kind,
                        threads, options.images if what == "images" else options.captions, options.rounds)


def compare_loading(options):
    model, inputs = options.folder / "ViT-B_32", options.folder / "full.safetensors"
    commands = {"tvr": [options.program, "load", model / "huggingface", inputs],
                "transformers": [sys.executable, __file__, "load", model, inputs]}
    results = {name: [] for name in commands}
    for turn in range(options.rounds + 1):
        for name, command in commands.items():
            begin, before = time.perf_counter(), children_seconds()
            line = subprocess.run([*map(str, command)], check=True, capture_output=True, text=True).stdout
            whole, processor = time.perf_counter() - begin, children_seconds() - before
            result = json.loads(line) | {"whole_s": whole, "processor_s": processor}
            if turn > 0:
                results[name].append(result)
    size = (model / "huggingface" / "model.safetensors").stat().st_size
    print(f"| {size / 1e6:.0f} MB, float32, 1 thread | load, s | and first features, s | import, s | whole process, s "
          "| its processor seconds | peak MiB |\n" + "|---" * 7 + "|")
    for name, turns in results.items():
        cells = [name]
        for key in ("load_s", "features_s", "import_s", "whole_s", "processor_s", "peak_mib"):
            values, digits = [turn[key] for turn in turns if key in turn], 0 if key == "peak_mib" else 2
            low, median, high = (f"{f(values):.{digits}f}" if values else "" for f in (min, statistics.median, max))
            cells.append(f"{median} ({low} to {high})" if values else "none")
        print("| " + " | ".join(cells) + " |")


def compare(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="tvr_tower_bench")
    parser.add_argument("tvr")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--images", type=int, default=16, help="a batch of images")
    parser.add_argument("--captions", type=int, default=64, help="a batch of captions")
    options = parser.parse_args(arguments)
    import open_clip
    import torch
    import transformers

    prepare(options.tvr, options.folder, options.images, options.captions)
    print(f"torch {torch.__version__}, open_clip {open_clip.__version__}, transformers {transformers.__version__}, "
          f"{torch.backends.cpu.get_cpu_capability()}, {os.cpu_count()} processors; batches of {options.images} images, "
          f"{options.captions} captions; {options.rounds} turns\n")
    compare_loading(options)
    print()
    compare_speed(options)


if __name__ == "__main__":
    jobs = {"compare": compare, "serve": lambda rest: serve(*rest), "load": lambda rest: load(*rest)}
    jobs[sys.argv[1]](sys.argv[2:])
