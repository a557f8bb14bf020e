#!/usr/bin/env bash
# Times tvr's towers and the loading of a 605 MB file against open_clip and transformers, same weights, same threads.
# usage: tools/bench/tower_bench.sh [--rounds N] [--images N] [--captions N] [PROGRAM]
#   defaults: 7 rounds, batches of 16 images and 64 captions, build/bin/tvr_tower_bench
# The programs take turns. Models (2.4 GB) and inputs are made in build/bench/towers, the peers are installed into
# build/bench/tower-venv (PYTHON names the Python to make it with). Needs `cmake -DTVR_BUILD_BENCH=ON` and the targets
# tvr and tvr_tower_bench. Prints Markdown tables; tower_peers.py says what their numbers are.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../../scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"

program="$root/build/bin/tvr_tower_bench" tvr="$root/build/bin/tvr" work="$root/build/bench"
usage="usage: tools/bench/tower_bench.sh [--rounds N] [--images N] [--captions N] [PROGRAM]"
options=()
while (($# > 0)); do
  case $1 in
    --rounds | --images | --captions)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || fail "$1 needs a number above 0; $usage"
      options+=("$1" "$2")
      shift
      ;;
    -*) fail "unknown option '$1'; $usage" ;;
    *) program=$1 ;;
  esac
  shift
done
[[ -x $program && -x $tvr ]] || fail "there is no $program or no $tvr:
  cmake -S . -B build -DTVR_BUILD_BENCH=ON && cmake --build build --target tvr tvr_tower_bench"
python="$work/tower-venv/bin/python"
mkdir -p "$work/towers"
if [[ ! -x $python ]]; then
  "${PYTHON:-python3}" -m venv "$work/tower-venv"
  "$python" -m pip install --quiet torch==2.11.0 transformers==5.23.0 open_clip_torch==3.3.0 safetensors==0.8.0 \
    numpy >&2 || fail "the peers could not be installed; pip's own message is above."
fi
HF_HUB_OFFLINE=1 "$python" -u "$root/tools/bench/tower_peers.py" compare "$program" "$tvr" "$work/towers" "${options[@]}"
