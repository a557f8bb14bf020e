#!/usr/bin/env bash
# Sets up, builds and runs every test. The last line counts them; the exit status is 0 only when none failed.
# usage: scripts/test.sh [CTEST ARGUMENTS]        e.g. scripts/test.sh -R eval
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root"

scripts/setup.sh
run_tests build "$@"
