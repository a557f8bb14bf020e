#!/usr/bin/env bash
# Times tvr's CLIP tokenizer against open_clip's in Python, one thread, taking turns.
# usage: tools/bench/tokenizer_bench.sh [--turns N] OPEN_CLIP CAPTIONS [PROGRAM]
#   OPEN_CLIP: the folder of the installed open_clip (…/site-packages/open_clip); CAPTIONS: a text file, a caption a line
#   defaults: 5 turns, build/bin/tvr_tokenizer_bench
# Needs python3 with ftfy, regex and NumPy (PYTHON names another one). Prints a Markdown table; tokenizer_peer.py says
# what its numbers are.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../../scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"

usage="usage: tools/bench/tokenizer_bench.sh [--turns N] OPEN_CLIP CAPTIONS [PROGRAM]"
turns=5
if [[ ${1:-} == --turns ]]; then
  [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || fail "$1 needs a number above 0; $usage"
  turns=$2
  shift 2
fi
(($# == 2 || $# == 3)) || fail "$usage"
open_clip=$1 captions=$2 program=${3:-$root/build/bin/tvr_tokenizer_bench}
python=${PYTHON:-python3}
for file in "$open_clip/tokenizer.py" "$open_clip/bpe_simple_vocab_16e6.txt.gz" "$captions"; do
  [[ -f $file ]] || fail "there is no file '$file'; $usage"
done
[[ -x $program ]] ||
  fail "there is no program '$program'; build it with:
  cmake -B build -DTVR_BUILD_BENCH=ON && cmake --build build --target tvr_tokenizer_bench"
"$python" -c 'import ftfy, numpy, regex' 2>/dev/null ||
  fail "$python cannot import ftfy, regex and NumPy; set PYTHON to one that can."
"$python" "$root/tools/bench/tokenizer_peer.py" "$program" "$open_clip" "$captions" --turns "$turns"
