#!/usr/bin/env bash
# A frame pack whose making is killed again and again equals one made in one go; a flipped byte in it is found and named.
# usage: pack_kill_test.sh PROGRAM [KILLS] [FRAMES] [SIZE] [TRAIN_PAIRS]     defaults: 4 kills, 24 frames of 320 pixels, 60 pairs
set -euo pipefail
program=$1 kills=${2:-4} frames=${3:-24} size=${4:-320} pairs=${5:-60}
fail() { echo "pack_kill_test: $*" >&2 && exit 1; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$program" data synth --out "$folder/demo" --train-pairs "$pairs" --val-pairs 1 --test-pairs 1 >/dev/null
cat >"$folder/corpus.yaml" <<END
run: {dir: $folder/run}
model: {text: {type: clip_text}, video: {type: clip_frames}, head: {type: mean_pool}}
data: {type: msrvtt, root: $folder/demo}
END
pack() { "$program" data pack "$folder/corpus.yaml" --out "$1" --frames "$frames" --size "$size" >/dev/null 2>&1; }

SECONDS=0
pack "$folder/whole"
whole=$SECONDS
for ((kill = 0; kill < kills; ++kill)); do
  # Moments are spread over a whole run; RANDOM is seeded so that a failure can be repeated.
  if ((kill == 0)); then RANDOM=2026; fi
  timeout -s KILL "$((RANDOM % (whole + 1))).$((RANDOM % 10))" \
    "$program" data pack "$folder/corpus.yaml" --out "$folder/killed" --frames "$frames" --size "$size" >/dev/null 2>&1 || true
  [[ ! -f $folder/killed/pack.json ]] || rm -rf "$folder/killed"  # it was fast enough: kill another one
done
pack "$folder/killed"
diff -r "$folder/whole" "$folder/killed" || fail "the pack that was killed differs"

# A byte in the last third of the last shard lies in the pixels of some video.
shard=$(ls "$folder"/killed/frames-*.safetensors | tail -1)
position=$(($(stat -c %s "$shard") * 5 / 6))
byte=$(od -An -tu1 -j "$position" -N 1 "$shard")
printf "\\x$(printf %x $(((byte + 1) % 256)))" | dd of="$shard" bs=1 seek="$position" conv=notrunc status=none
if "$program" data pack --verify "$folder/killed" >"$folder/out" 2>&1; then fail "the flipped byte was not found"; fi
grep -q "$(basename "$shard"): video 'video[0-9]*' is damaged" "$folder/out" || fail "the flipped byte was not named: $(cat "$folder/out")"
echo "pack_kill_test: $kills kills, $(ls "$folder"/whole | wc -l) files equal"
