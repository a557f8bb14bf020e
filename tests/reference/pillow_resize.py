"""Compares tvr's resize with Pillow's, byte for byte, and writes tests/ops/resize_golden.h.

    pip install pillow==13.0.0 numpy==2.4.6                           (in an environment of its own)
    python3 tests/reference/pillow_resize.py | clang-format > tests/ops/resize_golden.h
    python3 tests/reference/pillow_resize.py --compare build/bin/tvr_resize_bench --sizes 10000

The goldens are sizes, kernel and checksum of the result: sum(byte[i] * (i mod 65521 + 1)) mod 2^31. Their pictures are
bytes of the stream "input.pixels", which test and script make alike (FNV-1a of the name, then splitmix64, top bytes).

--compare sends random pictures (noise, black and white noise, gradients) of random sizes to the program
(cmake -DTVR_BUILD_BENCH=ON, target tvr_resize_bench) and compares all bytes of resize and of resize and centre crop. It
also tells from Pillow alone, resizing one direction after the other, that Pillow's order of the directions is the rule
of vertical_first. Sizes are uniform or log-uniform up to 600, for one picture in a hundred up to
4000. 10,000 sizes take 2 minutes.
"""
import argparse
import subprocess
import sys

import numpy as np
import PIL
from PIL import Image

KERNELS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
GOLDEN_SIZES = [(1, 1, 1, 1), (1, 1, 7, 5), (1, 9, 1, 4), (9, 1, 4, 1), (2, 3, 600, 400), (600, 400, 2, 3),
                (480, 640, 1, 1), (8, 8, 8, 5), (8, 8, 5, 8), (7, 16, 7, 16), (640, 360, 224, 224),
                (864, 200, 224, 199), (270, 268, 225, 224), (1080, 1920, 224, 398), (17, 4000, 224, 31), (4000, 17, 31, 224),
                (255, 257, 256, 256)]


def noise(count):
    """The first bytes of the stream "input.pixels"."""
    name = 0xCBF29CE484222325
    for byte in b"input.pixels":
        name = (name ^ byte) * 0x100000001B3 % 2**64
    z = np.uint64(name) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(56)).astype(np.uint8)


def checksum(pixels):
    pixels = pixels.reshape(-1).astype(np.int64)
    return int(np.sum(pixels * (np.arange(len(pixels)) % 65521 + 1))) % 2**31


def resize(pixels, height, width, kernel):
    return np.asarray(Image.fromarray(pixels).resize((width, height), KERNELS[kernel]))


def vertical_first(height, width, out_height, out_width):
    return out_width != width and out_height < height and 2 * (width - out_width) < height - out_height


def random_size(random, largest):
    if random.integers(2):
        return int(random.integers(1, largest + 1))
    return int(np.exp(random.uniform(0, np.log(largest + 1))))


def write_goldens(count):
    random = np.random.default_rng(0)
    sizes = GOLDEN_SIZES + [tuple(random_size(random, 160) for _ in range(4)) for _ in range(count)]
    print("#pragma once\n#include <cstdint>\n#include <vector>\n")
    print(f"// Made by tests/reference/pillow_resize.py with Pillow {PIL.__version__}: do not edit.\n")
    print("namespace tvr {\n\nstruct ResizeGolden {\n  int64_t height, width, out_height, out_width;")
    print("  bool bicubic;\n  int64_t checksum;\n};\n")
    print("inline const std::vector<ResizeGolden> kResizeGoldens{")
    for height, width, out_height, out_width in sizes:
        pixels = noise(height * width * 3).reshape(height, width, 3)
        for kernel in KERNELS:
            result = checksum(resize(pixels, out_height, out_width, kernel))
            bicubic = str(kernel == "bicubic").lower()
            print(f"    {{{height}, {width}, {out_height}, {out_width}, {bicubic}, {result}}},")
    print("};\n\n}  // namespace tvr")


