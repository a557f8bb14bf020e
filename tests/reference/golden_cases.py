"""What the scripts that write tests/eval/*_golden.json share: seeded matrices, candidates, the files. Needs NumPy."""
import json
import math
import pathlib

import numpy as np

EVAL_TESTS = pathlib.Path(__file__).resolve().parents[1] / "eval"
MOST_BYTES = 60_000

# ---- ground truth: a list of right videos for each text --------------------------------------------------------------


def ragged(counts):
    """counts[v] captions of video v, one behind the other."""
    return [[video] for video, count in enumerate(counts) for _ in range(count)]


def one_each(size):
    return ragged([1] * size)


def apart(texts, videos):
    """Captions of a video apart from each other."""
    return [[text % videos] for text in range(texts)]


def texts_of(truth, video):
    return [text for text, videos in enumerate(truth) if video in videos]


# ---- scores [T,V] ----------------------------------------------------------------------------------------------------


def bump(shape, truth, height):
    raised = np.zeros(shape)
    for text, videos in enumerate(truth):
        raised[text, videos] = height
    return raised


def tied(seed, truth, videos, levels):
    """Whole numbers of few levels."""
    random = np.random.RandomState(seed)  # NumPy keeps its streams as they are
    shape = (len(truth), videos)
    return random.randint(0, levels, shape) + bump(shape, truth, 1) * random.randint(0, 2, shape)


def untied(seed, truth, videos):
    """Thousandths, no two of them equal, a third of them negative."""
    shape = (len(truth), videos)
    noisy = np.random.RandomState(seed).normal(size=shape) + bump(shape, truth, 1.5)
    places = noisy.ravel().argsort().argsort().reshape(shape)
    return (places - places.size // 3) / 1000


# ---- candidates ------------------------------------------------------------------------------------------------------


def queries_of(scores, truth, direction, v2t):
    """For each query the scores of its candidates and which of them are right."""
    if direction == "text_to_video":
        return [(scores[text], list(videos)) for text, videos in enumerate(truth)]
    videos = [video for video in range(scores.shape[1]) if texts_of(truth, video)]
    if v2t == "every-caption":
        return [(scores[:, video], texts_of(truth, video)) for video in videos]
    best = np.stack([scores[texts_of(truth, video)].max(axis=0) for video in videos])  # [groups, V]
    return [(best[:, video], [place]) for place, video in enumerate(videos)]


# ---- files: JSON, one case a line, numbers in full precision ---------------------------------------------------------


def plain(value):
    """NumPy values as JSON's; NaN and the infinities, which JSON does not know, as "nan", "inf" and "-inf"."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def write_golden(name, cases):
    lines = [json.dumps(plain(case), separators=(",", ":"), allow_nan=False) for case in cases]
    text = "[\n" + ",\n".join(lines) + "\n]\n"
    assert len(text) < MOST_BYTES, f"{name} would have {len(text)} bytes"
    (EVAL_TESTS / name).write_text(text)
    print(f"{name}: {len(cases)} cases, {len(text)} bytes")
