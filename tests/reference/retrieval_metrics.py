"""Writes tests/eval/retrieval_golden.json: retrieval numbers of small seeded matrices, computed by programs of others.

    pip install numpy==2.4.6 ranx==0.3.21 pytrec-eval-terrier==0.5.11       (in an environment of its own, Python 3.11)
    python3 tests/reference/retrieval_metrics.py [--matrices DIR]

Every number but MdR and MnR (NumPy) is ranx's; before anything is written it must equal, within 1e-9, that of
pytrec_eval (the C code of trec_eval) and that of the definitions below in plain NumPy. --matrices writes each matrix
as float32 .npy and its ground truth as .json besides, for trying a program on them.

Ties: ranx and pytrec_eval order equal scores each in its own way, so neither is given scores. Both get the places of
a strict order instead, in which wrong candidates stand before the right ones of equal score (pessimistic) or behind
them (optimistic). The definitions count better and equal wrong candidates and never sort.
"""
import argparse
import importlib.metadata
import json
import pathlib

import numpy as np
import pytrec_eval
import ranx

from golden_cases import apart, one_each, queries_of, ragged, tied, untied, write_golden

DEPTHS = (1, 5, 10, 50, 100)
RANX = {**{f"R@{k}": f"hit_rate@{k}" for k in DEPTHS}, "MRR": "mrr", "mAP": "map", "nDCG@10": "ndcg@10"}
TREC = {**{f"R@{k}": f"success_{k}" for k in DEPTHS}, "MRR": "recip_rank", "mAP": "map", "nDCG@10": "ndcg_cut_10"}
TREC_MEASURES = {"success." + ",".join(map(str, DEPTHS)), "recip_rank", "map", "ndcg_cut.10"}


def strict_order(scores, right, ties):
    """Candidates, best first; among equal ones the wrong first (pessimistic) or the right first (optimistic)."""
    return sorted(range(len(scores)), key=lambda c: (-scores[c], (c in right) == (ties == "pessimistic")))


def as_run_and_judgements(queries, ties):
    run, judgements = {}, {}
    for number, (scores, right) in enumerate(queries):
        order = strict_order(scores, right, ties)
        run[f"q{number}"] = {f"c{c}": float(len(order) - place) for place, c in enumerate(order)}
        judgements[f"q{number}"] = {f"c{c}": 1 for c in right}
    return run, judgements


def by_ranx(queries, ties):
    run, judgements = as_run_and_judgements(queries, ties)
    values = ranx.evaluate(ranx.Qrels(judgements), ranx.Run(run), list(RANX.values()))
    return {name: 100 * float(values[measure]) for name, measure in RANX.items()}


def by_trec_eval(queries, ties):
    run, judgements = as_run_and_judgements(queries, ties)
    values = pytrec_eval.RelevanceEvaluator(judgements, TREC_MEASURES).evaluate(run).values()
    return {name: 100 * float(np.mean([query[measure] for query in values])) for name, measure in TREC.items()}


def wrong_before(scores, right, ties):
    """For each right candidate, best first, how many wrong ones stand before it."""
    wrong = np.delete(np.asarray(scores), right)
    beats = np.greater_equal if ties == "pessimistic" else np.greater
    return np.sort([beats(wrong, scores[c]).sum() for c in right])


def by_definition(queries, ties):
    """Right candidates never compete with each other; the i-th of them stands at place i + the wrong ones before it."""
    before = [wrong_before(scores, right, ties) for scores, right in queries]
    ranks = np.array([1 + counts[0] for counts in before])
    values = {f"R@{k}": np.mean(ranks <= k) for k in DEPTHS} | {"MRR": np.mean(1 / ranks)}
    precisions, gains = [], []
    for counts in before:
        nth = np.arange(1, len(counts) + 1)
        places = nth + counts
        precisions.append(np.mean(nth / places))
        ideal = np.sum(1 / np.log2(1 + nth[:10]))
        gains.append(np.sum(1 / np.log2(1 + places[places <= 10])) / ideal)
    values |= {"mAP": np.mean(precisions), "nDCG@10": np.mean(gains)}
    return {name: 100 * float(value) for name, value in values.items()}, ranks


def direction_values(queries, ties):
    values, (defined, ranks) = by_ranx(queries, ties), by_definition(queries, ties)
    for other in (by_trec_eval(queries, ties), defined):
        for name in values:
            assert abs(values[name] - other[name]) < 1e-9, (name, values[name], other[name])
    ordered = {name: values[name] for name in list(RANX)[: len(DEPTHS)]}
    ordered |= {"MdR": float(np.median(ranks)), "MnR": float(np.mean(ranks))}
    return ordered | {name: values[name] for name in ("MRR", "mAP", "nDCG@10")}


