#!/usr/bin/env bash
# The scripts refuse what they must refuse: planted violations of the layers, a wrong checksum, failed tests.
# usage: scripts_test.sh REPOSITORY
set -euo pipefail

repository=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

expect() {  # expect NAME STATUS PATTERN COMMAND…: the command ends with STATUS and its output matches PATTERN
  local name=$1 status=$2 pattern=$3 output found=0
  shift 3
  output=$("$@" 2>&1) || found=$?
  if [[ $found == "$status" ]] && grep -qE -- "$pattern" <<<"$output"; then return; fi
  printf 'FAILED: %s: status %s (expected %s), expected output like "%s", got:\n%s\n' "$name" "$found" "$status" "$pattern" "$output"
  failures=$((failures + 1))
}

plant() {  # plant FILE LINE…: a tree with one file that is in order and this one
  rm -rf "$scratch/tree"
  mkdir -p "$scratch/tree/src/base" "$(dirname "$scratch/tree/$1")"
  echo '#include <vector>' >"$scratch/tree/src/base/good.cpp"
  printf '%s\n' '#pragma once' "${@:2}" >"$scratch/tree/$1"
}

layers_refuse() {  # layers_refuse FILE LINE PATTERN
  plant "$1" "$2"
  expect "layers refuse $2 in $1" 1 "^$1:2: .*$3" "$repository/scripts/check_layers.sh" "$scratch/tree"
}

layers_accept() {
  plant "$1" "$2"
  expect "layers accept $2 in $1" 0 "keep the layers" "$repository/scripts/check_layers.sh" "$scratch/tree"
}

test_layers() {
  layers_refuse src/base/bad.cpp '#include "tvr/ops/resize.h"' 'base may not include tvr/ops'
  layers_refuse include/tvr/model/bad.h '#include "tvr/loss/loss.h"' 'model may not include tvr/loss'
  layers_refuse src/train/bad.cpp '  #  include "tvr/eval/metrics.h"' 'train may not include tvr/eval'
  layers_refuse models/heads/bad.cpp '#include "tvr/train/trainer.h"' 'models/heads may not include tvr/train'
  layers_refuse src/data/bad.cpp '#include "text/unicode.h"' 'private header of text'
  layers_refuse tools/bad.cpp '#include <yaml-cpp/yaml.h>' 'yaml-cpp is seen in src/config only'
  layers_refuse models/corpora/bad.cpp '#include <libavformat/avformat.h>' 'FFmpeg is seen in src/video only'
  layers_refuse src/data/bad.cpp '#include <opencv2/core.hpp>' 'OpenCV is seen in src/video only'
  layers_refuse src/train/bad.cpp '#include <torch/csrc/distributed/c10d/Store.hpp>' 'c10d is seen in'
  layers_refuse src/model/bad.cpp '#include <cuda_runtime.h>' 'CUDA is seen in'
  layers_refuse src/train/bad.cpp '#include <ATen/cuda/CUDAContext.h>' 'CUDA is seen in'
  layers_refuse include/tvr/config/bad.h '#include <torch/types.h>' 'free of torch'
  layers_refuse src/ops/resize.cpp '#include <ATen/core/Tensor.h>' 'free of torch'
  layers_refuse src/eval/metrics.cpp '#include <torch/torch.h>' 'free of torch'
  layers_refuse include/tvr/model/bad.h '#include <torch/torch.h>' 'in a header'
  layers_refuse src/ops/bad.cu '#include <torch/types.h>' 'no torch headers'
  layers_accept src/model/good.cpp '#include <torch/torch.h>'
  layers_accept src/video/good.cpp '#include <libavformat/avformat.h>'
  layers_accept models/losses/good.cpp '#include "tvr/loss/loss.h"'
  layers_accept src/cuda/good.cpp '#include <cuda_runtime.h>'
  plant src/base/long.cpp "$(printf 'int x;%.0s\n' {1..600})"
  expect "layers refuse a long file" 1 '^src/base/long.cpp:601: more than 600 lines' "$repository/scripts/check_layers.sh" "$scratch/tree"
  mkdir "$scratch/empty"
  expect "layers refuse a tree without sources" 1 'no source file' "$repository/scripts/check_layers.sh" "$scratch/empty"
}

# A copy of the scripts whose Python "downloads" a file that is not the pinned one.
test_checksum() {
  local copy="$scratch/copy"
  mkdir -p "$copy/bin"
  cp -r "$repository/scripts" "$copy/scripts"
  cat >"$copy/bin/python3" <<'END'
#!/usr/bin/env bash
while (($# > 0)); do
  if [[ $1 == --dest ]]; then echo garbage >"$2/planted-1.0-py3-none-any.whl"; fi
  shift
done
END
  chmod +x "$copy/bin/python3"
  expect "setup refuses a wrong checksum" 1 'planted-1.0-py3-none-any.whl has SHA-256 [0-9a-f]{64}, but' \
    env PATH="$copy/bin:$PATH" "$copy/scripts/setup.sh" --no-packages
  expect "setup leaves nothing of it" 0 '^\.tvr$' ls -A "$copy/.venv"
  expect "setup names an unknown option" 1 "unknown option '--gpu'" "$repository/scripts/setup.sh" --gpu
}

gtest_results() {
  cat <<'END'
<testsuites><testsuite name="A"><testcase name="good" classname="A" status="run"/>
<testcase name="bad" classname="A" status="run"><failure message="no"/></testcase>
<testcase name="left" classname="A" status="run"><skipped message="why"/></testcase></testsuite></testsuites>
END
}

test_counts() {
  local folder="$scratch/results" count=("$repository/scripts/count_tests.py" "$scratch/results/ctest.xml" "$scratch/results")
  mkdir -p "$folder"
  echo '<testsuite><testcase name="a" status="fail"/><testcase name="script" status="run"/></testsuite>' >"$folder/ctest.xml"
  gtest_results >"$folder/a_test.xml"
  expect "each case is counted" 1 '^2 passed, 1 failed, 1 skipped$' "${count[@]}"
  gtest_results | grep -v '"bad"' >"$folder/a_test.xml"
  expect "an executable that dies afterwards is counted" 1 '^2 passed, 1 failed, 1 skipped$' "${count[@]}"
  rm "$folder/a_test.xml"
  expect "an executable without results is counted" 1 '^1 passed, 1 failed, 0 skipped$' "${count[@]}"
  echo '<testsuite></testsuite>' >"$folder/ctest.xml"
  expect "nothing run is a failure" 1 '^0 passed, 0 failed, 0 skipped$' "${count[@]}"
}

test_layers
test_checksum
test_counts
((failures == 0)) || exit 1
echo "all expectations of the scripts hold"
