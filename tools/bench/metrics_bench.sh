#!/usr/bin/env bash
# Times `tvr metrics` against evaluators built on sorting (argsort_evaluator.py), at the size of MSR-VTT's full test.
# usage: tools/bench/metrics_bench.sh [--videos N] [--captions N] [--repetitions N] [PROGRAM]
#   defaults: 2990 videos, 20 captions each, 3 repetitions, build/bin/tvr
# The programs take turns; seconds are medians of whole processes, reading included, with the file in the page cache;
# memory is the largest resident set. Needs python3 with NumPy (PYTHON names another one), GNU time, and for the default
# size 0.8 GB in TMPDIR and 3 GB of memory. `taskset -c 0 tools/bench/metrics_bench.sh` gives everyone one processor.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../../scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"

videos=2990 captions=20 repetitions=3 program="$root/build/bin/tvr"
usage="usage: tools/bench/metrics_bench.sh [--videos N] [--captions N] [--repetitions N] [PROGRAM]"
while (($# > 0)); do
  case $1 in
    --videos | --captions | --repetitions)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || fail "$1 needs a number above 0; $usage"
      printf -v "${1#--}" '%s' "$2"
      shift
      ;;
    -*) fail "unknown option '$1'; $usage" ;;
    *) program=$1 ;;
  esac
  shift
done
python=${PYTHON:-python3}
evaluator="$root/tools/bench/argsort_evaluator.py"
[[ -x $program ]] || fail "there is no program '$program'; build it with: cmake --build build --target tvr"
[[ -x /usr/bin/time ]] || fail "GNU time was not found: install the package time."
"$python" -c 'import numpy' 2>/dev/null || fail "$python cannot import NumPy; set PYTHON to one that can."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

timed() {  # timed NAME COMMAND…: appends "NAME SECONDS KIB" to times, keeps the output in NAME.json
  local name=$1
  shift
  /usr/bin/time -f "$name %e %M" -a -o "$folder/times" "$@" >"$folder/$name.json" 2>"$folder/log" ||
    { cat "$folder/log" >&2 && fail "$name failed: $*"; }
}

ours() {  # ours NAME OPTIONS…
  local name=$1
  shift
  timed "$name" "$program" metrics "$folder/S.npy" --groups "$folder/groups.txt" "$@" --json -
}

theirs() {  # theirs NAME DEFINITION
  timed "$1" "$python" "$evaluator" "$folder/S.npy" --captions "$captions" --v2t "$2"
}

say "generating $((videos * captions)) x $videos scores"
"$python" "$evaluator" "$folder/S.npy" --captions "$captions" --generate "$videos"
awk -v videos="$videos" -v captions="$captions" \
  'BEGIN { for (v = 0; v < videos; ++v) for (c = 0; c < captions; ++c) print v }' >"$folder/groups.txt"

for ((i = 1; i <= repetitions; ++i)); do
  say "repetition $i of $repetitions"
  for definition in best-caption every-caption; do
    ours "tvr.$definition" --v2t "$definition" --draws 0
    theirs "argsort.$definition" "$definition"
  done
  ours tvr.intervals --v2t best-caption
done

"$python" - "$folder" <<'END'
import json
import statistics
import sys

folder = sys.argv[1]
runs = {}
for line in open(f"{folder}/times"):
    name, seconds, kib = line.split()
    runs.setdefault(name, []).append((float(seconds), int(kib) / 1024))

def seconds(name):
    return statistics.median(run[0] for run in runs[name])


def memory(name):
    return max(run[1] for run in runs[name])


print(f"\n{'':34}{'seconds (median)':>26}{'':8}{'peak memory, MiB':>26}")
print(f"{'':34}{'tvr':>13}{'argsort':>13}{'ratio':>8}{'tvr':>13}{'argsort':>13}")
for label, ours, theirs in [("best-caption", "tvr.best-caption", "argsort.best-caption"),
                            ("every-caption", "tvr.every-caption", "argsort.every-caption"),
                            ("best-caption, with 95 % intervals", "tvr.intervals", "argsort.best-caption")]:
    print(f"{label:34}{seconds(ours):13.2f}{seconds(theirs):13.2f}{seconds(theirs) / seconds(ours):8.1f}"
          f"{memory(ours):13.0f}{memory(theirs):13.0f}")
print("(argsort has no intervals: the last row repeats its numbers without.)")

for definition in ("best-caption", "every-caption"):
    ours, theirs = (json.load(open(f"{folder}/{who}.{definition}.json")) for who in ("tvr", "argsort"))
    for direction in ("text_to_video", "video_to_text"):
        for metric, value in theirs[direction].items():
            found = ours[direction][metric]
            if abs(found - value) > 0.001 * max(1, value):
                sys.exit(f"{definition}, {direction}: {metric} is {found}, but {value} by argsort.")
print("Both give the same numbers (within 0.1 %: ties rank otherwise).")
END
