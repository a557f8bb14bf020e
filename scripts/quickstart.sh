#!/usr/bin/env bash
# From a fresh checkout to a table of results on the demo corpus: set-up, build, corpus, training, evaluation, pages.
# Stop it with Ctrl-C and start it again: what is finished is skipped, a training that was cut short goes on.
# usage: scripts/quickstart.sh
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root"

rows=(mean_pool token_wise_frames token_wise_patches)
tvr=build/bin/tvr
trap 'say "interrupted; run scripts/quickstart.sh again to go on"; exit 130' INT

# step NAME RESULT COMMAND…: runs the command unless its result is there.
step() {
  local name=$1 result=$2
  shift 2
  if [[ -e $result ]]; then
    say "$name: done before ($result)"
    return
  fi
  say "$name: $*"
  "$@" || fail "the step '$name' failed; its message is above. Put it right and run scripts/quickstart.sh again."
  [[ -e $result ]] || fail "the step '$name' ended without writing $result."
}

build() {
  configure build -DTVR_BUILD_TESTS=OFF
  cmake --build build -j "$(job_count)"
}

# A run is finished when its metrics are written; a run directory without them is taken up where it stopped.
train() {
  local run=$1 config=$2 arguments=()
  if [[ -d $run ]]; then arguments+=(--resume); fi
  "$tvr" train "$config" "${arguments[@]}"
}

say "set-up"
scripts/setup.sh
say "build"
build || fail "the build failed; the compiler's message is above."
step "demo corpus" data/demo "$tvr" data synth --out data/demo --seed 2026
step "pretraining on stills" runs/demo/pretrain/metrics.json train runs/demo/pretrain configs/demo/pretrain.yaml
for row in "${rows[@]}"; do
  step "training $row" "runs/demo/$row/metrics.json" train "runs/demo/$row" "configs/demo/$row.yaml"
  step "page of $row" "runs/demo/$row/page.html" "$tvr" eval "runs/demo/$row" --html "runs/demo/$row/page.html"
done
say "table"
"$tvr" table configs/tables/demo.yaml
say "done; the program is $tvr, and there are
  the corpus      data/demo
  the runs        $(printf 'runs/demo/%s ' "${rows[@]}")
  pages to open   $(printf 'runs/demo/%s/page.html ' "${rows[@]}")"
