#!/usr/bin/env bash
# Formats our C++ and CUDA files with clang-format.
# usage: scripts/format.sh [--check] [FILES]    --check: only name what would change (exit status 1); default: all files
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

mode=(-i)
if [[ ${1:-} == --check ]]; then
  mode=(--dry-run --Werror)
  shift
fi
command -v clang-format >/dev/null || fail "clang-format was not found: install the package clang-format."
files=("$@")
if ((${#files[@]} == 0)); then
  cd "$root"
  mapfile -t files < <(git ls-files '*.h' '*.cpp' '*.cu')
fi
clang-format "${mode[@]}" "${files[@]}"
