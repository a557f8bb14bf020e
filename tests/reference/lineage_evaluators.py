"""Writes tests/eval/lineage_golden.json: what two families of evaluators print for tied, NaN and infinite scores.

    pip install numpy==2.4.6       (in an environment of its own, Python 3.11)
    TVR_TEST_DATA=DIR python3 tests/reference/lineage_evaluators.py

Both are told here step by step as those programs compute, written anew: `clip4clip` (CLIP4Clip and its descendants:
sort, subtract the own score, take every column of difference 0; several captions in a tensor padded with -inf) and
`ce` (collaborative-experts and its descendants: position averaged over all equal ones; missing captions masked).
Before anything is written each must agree with closed forms that count better and equal scores, with a toy case
ranked by hand and, where TVR_TEST_DATA holds simmatrix/msrvtt_video_matrix.npy, with known figures of that matrix.
"""
import os

import numpy as np

from golden_cases import apart, one_each, ragged, texts_of, tied, write_golden

DEPTHS = (1, 5, 10, 50)


def direction(hits, positions, median, denominator):
    """Percentages and 1-based ranks from 0-based positions."""
    recalls = {f"R@{depth}": 100 * float(hit) / denominator for depth, hit in zip(DEPTHS, hits)}
    return recalls | {"MdR": float(median) + 1, "MnR": float(np.mean(positions)) + 1, "denominator": denominator}


# ---- clip4clip -------------------------------------------------------------------------------------------------------


def clip4clip_square(scores):
    """Row i's own column is i. An own score that equals e others gives 1 + e entries, a NaN or infinite one none."""
    distances = -scores
    with np.errstate(invalid="ignore"):  # inf - inf
        differences = np.sort(distances, axis=1) - np.diag(distances)[:, None]
    columns = np.nonzero(differences == 0)[1]
    return direction([np.sum(columns < k) for k in DEPTHS], columns, np.median(columns), len(columns))


def padded(scores, truth):
    """[T,V] as [V, most captions, V], captions in the order of their texts, filled up with -inf."""
    videos = scores.shape[1]
    rows = [texts_of(truth, video) for video in range(videos)]
    tensor = np.full((videos, max(map(len, rows)), videos), -np.inf)
    for video, texts in enumerate(rows):
        tensor[video, : len(texts)] = scores[texts]
    return tensor


def descending_order(scores):
    """Stable, along the last axis; NaN counts as larger than every number."""
    index = np.broadcast_to(np.arange(scores.shape[-1]), scores.shape)
    return np.lexsort((index, -scores, ~np.isnan(scores)))


