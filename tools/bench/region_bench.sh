#!/usr/bin/env bash
# One training step of the head cmfg with all regions, each line a process of its own: the plain formula, then block by
# block. usage: tools/bench/region_bench.sh [BUILD]
set -euo pipefail
program=${1:-build}/bin/tvr_region_bench
export OMP_NUM_THREADS=1
export MALLOC_MMAP_THRESHOLD_=1048576 # what is freed goes back to the system: the peak is that of what is in use
for settings in "temporal: none" "temporal: transformer"; do
  for blocks in plain 64 32 16 8; do
    printf '%-24s %6s: %s\n' "$settings" "$blocks" "$("$program" "$blocks" "$settings")"
  done
done
