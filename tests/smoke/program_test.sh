#!/usr/bin/env bash
# The program as its users meet it, on a corpus of seconds: synth, pre-training, training, resuming, evaluation, table.
# usage: program_test.sh TVR SOURCE_DIR
set -euo pipefail
tvr=$1 source_dir=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export TVR_CACHE=$work/cache

fail() { echo "FAILED: $*" >&2; exit 1; }
# expect STATUS PATTERN COMMAND…: the command ends with STATUS and says PATTERN (a regular expression) somewhere.
expect() {
  local status=$1 pattern=$2 got=0
  shift 2
  "$@" > out.txt 2>&1 || got=$?
  [[ $got == "$status" ]] || { cat out.txt; fail "exit status $got instead of $status: $*"; }
  [[ -z $pattern ]] || grep -Eq "$pattern" out.txt || { cat out.txt; fail "no '$pattern' in the output of: $*"; }
}
weights() { sha256sum < "$1/checkpoints/last/model.safetensors"; }
# The log without what depends on the clock.
steps() { sed -E 's/"(data_s|compute_s|samples_per_s|peak_memory_mb)":[^,}]*,?//g' "$1/log.jsonl"; }

expect 0 "" "$tvr" data synth --out corpus --train-pairs 24 --val-pairs 1 --test-pairs 2 --seed 3
expect 0 "test" "$tvr" data info corpus
expect 0 "" "$tvr" frames corpus/videos/video0.mp4 --count 8 --size 96 --out frames.npy --json frames.json
grep -q '"indices"' frames.json || fail "frames.json has no indices"
[[ $(echo "a photo of a cat" | "$tvr" tokenize) == "320 1125 539 320 2368" ]] || fail "tokenize"
expect 0 "LibTorch" "$tvr" doctor

pretrain=(run.dir=pretrain train.steps=6 train.evaluate_every=3 data.val_stills=32 run.threads=1)
expect 0 "" "$tvr" train "$source_dir/configs/demo/pretrain.yaml" "${pretrain[@]}"
small=(data.root=corpus model.video.source=pretrain train.init=pretrain loader.batch_size=16 train.steps=12 train.evaluate_every=4
       eval.bootstrap_draws=200 eval.page_queries=3 run.threads=1)
config=$source_dir/configs/demo/token_wise_patches.yaml

# Any number of loader threads gives the same run.
for threads in 0 1 3; do
  expect 0 "R@1" "$tvr" train "$config" "${small[@]}" "run.dir=threads$threads" "loader.threads=$threads"
done
for threads in 1 3; do
  [[ $(weights threads0) == "$(weights "threads$threads")" ]] || fail "$threads loader threads change the weights"
  [[ $(steps threads0) == "$(steps "threads$threads")" ]] || fail "$threads loader threads change the log"
done

# Killed at any moment and resumed, a run equals one that was left alone.
for delay in 0.7 0.9 1.1; do
  "$tvr" train "$config" "${small[@]}" run.dir=killed train.checkpoint_every=1 --resume > kill.txt 2>&1 & pid=$!
  sleep "$delay"
  kill -9 $pid 2> /dev/null || true
  wait $pid 2> /dev/null || true
done
expect 0 "R@1" "$tvr" train "$config" "${small[@]}" run.dir=killed train.checkpoint_every=1 --resume
[[ $(weights threads0) == "$(weights killed)" ]] || fail "the killed run has other weights"
[[ $(steps threads0) == "$(steps killed)" ]] || fail "the killed run has another log"

# Ctrl-C saves and exits 130.
"$tvr" train "$config" "${small[@]}" run.dir=stopped train.steps=100000 > stop.txt 2>&1 & pid=$!
for _ in $(seq 100); do [[ -s stopped/log.jsonl ]] && break; sleep 0.1; done
expect 2 "in use by another training" "$tvr" train "$config" "${small[@]}" run.dir=stopped train.steps=100000 --resume
kill -INT $pid
kill -INT $pid 2> /dev/null || true  # a terminal can deliver one Ctrl-C twice
status=0; wait $pid || status=$?
[[ $status == 130 && -e stopped/checkpoints/last/state.json ]] || { cat stop.txt; fail "interruption: status $status"; }

