#!/usr/bin/env python3
"""The peer of metrics_bench.sh: retrieval numbers of a similarity matrix by sorting, as usual evaluators do, in NumPy.

    python3 tools/bench/argsort_evaluator.py S.npy --captions 20 --v2t best-caption    (with NumPy 2.4.6, Python 3.11)

S is float32 [T,V], V x captions texts, those of a video one behind the other. Text to video: argsort of every row,
then the place of the own video. Video to text, best-caption: matrix of maxima [V,V], sort, subtract the own score,
collect the zeros (as CLIP4Clip does). every-caption: for every video a sort of its column, then the mean place of the
equals of each own caption (as collaborative-experts does; found by bisection, which is quicker than its scan). All
rows are sorted at once, as those programs do: the sort of the texts needs about 4 times the matrix in memory. The
numbers differ from tvr's where scores tie. Prints one line of JSON: numbers, seconds (with and without reading the
file), peak memory in MiB.

--generate writes such a matrix instead: seeded, cosine-like, higher for right pairs.
"""
import argparse
import json
import resource
import time

import numpy as np


def generate(file, videos, captions, rows=2000):
    scores = np.lib.format.open_memmap(file, mode="w+", dtype=np.float32, shape=(videos * captions, videos))
    random = np.random.default_rng(0)
    for begin in range(0, len(scores), rows):
        block = scores[begin : begin + rows]
        block[:] = random.normal(0.1, 0.05, block.shape)
        own = np.arange(begin, begin + len(block)) // captions
        block[np.arange(len(block)), own] += np.float32(0.14)
    scores.flush()


def metrics(places):
    """From 0-based places."""
    recalls = {f"R@{depth}": 100 * float(np.mean(places < depth)) for depth in (1, 5, 10)}
    return recalls | {"MdR": float(np.median(places)) + 1, "MnR": float(np.mean(places)) + 1}


def text_to_video(scores, captions):
    own = np.arange(len(scores)) // captions
    order = np.argsort(-scores, axis=1)
    return np.nonzero(order == own[:, None])[1]


def best_caption(scores, captions):
    videos = scores.shape[1]
    best = scores.reshape(videos, captions, videos).max(axis=1).T  # [videos, groups]
    return np.nonzero(np.sort(-best, axis=1) + np.diag(best)[:, None] == 0)[1]


def every_caption(scores, captions):
    places = []
    for video in range(scores.shape[1]):
        distances = -scores[:, video]
        ordered = np.sort(distances)
        own = distances[video * captions : (video + 1) * captions]
        first, last = np.searchsorted(ordered, own, "left"), np.searchsorted(ordered, own, "right") - 1
        places.append(np.min((first + last) / 2))
    return np.array(places)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--captions", type=int, default=20, help="of each video")
    parser.add_argument("--v2t", choices=("best-caption", "every-caption"), default="best-caption")
    parser.add_argument("--generate", type=int, metavar="VIDEOS", help="write a matrix of so many videos to FILE")
    options = parser.parse_args()
    if options.generate:
        generate(options.file, options.generate, options.captions)
        return
    started = time.perf_counter()
    scores = np.load(options.file)
    read = time.perf_counter()
    if len(scores) != scores.shape[1] * options.captions:
        parser.error(f"{options.file} has shape {scores.shape}: not {options.captions} captions for each video")
    definition = {"best-caption": best_caption, "every-caption": every_caption}[options.v2t]
    result = {"text_to_video": metrics(text_to_video(scores, options.captions)),
              "video_to_text": metrics(definition(scores, options.captions))}
    ended = time.perf_counter()
    result |= {"seconds": ended - started, "seconds_without_reading": ended - read,
               "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
