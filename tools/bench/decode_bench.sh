#!/usr/bin/env bash
# Times reading 12 frames of a video against torchcodec (exact mode), decord and PyAV, one decoder thread each.
# usage: tools/bench/decode_bench.sh [--rounds N] [--repetitions N] [PROGRAM]
#   defaults: 5 rounds of 5 repetitions, build/bin/tvr_decode_bench
# Makes clips with the ffmpeg program (libx264 at its defaults) and installs the peers into a virtual environment in
# PEERS (default: a folder that goes away; 5 GB, most of it PyTorch's). Programs take turns; the first repetition of
# each turn only warms up. Medians of processor seconds are compared: they bear other load on the machine better.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../../scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"

rounds=5 repetitions=5 program="$root/build/bin/tvr_decode_bench"
usage="usage: tools/bench/decode_bench.sh [--rounds N] [--repetitions N] [PROGRAM]"
while (($# > 0)); do
  case $1 in
    --rounds | --repetitions)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || fail "$1 needs a number above 0; $usage"
      printf -v "${1#--}" '%s' "$2"
      shift
      ;;
    -*) fail "unknown option '$1'; $usage" ;;
    *) program=$1 ;;
  esac
  shift
done
[[ -x $program ]] || fail "there is no program '$program'; build it with -DTVR_BUILD_BENCH=ON, target tvr_decode_bench."
command -v ffmpeg >/dev/null || fail "the ffmpeg program was not found: install the package ffmpeg."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
peers=${PEERS:-$folder/peers} job="$root/tools/bench/decode_peers.py"
if [[ ! -x $peers/bin/python ]]; then
  say "installing the peers into $peers"
  python3 -m venv "$peers"
  "$peers/bin/pip" install -q torch==2.11.0 torchcodec==0.11.1 decord==0.6.0 av numpy >"$folder/pip.log" 2>&1 ||
    { cat "$folder/pip.log" >&2 && fail "pip cannot install the peers; is a package index within reach?"; }
fi

clip() {  # clip NAME SIZE SECONDS ENCODER ARGUMENTS…
  local name=$1 size=$2 seconds=$3
  shift 3
  ffmpeg -nostdin -v error -f lavfi -i "mandelbrot=size=$size:rate=25" -vf noise=alls=4:allf=t,format=yuv420p \
    -t "$seconds" "$@" "$folder/$name.mp4"
}
say "making the clips"
clip 240p 320x240 15 -c:v libx264
clip 240p-without-B 320x240 15 -c:v libx264 -bf 0
clip 240p-short-GOP 320x240 15 -c:v libx264 -g 25
clip 540p 960x540 30 -c:v libx264
clip 540p-without-B 960x540 30 -c:v libx264 -bf 0
clip 240p-HEVC 320x240 15 -c:v libx265 -x265-params log-level=none 2>/dev/null || rm -f "$folder/240p-HEVC.mp4"

turn() {  # turn NAME CLIP COMMAND…
  local name=$1 clip=$2
  shift 2
  if ! "$@" "$folder/$name.$clip.rgb" >"$folder/out" 2>"$folder/log"; then
    cat "$folder/log" >&2
    fail "$name failed on $clip"
  fi
  tail -n +2 "$folder/out" >>"$folder/$name.$clip.times"
}
for ((round = 1; round <= rounds; ++round)); do
  say "round $round of $rounds"
  for file in "$folder"/*.mp4; do
    clip=$(basename "$file" .mp4)
    turn tvr "$clip" "$program" "$file" 12 $((repetitions + 1)) packets
    for peer in torchcodec decord pyav pyav-seek; do
      turn "$peer" "$clip" "$peers/bin/python" "$job" "$peer" "$file" 12 $((repetitions + 1))
    done
  done
  start=$EPOCHREALTIME
  "$program" "$folder/240p.mp4" 12 40 packets >/dev/null
  middle=$EPOCHREALTIME
  "$program" "$folder/240p.mp4" 12 40 packets >/dev/null &
  "$program" "$folder/240p.mp4" 12 40 packets >/dev/null
  wait
  awk -v a="$start" -v b="$middle" -v c="$EPOCHREALTIME" 'BEGIN { print 2 * (b - a) / (c - b) }' >>"$folder/scaling"
done

"$peers/bin/python" "$job" versions
nproc | sed 's/$/ processors/'
"$peers/bin/python" - "$folder" <<'END'
import pathlib
import statistics
import sys

import numpy

folder = pathlib.Path(sys.argv[1])
peers = ["torchcodec", "decord", "pyav", "pyav-seek"]


def processor_seconds(name, clip):
    return [float(line.split()[1]) for line in open(folder / f"{name}.{clip}.times")]


def cell(values):
    quarters = statistics.quantiles(values, n=4)
    return f"{1000 * statistics.median(values):.0f} ({1000 * quarters[0]:.0f} to {1000 * quarters[2]:.0f})"


def difference(peer, clip):
    ours, theirs = (numpy.fromfile(folder / f"{who}.{clip}.rgb", dtype=numpy.uint8) for who in ("tvr", peer))
    return "other size" if ours.size != theirs.size else int(abs(ours.astype(int) - theirs).max())


print("| clip | tvr, ms | " + " | ".join(peers) + " | best peer / tvr | largest difference of a pixel |")
print("|---|" + "---|" * (len(peers) + 3))
for file in sorted(folder.glob("*.mp4")):
    clip = file.stem
    times = {name: processor_seconds(name, clip) for name in ["tvr", *peers]}
    best = min(statistics.median(times[peer]) for peer in peers)
    cells = [clip, *(cell(values) for values in times.values()), f"{best / statistics.median(times['tvr']):.2f}",
             ", ".join(str(difference(peer, clip)) for peer in peers)]
    print("| " + " | ".join(cells) + " |")
scaling = [float(line) for line in open(folder / "scaling")]
print(f"Two processes do {statistics.median(scaling):.2f} times the work of one "
      f"({min(scaling):.2f} to {max(scaling):.2f}).")
END