# Everything wrong is said at once, and nothing is created.
expect 2 "unknown key 'lerning_rate'" "$tvr" train "$config" "${small[@]}" run.dir=typo optim.lerning_rate=1 loader.batch_size=many train.steps=-1 \
  data.root=absent model.head.visual=pathces
for pattern in "'many' is not an integer" "-1 is out of range" "absent" "did you mean 'patches'"; do
  grep -q -e "$pattern" out.txt || { cat out.txt; fail "'$pattern' was not reported with the other errors"; }
done
[[ ! -e typo ]] || fail "a run with wrong settings left a folder"
expect 2 "exists; continue it with --resume" "$tvr" train "$config" "${small[@]}" run.dir=threads0
expect 2 "did you mean 'train'|not expected|required" "$tvr" trian x
expect 0 "dry run" "$tvr" train "$config" "${small[@]}" run.dir=dry --dry-run
expect 0 "training videos too" "$tvr" train "$config" "${small[@]}" run.dir=dry data.val=train --dry-run
echo video_id > corpus/empty.csv
expect 2 "empty.csv: is empty; videos are expected" "$tvr" train "$config" "${small[@]}" run.dir=dry data.test=empty.csv
expect 2 "only --json" "$tvr" eval threads0 --html -
expect 2 "is a folder" "$tvr" eval threads0 --json .
[[ ! -e dry ]] || fail "a dry run left a folder"

expect 0 "R@1" "$tvr" eval threads0 --json metrics.json --save-similarity sim.npy --html page.html
numbers() { grep -vE '"(command|config)"' "$1"; }
cmp -s <(numbers metrics.json) <(numbers threads0/metrics.json) || fail "eval repeats other numbers than train"
grep -q "</html>" page.html || fail "the page is not complete"
expect 0 "threads1" "$tvr" table threads0 threads1
expect 0 "text_projection" "$tvr" describe threads0

# A table runs what is missing, at most two at a time, shows what failed, goes on after Ctrl-C and runs nothing twice.
echo video_id > corpus/nothing.csv
cat > grid.yaml <<END
title: A grid
baseline: whole
base: $config
out: grid
seeds: [0, 1]
set: {data.root: corpus, model.video.source: pretrain, train.init: pretrain, loader.batch_size: 16, train.steps: 6, eval.bootstrap_draws: 200}
rows:
  - {name: broken, seeds: [0], set: {data.test: nothing.csv}}
  - {name: a paper, published: {text_to_video: {R@1: 44.5}}, source: arXiv 2104.08860}
grid:
  head: {whole: {model.head.type: mean_pool}, words: {model.head.visual: frames}}
END
expect 0 "whole +not run" "$tvr" table grid.yaml
"$tvr" table grid.yaml --run --jobs 2 > grid.txt 2>&1 & pid=$!
for _ in $(seq 100); do grep -q "finished" grid.txt && break; sleep 0.1; done
kill -INT $pid
status=0; wait $pid || status=$?
[[ $status == 130 ]] || { cat grid.txt; fail "interruption of a table: status $status"; }
# Trainings of a table that was killed end too.
"$tvr" table grid.yaml --run --jobs 2 > grid.txt 2>&1 & pid=$!
for _ in $(seq 100); do grep -q "started" grid.txt && break; sleep 0.1; done
trainings=$(pgrep -P $pid) || { cat grid.txt; fail "the table started no training"; }
kill -KILL $pid
wait $pid || true
for training in $trainings; do
  for _ in $(seq 300); do kill -0 "$training" 2> /dev/null || break; sleep 0.1; done
  if kill -0 "$training" 2> /dev/null; then fail "a training outlived its table"; fi
