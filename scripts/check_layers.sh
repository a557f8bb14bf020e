#!/usr/bin/env bash
# Holds the layers of the project: who may include what, and how long a file may be. Prints file:line and the rule.
# usage: scripts/check_layers.sh [ROOT]    (ROOT: another tree to check, default this repository)
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

cd "${1:-$root}"
mapfile -t files < <(find include src models tools tests -type f \
  \( -name '*.h' -o -name '*.cpp' -o -name '*.cu' -o -name '*.cuh' -o -name '*.in' \) 2>/dev/null | LC_ALL=C sort)
((${#files[@]} > 0)) || fail "no source file was found in $PWD."

# The file's layer comes from its path; a plug-in folder of models/ counts as a layer of its own.
read -r -d '' program <<'AWK' || true
BEGIN {
  sees["base"] = "base"
  sees["ops"] = "base ops"
  sees["config"] = "base config"
  sees["dist"] = "base dist"
  below_2 = "base ops config dist"
  sees["model"] = below_2 " model"
  sees["video"] = below_2 " video"
  sees["text"] = below_2 " text"
  below_3 = below_2 " model video text"
  sees["loss"] = below_3 " loss"
  sees["data"] = below_3 " data"
  sees["models/heads"] = below_3
  sees["models/encoders"] = below_3 " data"
  sees["models/experts"] = below_3 " data"
  sees["models/losses"] = below_3 " loss"
  sees["models/corpora"] = below_3 " data"
  below_4 = below_3 " loss data"
  sees["train"] = below_4 " train"
  sees["eval"] = below_4 " eval"
  sees["search"] = below_4 " search"
  sees["cuda"] = below_2
  torch_free = "^(include/tvr|src)/(base|config|video|text)/|/ops/(resize|cuda_module)|/eval/"
  torch_in_eval = "/eval/(evaluator|embedding_scores|feature_store)"
}
function report(rule) {
  printf "%s:%d: %s\n", FILENAME, FNR, rule
  broken++
}
function layer_of(path, parts) {
  split(path, parts, "/")
  if (parts[1] == "include") return parts[3]
  if (parts[1] == "src") return parts[2]
  if (parts[1] == "models") return "models/" parts[2]
  return parts[1]
}
function within(name, list) { return index(" " list " ", " " name " ") > 0 }
function check_layer(name, parts) {
  if (!(layer in sees)) return
  if (name ~ /^tvr\//) {
    split(name, parts, "/")
    if (parts[2] ~ /\.h$/ || within(parts[2], sees[layer])) return
    report(layer " may not include tvr/" parts[2] " (it sees: " sees[layer] ")")
  } else {
    split(name, parts, "/")
    if (name ~ /\// && (parts[1] in sees) && parts[1] != layer) report("private header of " parts[1] " included from " layer)
  }
}
function check_third_party(name) {
  if (name ~ /^yaml-cpp\// && layer != "config") report("yaml-cpp is seen in src/config only")
  if (name ~ /^lib(av|sw)[a-z]*\// && layer != "video") report("FFmpeg is seen in src/video only")
  if (name ~ /^opencv2?\// && layer != "video") report("OpenCV is seen in src/video only")
  if (name ~ /(^|\/)c10d\/|^gloo\// && layer != "dist" && layer != "cuda") report("c10d is seen in src/dist and src/cuda only")
  if (name ~ /^(cuda|cublas|cudnn|cusparse|curand|cufft|nccl|nvrtc|nvtx|thrust\/|cub\/|cute\/|cutlass\/)|^(ATen|c10|torch\/csrc)\/cuda\// &&
      layer != "cuda" && FILENAME !~ /\.cuh?$/)
    report("CUDA is seen in *.cu and src/cuda only")
  if (name ~ /^(torch|ATen|c10)\//) {
    if (FILENAME ~ torch_free && FILENAME !~ torch_in_eval) report("this part is free of torch")
    if (FILENAME ~ /\.cuh?$/) report("kernel files take raw pointers and a stream, no torch headers")
    if (FILENAME ~ /\.h$/ && name ~ /^torch\/(torch|nn|all)\.h$/) report("<" name "> in a header; take <torch/types.h> or <torch/nn/module.h>")
  }
  if (name ~ /^(gtest|gmock)\//) report("GoogleTest is seen in tests only")
}
FNR == 1 {
  layer = layer_of(FILENAME)
  limit = layer == "tests" ? 1000 : 600
}
FNR == limit + 1 { report("more than " limit " lines; split the file") }
layer != "tests" && /^[ \t]*#[ \t]*include/ {
  name = $0
  sub(/^[ \t]*#[ \t]*include[ \t]*[<"]/, "", name)
  sub(/[>"].*/, "", name)
  check_layer(name)
  check_third_party(name)
}
END { exit broken > 0 }
AWK

awk "$program" "${files[@]}" || fail "the layers are broken in the lines above (the table is in scripts/check_layers.sh)."
echo "check_layers: ${#files[@]} files keep the layers"
