#!/usr/bin/env bash
# Builds the unit tests with AddressSanitizer and UndefinedBehaviorSanitizer in build-asan and runs them.
# usage: scripts/test_sanitized.sh [CTEST ARGUMENTS]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root"

scripts/setup.sh
export ASAN_OPTIONS="detect_stack_use_after_return=1:strict_string_checks=1"
export UBSAN_OPTIONS="print_stacktrace=1"
cmake_arguments=(-DTVR_SANITIZE=ON -DTVR_WITH_CUDA=OFF)
run_tests build-asan -L unit "$@"