class Program:
    """tvr_resize_bench, asked over pipes."""

    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def picture(self, pixels):
        self.process.stdin.write(b"picture %d %d\n" % pixels.shape[:2] + pixels.tobytes())

    def ask(self, request, height, width):
        self.process.stdin.write(request.encode() + b"\n")
        self.process.stdin.flush()
        answer = self.process.stdout.read(height * width * 3)
        if len(answer) != height * width * 3:
            sys.exit(f"{request}: the program ended")
        return np.frombuffer(answer, np.uint8).reshape(height, width, 3)


def random_picture(random, height, width):
    kind = random.integers(3)
    if kind == 0:
        return random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    if kind == 1:
        return random.integers(0, 2, (height, width, 3), dtype=np.uint8) * np.uint8(255)
    rows, columns, channels = np.ogrid[:height, :width, :3]
    slopes = random.uniform(-3, 3, (2, 3))
    return (rows * slopes[0][channels] + columns * slopes[1][channels]).astype(np.int64).astype(np.uint8)


def compare_resize(program, pixels, out_height, out_width, kernel):
    """Differing bytes, whether the order of the directions shows, whether the rule tells it."""
    expected = resize(pixels, out_height, out_width, kernel)
    found = program.ask(f"resize {out_height} {out_width} {kernel}", out_height, out_width)
    height, width = pixels.shape[:2]
    by_order = {True: resize(resize(pixels, out_height, width, kernel), out_height, out_width, kernel),
                False: resize(resize(pixels, height, out_width, kernel), out_height, out_width, kernel)}
    told = by_order[vertical_first(height, width, out_height, out_width)]
    return np.sum(found != expected), np.any(by_order[True] != by_order[False]), np.array_equal(told, expected)


def compare_square(program, pixels, size, kernel):
    height, width = pixels.shape[:2]
    short = min(height, width)
    out_height, out_width = int(size * height / short), int(size * width / short)
    resized = resize(pixels, out_height, out_width, kernel)
    top, left = round((out_height - size) / 2), round((out_width - size) / 2)
    expected = resized[top : top + size, left : left + size]
    planes = program.ask(f"planes {size} {kernel}", size, size).reshape(3, size, size).transpose(1, 2, 0)
    return np.sum(program.ask(f"square {size} {kernel}", size, size) != expected) + np.sum(planes != expected)


def compare(path, count, seed):
    random = np.random.default_rng(seed)
    program = Program(path)
    totals = dict.fromkeys(("bytes", "differing", "squares", "differing in squares", "vertical first", "order shows",
                            "against the rule"), 0)
    for i in range(count):
        height, width, out_height, out_width = (random_size(random, 4000 if i % 100 == 0 else 600) for _ in range(4))
        kernel = ("bilinear", "bicubic")[i // 100 % 2 if i % 100 == 0 else i % 2]
        pixels = random_picture(random, height, width)
        program.picture(pixels)
        differing, shows, told = compare_resize(program, pixels, out_height, out_width, kernel)
        totals["bytes"] += out_height * out_width * 3
        totals["differing"] += int(differing)
        totals["order shows"] += bool(shows)
        totals["against the rule"] += not told
        totals["vertical first"] += vertical_first(height, width, out_height, out_width)
        if differing:
            print(f"{height}x{width} to {out_height}x{out_width}, {kernel}: {differing} bytes differ")
        size = min(out_height, 300)
        if size * max(height, width) <= 3000 * min(height, width):
            totals["squares"] += 1
            totals["differing in squares"] += int(compare_square(program, pixels, size, kernel))
    print(f"{count} sizes, Pillow {PIL.__version__}: " + ", ".join(f"{name} {value}" for name, value in totals.items()))
    if totals["differing"] or totals["differing in squares"] or totals["against the rule"]:
        sys.exit("tvr and Pillow differ.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compare", metavar="PROGRAM", help="tvr_resize_bench; without, goldens are printed")
    parser.add_argument("--sizes", type=int, help="how many (default: 10000, for goldens 130)")
    parser.add_argument("--seed", type=int, default=0, help="of --compare")
    options = parser.parse_args()
    if options.compare:
        compare(options.compare, options.sizes or 10000, options.seed)
    else:
        write_goldens(options.sizes or 130)


if __name__ == "__main__":
    main()