done
expect 2 "words .*2 +[0-9]" "$tvr" table grid.yaml --run --jobs 2
for pattern in "broken: failed: .*nothing.csv" "p \(seeds\)" "ms/query of 1000" "by need" "failed: broken"; do
  grep -Eq "$pattern" out.txt || { cat out.txt; fail "no '$pattern' in the table"; }
done
made() { stat -c '%n %Y' grid/*/metrics.json; }
before=$(made)
[[ $(wc -l <<< "$before") == 4 ]] || fail "the table made other runs: $before"
expect 2 "broken" "$tvr" table grid.yaml --run
[[ $before == "$(made)" ]] || fail "a finished run of a table was run again"
for run in "" --run; do
  expect 2 "unknown head 'mean_pol'" "$tvr" table <(sed 's/mean_pool}/mean_pol}/' grid.yaml) $run
done
expect 0 "was made with other settings than .*optim.lr" "$tvr" table <(
  echo "rows: [{name: changed, config: changed.yaml}]"
  printf 'extends: [threads0/config.yaml]\noptim: {lr: 0.5}\n' > changed.yaml
)
for format in markdown latex html json; do expect 2 "failed: broken" "$tvr" table grid.yaml --format $format --out grid.$format; done
expect 2 "is the table file itself" "$tvr" table grid.yaml --out grid.yaml
grep -q "</html>" grid.html || fail "the page of a table is not complete"

# A matrix gives the numbers of the evaluation that wrote it; runs and matrices can be compared.
expect 0 "random order" "$tvr" metrics sim.npy --corpus msrvtt:corpus --draws 200 --json sim.json --html sim.html
measured() { sed '/"protocol"/,$d' "$1"; }
cmp -s <(measured sim.json) <(measured metrics.json) || fail "metrics of the saved matrix are other numbers than eval's"
grep -q "</html>" sim.html || fail "the page of a matrix is not complete"
expect 0 "McNemar" "$tvr" compare threads0 carried_name=threads1 --draws 200 --html compare.html
expect 0 "No difference in R@1 is shown" "$tvr" compare a=sim.npy b=sim.npy --corpus msrvtt:corpus --draws 200
expect 0 "transductive" "$tvr" compare raw=sim.npy dsl=sim.npy@dual_softmax:100 --corpus msrvtt:corpus --draws 200
expect 0 "R@3" "$tvr" metrics --recall 3 --rerank dsl:100 sim.npy --corpus msrvtt:corpus --draws 0 --ranks ranks.st
expect 0 "R@3" "$tvr" compare ranks.st other=ranks.st --draws 200 --recall 3
expect 2 "bring their own" "$tvr" compare threads0 threads1 --ndcg 5
expect 2 "same texts and videos|only clear for a square" "$tvr" metrics sim.npy
expect 2 "temperature above 0" "$tvr" metrics sim.npy --rerank dual_softmax
printf 'cos\nsystem\n(S"touch executed"\ntR.' > evil.pt
expect 2 "evil.pt" "$tvr" metrics evil.pt
head -c 1000 sim.npy > cut.npy
expect 2 "cut.npy" "$tvr" metrics cut.npy
[[ ! -e executed ]] || fail "a pickle was executed"

# Features travel without their videos; without either, it is said before any work.
expect 0 "R@1" "$tvr" train "$config" "${small[@]}" run.dir=carried data.videos=
[[ $(weights threads0) == "$(weights carried)" ]] || fail "features without videos give other weights"
expect 2 "does not hold their features" "$tvr" train "$config" "${small[@]}" run.dir=dry data.videos= model.video.frames=4
[[ ! -e dry ]] || fail "a run without data left a folder"

# Every shipped experiment builds, where the paths it names exist.
mkdir -p data runs/demo
ln -s ../corpus data/demo
ln -s ../../pretrain runs/demo/pretrain
configs=("$source_dir"/configs/demo/*.yaml)
[[ ${#configs[@]} == 13 ]] || fail "configs/demo holds ${#configs[@]} experiments, this test knows of 13"
for file in "${configs[@]}"; do expect 0 "parameters, [0-9]+ trainable" "$tvr" describe "$file"; done
ln -s "$source_dir/configs" configs
for file in configs/tables/*.yaml; do expect 0 "not run" "$tvr" table "$file"; done

# The five corpora's experiments build (tests/tools reads them all); their data is somebody else's.
published="$source_dir/configs/msrvtt/mean_pool_clip_b32.yaml"
expect 2 "root: there is no folder 'data/msrvtt'" "$tvr" describe "$published"
expect 0 "151277313 parameters" "$tvr" describe "$published" data.root=corpus data.train=train data.val=validate data.test=test

# Both towers can be fine-tuned on pixels, from the files or from a pack of them: the same numbers, without the files too.
pixels=("$source_dir/configs/demo/end_to_end.yaml" data.root=corpus train.init=pretrain)
training=("${pixels[@]}" loader.batch_size=8 train.steps=2 eval.bootstrap_draws=200 eval.page_queries=2 run.threads=1)
expect 0 "R@1" "$tvr" train "${training[@]}" run.dir=pixels
expect 0 "90 videos" "$tvr" data pack "${pixels[@]}" --out frames
expect 0 "every byte is as it was written" "$tvr" data pack --verify frames
expect 0 "frame pack of 90 videos" "$tvr" data info frames
expect 0 "R@1" "$tvr" train "${training[@]}" run.dir=packed loader.pack=frames data.videos=
[[ $(weights pixels) == "$(weights packed)" ]] || fail "frames from a pack give other weights"
expect 2 "loader.pack_match=nearest" "$tvr" train "${training[@]}" run.dir=dry loader.pack=frames loader.sampling=uniform
[[ ! -e dry ]] || fail "a pack without the wanted frames left a run folder"
expect 2 "made with --uncropped" "$tvr" train "${training[@]}" run.dir=dry loader.pack=frames loader.train_crop=random
expect 0 "R@1" "$tvr" train "${training[@]}" run.dir=random loader.train_sampling=random loader.train_flip=true loader.group_by_length=true \
  loader.sampler=captions

# What is wrong with a corpus is told before work; the policy decides.
expect 0 "" "$tvr" data check "${pixels[@]}" --json check.json
cp -r corpus wounded
rm -r frames
victims=($(ls wounded/videos | head -3))
rm "wounded/videos/${victims[0]}"
: > "wounded/videos/${victims[1]}"
head -c 700 "corpus/videos/${victims[2]}" > "wounded/videos/${victims[2]}"
wounded=("${training[@]}" data.root=wounded)
expect 2 "${victims[2]%.mp4}" "$tvr" data check "${wounded[@]}" --json check.json
expect 2 "data.missing" "$tvr" train "${wounded[@]}" run.dir=dry
[[ ! -e dry ]] || fail "a refused run left a folder"
expect 0 "1 of 48 videos without a file" "$tvr" data check "${wounded[@]}" data.missing=skip
expect 0 "3 of 48 videos cannot be used" "$tvr" train "${wounded[@]}" data.missing=skip run.dir=skipping
expect 0 "R@1" "$tvr" train "${wounded[@]}" data.missing=substitute-black run.dir=black
# Weights of other programs go in, fitted to the model, and out again.
golden=$source_dir/tests/model/golden/weights
expect 0 "OpenAI's archive" "$tvr" weights inspect "$golden/openai.pt"
expect 0 "float16 to float32, 35 arrays" "$tvr" weights convert "$golden/openai.pt" --to huggingface --out hugging
expect 0 "Hugging Face's names" "$tvr" weights inspect hugging
expect 2 "evil.pt" "$tvr" weights inspect evil.pt
[[ ! -e executed ]] || fail "a pickle was executed"
cat > tiny.yaml <<END
run: {dir: tiny}
model:
  text: {type: clip_text, vocabulary: 20, context_length: 4, width: 8, layers: 2, heads: 1, embed_dim: 4}
  video: {type: clip_frames, frames: 2, image_size: 16, patch_size: 4, width: 8, layers: 2, heads: 1, embed_dim: 4}
  head: {type: mean_pool}
data: {type: demo, root: corpus}
train: {init: hugging, init_match: ["text.*", "video.*"]}
END
expect 0 "5 positions of patches are resized to 17" "$tvr" describe tiny.yaml
expect 2 "contradicts quick_gelu" "$tvr" describe tiny.yaml model.text.activation=gelu model.video.activation=gelu
expect 2 "the model needs \[16\]" "$tvr" describe tiny.yaml model.text.width=16
expect 0 "arrays of pretrain" "$tvr" weights convert pretrain --to huggingface --out published
cat > zero.yaml <<END
run: {dir: zero}
model:
  text: {type: clip_text, context_length: 32, width: 64, layers: 2, heads: 4, embed_dim: 64, mlp_ratio: 2, activation: gelu}
  video: {type: clip_frames, frames: 2, image_size: 96, patch_size: 16, width: 64, layers: 2, heads: 4, embed_dim: 64, mlp_ratio: 2, activation: gelu}
  head: {type: mean_pool}
data: {type: demo, root: corpus}
eval: {bootstrap_draws: 200}
END
expect 0 "first 32 of 64 text positions" "$tvr" eval zero.yaml --weights published
expect 2 "the text tower knows 20" "$tvr" eval tiny.yaml --weights hugging

# Features for other programs; killed or stopped and given again, the same bytes.
head -200 "$source_dir/README.md" > texts.txt
encode=("$tvr" encode --weights pretrain --texts texts.txt --videos corpus/videos --frames 2 --batch 8 --threads 1)
expect 0 "videos: 90" "${encode[@]}" --out whole.safetensors
"${encode[@]}" --out killed.safetensors > kill.txt 2>&1 & pid=$!
sleep 1
kill -9 $pid 2> /dev/null || true
wait $pid 2> /dev/null || true
[[ -e killed.safetensors ]] || expect 0 "videos: 90" "${encode[@]}" --out killed.safetensors
cmp whole.safetensors killed.safetensors || fail "features of a killed run differ"
expect 2 "exists; choose another name" "${encode[@]}" --out whole.safetensors
expect 2 "nothing to encode" "$tvr" encode --weights pretrain --out none.safetensors
expect 2 "left out|cannot|damaged|no decodable" "$tvr" encode --weights pretrain --videos wounded/videos --frames 2 --out wounded.safetensors
expect 0 "left out: ${victims[2]}" "$tvr" encode --weights pretrain --videos wounded/videos --frames 2 --missing skip --out wounded.safetensors
[[ ! -e wounded.safetensors.tvr-parts ]] || fail "encode left its parts behind"

# Any head scores given features; metrics read what it writes.
echo "{type: xpool}" > head.yaml
expect 0 "before the logit scale" "$tvr" score --head head.yaml --features whole.safetensors --out scores.npy
expect 2 "no 'video.patches'; run .tvr encode. with --patches" "$tvr" score --head <(echo "head: {type: cmfg}") --features whole.safetensors --out none.npy
# What a score learned belongs to it: without its weights it is told, with a file that lacks them refused.
echo "{head: {type: token_wise, weights: uniform}, score: {learned_weights: true}}" > learned.yaml
expect 0 "no --weights" "$tvr" score --head learned.yaml --features whole.safetensors --out scores.npy
expect 2 "score.weight_logits" "$tvr" score --head learned.yaml --features whole.safetensors --out none.npy --weights threads0
expect 2 "unknown key 'scroe'" "$tvr" score --head <(echo "{head: {type: xpool}, scroe: {}}") --features whole.safetensors --out none.npy
expect 2 "is what is read" "$tvr" score --head head.yaml --features whole.safetensors --out whole.safetensors
expect 2 "unknown head 'xpol'" "$tvr" score --head <(echo "{type: xpol}") --features whole.safetensors --out none.npy
echo "all program checks passed"
