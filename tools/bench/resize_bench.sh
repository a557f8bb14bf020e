#!/usr/bin/env bash
# Times tvr's resize to CLIP's size against Pillow and torch's uint8 interpolate, one thread, taking turns.
# usage: tools/bench/resize_bench.sh [--turns N] [PROGRAM]
#   defaults: 30 turns, build/bin/tvr_resize_bench
# Needs python3 with Pillow, NumPy and torch (PYTHON names another one). Prints a Markdown table; resize_peers.py says
# what its numbers are. `taskset -c 0 tools/bench/resize_bench.sh` keeps everyone on one processor.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../../scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"

turns=30 program="$root/build/bin/tvr_resize_bench"
usage="usage: tools/bench/resize_bench.sh [--turns N] [PROGRAM]"
while (($# > 0)); do
  case $1 in
    --turns)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || fail "$1 needs a number above 0; $usage"
      turns=$2
      shift
      ;;
    -*) fail "unknown option '$1'; $usage" ;;
    *) program=$1 ;;
  esac
  shift
done
python=${PYTHON:-python3}
[[ -x $program ]] ||
  fail "there is no program '$program'; build it with:
  cmake -B build -DTVR_BUILD_BENCH=ON && cmake --build build --target tvr_resize_bench"
"$python" -c 'import numpy, PIL, torch' 2>/dev/null ||
  fail "$python cannot import NumPy, Pillow and torch; set PYTHON to one that can."
OMP_NUM_THREADS=1 "$python" "$root/tools/bench/resize_peers.py" "$program" --turns "$turns"