def several(seed, texts, videos):
    """One to three right videos a text."""
    random = np.random.RandomState(seed)
    return [sorted(random.permutation(videos)[: random.randint(1, 4)].tolist()) for _ in range(texts)]


BOTH = ("best-caption", "every-caption")


def check_by_hand():
    """Six captions of three videos, ranked on paper."""
    scores = np.array([[0.90, 0.85, 0.20], [0.30, 0.82, 0.40], [0.20, 0.80, 0.10], [0.10, 0.20, 0.30],
                       [0.60, 0.10, 0.50], [0.50, 0.50, 0.50]])
    for direction, v2t, ties, expected in [
        ("text_to_video", BOTH[0], "pessimistic", [1, 3, 1, 1, 2, 3]),
        ("text_to_video", BOTH[0], "optimistic", [1, 3, 1, 1, 2, 1]),
        ("video_to_text", BOTH[0], "pessimistic", [1, 2, 1]),
        ("video_to_text", BOTH[1], "pessimistic", [1, 3, 1]),
    ]:
        queries = queries_of(scores, ragged([2, 1, 3]), direction, v2t)
        assert by_definition(queries, ties)[1].tolist() == expected, (direction, v2t, ties)


def matrices():
    """Name, scores, right videos of each text, definitions of video to text."""
    groups, gaps = ragged([3, 1, 4, 2, 3, 5, 1, 2, 3]), ragged([2, 0, 3, 1, 4, 0, 5])
    rare, few_texts = ragged([1, 1, 2, 116]), [[100], [7], [3], [55]]
    many, few = several(31, 14, 10), several(32, 12, 9)
    return [
        ("square, tied", tied(1, one_each(20), 20, 5), one_each(20), BOTH[:1]),
        ("square, two levels", tied(2, one_each(12), 12, 2), one_each(12), BOTH[1:]),
        ("square, no ties", untied(3, one_each(16), 16), one_each(16), BOTH[:1]),
        ("square, all equal", np.ones((7, 7)), one_each(7), BOTH[:1]),
        ("one text, one video", np.array([[-0.5]]), one_each(1), BOTH[:1]),
        ("groups, tied", tied(11, groups, 9, 5), groups, BOTH),
        ("groups, two levels", tied(12, groups, 9, 2), groups, BOTH),
        ("groups, no ties", untied(13, groups, 9), groups, BOTH),
        ("groups apart, tied", tied(14, apart(15, 6), 6, 4), apart(15, 6), BOTH),
        ("videos without captions, tied", tied(15, gaps, 7, 4), gaps, BOTH),
        ("all captions of one video", tied(16, ragged([5]), 1, 3), ragged([5]), BOTH),
        ("many texts, tied", tied(47, rare, 4, 6), rare, BOTH[1:]),
        ("many videos, tied", tied(39, few_texts, 120, 9), few_texts, BOTH[:1]),
        ("several right, tied", tied(31, many, 10, 4), many, BOTH[1:]),
        ("several right, no ties", untied(32, few, 9), few, BOTH[1:]),
        ("all right", tied(33, [[0, 1, 2]] * 4, 3, 3), [[0, 1, 2]] * 4, BOTH[1:]),
    ]


def golden(name, scores, truth, v2t, ties):
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("ranx", "pytrec-eval-terrier", "numpy")]
    directions = {
        direction: direction_values(queries_of(scores, truth, direction, v2t), ties)
        for direction in ("text_to_video", "video_to_text")
    }
    return {"name": name, "scores": scores, "videos_of_text": truth, "ties": ties, "v2t": v2t, **directions,
            "computed_with": ", ".join(versions)}


def write_matrix(folder, name, scores, truth):
    folder.mkdir(parents=True, exist_ok=True)
    stem = name.replace(",", "").replace(" ", "_")
    np.save(folder / f"{stem}.npy", scores.astype(np.float32))
    (folder / f"{stem}.json").write_text(json.dumps(truth) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--matrices", type=pathlib.Path, help="folder for the matrices as files")
    options = parser.parse_args()
    check_by_hand()
    cases = []
    for name, scores, truth, definitions in matrices():
        if options.matrices:
            write_matrix(options.matrices, name, scores, truth)
        for v2t in definitions:
            cases += [golden(name, scores, truth, v2t, ties) for ties in ("pessimistic", "optimistic")]
    write_golden("retrieval_golden.json", cases)


if __name__ == "__main__":
    main()
