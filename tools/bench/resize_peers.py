#!/usr/bin/env python3
"""Times tvr's resize against Pillow and torch in turns; resize_bench.sh calls it.

    python3 tools/bench/resize_peers.py build/bin/tvr_resize_bench    (with Pillow 13.0.0, torch 2.11, NumPy 2.4.6)

Every turn, each program runs a task once to warm up and then five times; numbers are medians of all these runs, in
microseconds of the thread's processor time: what else runs on a shared machine would lengthen long tasks most. tvr runs
in a process of its own that times itself, the peers in this one. torch is given uint8 tensors, which it resizes with
16-bit weights: in channels-last memory, its fastest way for interleaved pictures, and in planes. torch's error is its largest difference from Pillow, of 255 levels; tvr's is checked to be 0.
"""
import argparse
import statistics
import subprocess
import sys
import time

import numpy as np
import PIL
import torch
from PIL import Image

SIZES = [(240, 320), (360, 640), (540, 960), (720, 1280), (1080, 1920), (270, 268)]
SIDE, RUNS = 224, 5


class Tvr:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def picture(self, pixels):
        self.process.stdin.write(b"picture %d %d\n" % pixels.shape[:2] + pixels.tobytes())

    def bytes(self, request, shape):
        self.process.stdin.write(f"{request}\n".encode())
        self.process.stdin.flush()
        return np.frombuffer(self.process.stdout.read(int(np.prod(shape))), np.uint8).reshape(shape)

    def durations(self, request):
        self.process.stdin.write(f"time {RUNS} {request}\n".encode())
        self.process.stdin.flush()
        return [float(self.process.stdout.readline()) for _ in range(RUNS)]


def durations(function):
    result = []
    for _ in range(RUNS + 1):
        begin = time.thread_time()
        function()
        result.append((time.thread_time() - begin) * 1e6)
    return result[1:]


def torch_resize(tensor, size):
    return torch.nn.functional.interpolate(tensor, size=size, mode="bicubic", antialias=True)


def functions(pixels, size, window):
    """What the peers do, by name; `window` (top, left) of the middle SIDE x SIDE pixels, or None."""
    picture = Image.fromarray(pixels)
    rows = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    planes = rows.contiguous()

    def pillow():
        result = picture.resize((size[1], size[0]), Image.Resampling.BICUBIC)
        return result.crop((window[1], window[0], window[1] + SIDE, window[0] + SIDE)) if window else result

    def by_torch(tensor):
        result = torch_resize(tensor, size)
        if not window:
            return result
        return result[..., window[0] : window[0] + SIDE, window[1] : window[1] + SIDE].clone()

    return {"Pillow": pillow, "torch": lambda: by_torch(rows), "torch, planes": lambda: by_torch(planes)}


def measure(tvr, pixels, cropped, turns):
    height, width = pixels.shape[:2]
    short = min(height, width)
    size = (SIDE * height // short, SIDE * width // short)
    window = tuple(round((side - SIDE) / 2) for side in size) if cropped else None
    request = f"square {SIDE} bicubic" if cropped else f"resize {size[0]} {size[1]} bicubic"
    shape = (SIDE, SIDE, 3) if cropped else (*size, 3)
    peers = functions(pixels, size, window)
    tvr.picture(pixels)
    expected = np.asarray(peers["Pillow"]()).astype(int)
    if np.any(tvr.bytes(request, shape) != expected):
        sys.exit(f"{request} of {height}x{width}: tvr and Pillow differ.")
    by_torch = peers["torch"]()[0].permute(1, 2, 0).numpy()
    runs = {name: [] for name in ("tvr", *peers)}
    for _ in range(turns):
        runs["tvr"] += tvr.durations(request)
        for name, function in peers.items():
            runs[name] += durations(function)
    medians = {name: statistics.median(values) for name, values in runs.items()}
    result = f"{SIDE}x{SIDE} of {size[1]}x{size[0]}" if cropped else f"{size[1]}x{size[0]}"
    cells = [f"{width}x{height} to {result}", *(f"{value:.0f}" for value in medians.values()),
             f"{medians['Pillow'] / medians['tvr']:.1f}", f"{medians['torch'] / medians['tvr']:.2f}",
             str(np.max(np.abs(by_torch - expected)))]
    print("| " + " | ".join(cells) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="tvr_resize_bench")
    parser.add_argument("--turns", type=int, default=30)
    options = parser.parse_args()
    torch.set_num_threads(1)
    tvr = Tvr(options.program)
    random = np.random.default_rng(0)
    print(f"Pillow {PIL.__version__}, torch {torch.__version__}, bicubic, one thread, microseconds of processor time\n")
    columns = ("width x height", "tvr", "Pillow", "torch", "torch, planes", "Pillow / tvr", "torch / tvr", "torch's error")
    print("| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|")
    for cropped in (False, True):
        for height, width in SIZES:
            measure(tvr, random.integers(0, 256, (height, width, 3), dtype=np.uint8), cropped, options.turns)


if __name__ == "__main__":
    main()
