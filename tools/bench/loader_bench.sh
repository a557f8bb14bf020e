#!/usr/bin/env bash
# Times tvr's loader on a frame pack against PyTorch's DataLoader on the same pack, both with two workers.
# usage: tools/bench/loader_bench.sh [--rounds N] [--batch N] [--epochs N] [PACK]
#   defaults: 5 rounds, batches of 32 clips, 6 epochs; without PACK a pack of the demo corpus' test and validation
#   videos is made in build/bench (12 frames of 224 pixels, 0.6 GB)
# The programs take turns. The peers are installed into build/bench/loader-venv (PYTHON names the Python to make it
# with). Needs `cmake -DTVR_BUILD_BENCH=ON` and the targets tvr and tvr_loader_bench.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../../scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"

rounds=5 batch=32 epochs=6 pack=""
usage="usage: tools/bench/loader_bench.sh [--rounds N] [--batch N] [--epochs N] [PACK]"
while (($# > 0)); do
  case $1 in
    --rounds | --batch | --epochs)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || fail "$1 needs a number above 0; $usage"
      printf -v "${1#--}" '%s' "$2"
      shift
      ;;
    -*) fail "unknown option '$1'; $usage" ;;
    *) pack=$1 ;;
  esac
  shift
done
program="$root/build/bin/tvr_loader_bench" tvr="$root/build/bin/tvr" work="$root/build/bench"
[[ -x $program ]] || fail "there is no $program: cmake -S . -B build -DTVR_BUILD_BENCH=ON && cmake --build build --target tvr tvr_loader_bench"
mkdir -p "$work"
if [[ -z $pack ]]; then
  pack="$work/demo_pack"
  [[ -d $root/data/demo ]] || "$tvr" data synth --out "$root/data/demo" >&2
  "$tvr" data pack "$root/configs/demo/end_to_end.yaml" "data.root=$root/data/demo" --out "$pack" --frames 12 --size 224 \
    --split test --split val >&2
fi
python="$work/loader-venv/bin/python"
if [[ ! -x $python ]]; then
  "${PYTHON:-python3}" -m venv "$work/loader-venv"
  "$python" -m pip install --quiet torch==2.11.0 safetensors numpy packaging >&2 ||
    fail "the peers could not be installed; pip's own message is above."
fi

for ((round = 0; round < rounds; ++round)); do
  "$program" "$pack" "$batch" 2 "$epochs" >>"$work/loader-ours.$$"
  "$python" "$root/tools/bench/loader_peers.py" "$pack" "$batch" 2 "$epochs" >>"$work/loader-theirs.$$"
done
"$python" - "$work/loader-ours.$$" "$work/loader-theirs.$$" <<'END'
import json, statistics, sys
ours, theirs = ([json.loads(line) for line in open(name)] for name in sys.argv[1:3])
median = lambda rows, key: statistics.median(row[key] for row in rows)
spread = lambda rows, key: f"{min(r[key] for r in rows):.0f} to {max(r[key] for r in rows):.0f}"
mine, other = median(ours, "clips_per_s"), median(theirs, "clips_per_s")
print("| loader, 2 workers | clips/s, median | spread | ratio |\n|---|---|---|---|")
print(f"| PyTorch {theirs[0]['torch']} DataLoader | {other:.0f} | {spread(theirs, 'clips_per_s')} | 1 |")
print(f"| tvr | {mine:.0f} | {spread(ours, 'clips_per_s')} | {mine / other:.1f} |")
print(f"| tvr, first epoch (compares checksums) | {median(ours, 'first_epoch_clips_per_s'):.0f} "
      f"| {spread(ours, 'first_epoch_clips_per_s')} | {median(ours, 'first_epoch_clips_per_s') / other:.1f} |")
print(f"\n{median(ours, 'gb_per_s'):.2f} GB/s; memcpy of the same bytes on one thread {median(ours, 'memcpy_gb_per_s'):.2f} GB/s: "
      f"{100 * median(ours, 'gb_per_s') / median(ours, 'memcpy_gb_per_s'):.0f} %")
END
rm -f "$work/loader-ours.$$" "$work/loader-theirs.$$"