def clip4clip_text_to_video(tensor):
    places = np.argsort(descending_order(tensor), axis=-1)  # the second sort inverts the first
    own = np.diagonal(tensor, axis1=0, axis2=2)  # [captions, V]
    positions = np.diagonal(places, axis1=0, axis2=2)[np.isfinite(own)]
    lower_median = np.sort(positions)[(len(positions) - 1) // 2]
    return direction([np.sum(positions < k) for k in DEPTHS], positions, lower_median, len(positions))


def clip4clip(scores, truth):
    if truth == one_each(scores.shape[1]):
        return clip4clip_square(scores), clip4clip_square(scores.T)
    tensor = padded(scores, truth)
    best = np.where(np.isnan(tensor), -np.inf, tensor).max(axis=1)  # [groups, V]
    return clip4clip_text_to_video(tensor), clip4clip_square(best.T)


# ---- ce --------------------------------------------------------------------------------------------------------------

MISSING = 1e8  # the distance of a caption that a video does not have


def mean_position(sorted_distances, distance):
    return np.mean(np.nonzero(sorted_distances - distance == 0)[0])


def ce_direction(positions):
    hits = [np.sum(positions == 0)] + [np.sum(positions < depth) for depth in DEPTHS[1:]]
    return direction(hits, positions, np.median(positions), len(positions))


def ce(scores, truth):
    tensor = padded(scores, truth)
    videos, captions = tensor.shape[:2]
    counts = np.array([[len(texts_of(truth, video))] for video in range(videos)])
    table, there = tensor.reshape(-1, videos), (np.arange(captions) < counts).ravel()  # [V * captions, V]
    to_video = [mean_position(np.sort(-row), -row[text // captions]) for text, row in enumerate(table) if there[text]]
    to_text = []
    for video in range(videos):
        distances = np.where(there, -table[:, video], MISSING)
        ordered = np.sort(distances)
        own = distances[video * captions : (video + 1) * captions]
        to_text.append(min(mean_position(ordered, distance) for distance in own if distance != MISSING))
    return ce_direction(np.array(to_video)), ce_direction(np.array(to_text))


# ---- closed forms ----------------------------------------------------------------------------------------------------


def counted_square(scores):
    own = np.diag(scores)
    kept = np.isfinite(own)
    greater = np.array([np.sum(row > score) for row, score in zip(scores, own)])[kept]
    width = np.array([np.sum(row == score) for row, score in zip(scores, own)])[kept]
    entries = np.concatenate([np.arange(g, g + w) for g, w in zip(greater, width)])
    hits = [np.clip(depth - greater, 0, width).sum() for depth in DEPTHS]
    return direction(hits, entries, np.median(entries), int(width.sum()))


def counted_text_to_video(scores, truth):
    positions = []
    for row, (video,) in zip(scores, truth):
        if np.isfinite(row[video]):
            positions.append(np.sum(~(row <= row[video])) + np.sum(row[:video] == row[video]))  # NaN is not <=
    positions = np.array(positions)
    median = sorted(positions)[(len(positions) - 1) // 2]
    return direction([np.sum(positions < k) for k in DEPTHS], positions, median, len(positions))


def counted_clip4clip(scores, truth):
    if truth == one_each(scores.shape[1]):
        return counted_square(scores), counted_square(scores.T)
    best = np.full((scores.shape[1], scores.shape[1]), -np.inf)
    for row, (video,) in zip(scores, truth):
        best[video] = np.fmax(best[video], row)
    return counted_text_to_video(scores, truth), counted_square(best.T)


def counted_ce(scores, truth):
    def position(candidates, score):
        return np.sum(candidates > score) + (np.sum(candidates == score) - 1) / 2

    to_video = [position(row, row[video]) for row, (video,) in zip(scores, truth)]
    to_text = [
        min(position(column, column[text]) for text in texts_of(truth, video))
        for video, column in enumerate(scores.T)
    ]
    return ce_direction(np.array(to_video)), ce_direction(np.array(to_text))


# ---- checks and cases ------------------------------------------------------------------------------------------------


def near(found, expected):
    for name, value in expected.items():
        assert abs(found[name] - value) < 1e-4, (name, found[name], value)


def check_by_hand():
    toy = np.array([[0.90, 0.85, 0.20], [0.30, 0.82, 0.40], [0.20, 0.80, 0.10], [0.10, 0.20, 0.30], [0.60, 0.10, 0.50],
                    [0.50, 0.50, 0.50]])
    truth = ragged([2, 1, 3])
    near(clip4clip(toy, truth)[1], {"R@1": 200 / 3, "MnR": 4 / 3})  # positions 0 1 0
    near(ce(toy, truth)[0], {"R@1": 50, "MnR": 10 / 6})  # 0 2 0 0 1 1
    near(ce(toy, truth)[1], {"R@1": 100 / 3, "MdR": 1.5, "MnR": 2.5 / 3 + 1})  # 0 2 0.5
    near(clip4clip(np.ones((3, 3)), one_each(3))[0], {"R@1": 100 / 3, "denominator": 9})


def check_on_real_matrix():
    file = os.path.join(os.environ.get("TVR_TEST_DATA", ""), "simmatrix/msrvtt_video_matrix.npy")
    if not os.path.exists(file):
        print("not compared with known figures: TVR_TEST_DATA holds no simmatrix/msrvtt_video_matrix.npy")
        return
    scores = np.load(file)
    known = {"R@1": 45.4545, "R@5": 73.7154, "R@10": 82.3123, "R@50": 96.9368, "MdR": 2, "denominator": 1012}
    near(clip4clip_square(scores.T), known | {"MnR": 8.83498})
    near(clip4clip_square(scores), {"R@1": 48, "R@5": 73, "R@10": 82.9, "MnR": 13.129, "denominator": 1000})
    hidden = scores.copy()
    lost = [i for i, row in enumerate(scores) if (row > row[i]).any()]
    hidden[lost, lost] = np.nan
    near(clip4clip_square(hidden), {"R@1": 100, "denominator": 480})
    near(ce(scores, one_each(1000))[1], {"R@1": 45.6, "R@5": 74.1, "R@10": 82.8, "MnR": 8.68})


def spoilt(scores, entries):
    scores = scores.astype(float)
    for (row, column), value in entries.items():
        scores[row, column] = value
    return scores


def matrices():
    """Name, scores, right video of each text, the evaluators to ask."""
    nan, inf = np.nan, np.inf
    square, groups = one_each(16), ragged([3, 1, 4, 2, 3, 5, 1, 2])
    twenty = ragged([3] * 20)
    own_square = {(2, 2): nan, (5, 5): inf, (7, 7): -inf, (11, 11): nan}
    others_square = {(0, 3): nan, (0, 4): nan, (1, 6): inf, (2, 9): -inf, (9, 1): nan, (13, 0): inf}
    own_groups = {(0, 0): nan, (3, 1): nan, (5, 2): inf, (8, 3): -inf, (12, 4): nan}
    others_groups = {(1, 7): nan, (2, 4): inf, (6, 0): nan, (6, 1): nan, (10, 2): -inf, (18, 3): nan, (20, 0): nan}
    both, first = ("clip4clip", "ce"), ("clip4clip",)
    return [
        ("square, five levels", tied(41, one_each(20), 20, 5), one_each(20), both),
        ("square, two levels", tied(42, square, 16, 2), square, both),
        ("square, many levels", tied(43, one_each(60), 60, 40), one_each(60), both),
        ("square, all equal", np.ones((3, 3)), one_each(3), both),
        ("square, own scores not finite", spoilt(tied(44, square, 16, 4), own_square), square, first),
        ("square, other scores not finite", spoilt(tied(45, square, 16, 4), others_square), square, first),
        ("square, any score not finite", spoilt(tied(46, square, 16, 3), own_square | others_square), square, first),
        ("groups, five levels", tied(51, groups, 8, 5), groups, both),
        ("groups, two levels", tied(52, groups, 8, 2), groups, both),
        ("groups of three", tied(53, twenty, 20, 6), twenty, both),
        ("groups, all equal", np.ones((6, 3)), ragged([2, 1, 3]), both),
        ("groups, captions apart", tied(54, apart(24, 7), 7, 4), apart(24, 7), both),
        ("groups, own scores not finite", spoilt(tied(55, groups, 8, 4), own_groups), groups, first),
        ("groups, other scores not finite", spoilt(tied(56, groups, 8, 4), others_groups), groups, first),
        ("groups, any score not finite", spoilt(tied(57, groups, 8, 3), own_groups | others_groups), groups, first),
    ]


def main():
    check_by_hand()
    check_on_real_matrix()
    evaluators = {"clip4clip": (clip4clip, counted_clip4clip), "ce": (ce, counted_ce)}
    cases = []
    for name, scores, truth, compats in matrices():
        for compat in compats:
            told, counted = (evaluate(scores, truth) for evaluate in evaluators[compat])
            for found, expected in zip(told, counted):
                assert found == expected, (name, compat, found, expected)
            cases.append({"name": name, "scores": scores, "videos_of_text": truth, "compat": compat,
                          "text_to_video": told[0], "video_to_text": told[1]})
    write_golden("lineage_golden.json", cases)


if __name__ == "__main__":
    main()
