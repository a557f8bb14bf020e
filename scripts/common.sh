# shellcheck shell=bash disable=SC2034
# Sourced by the other scripts: the repository root, messages, how many jobs this machine bears.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
script=$(basename "$0" .sh)
started=$SECONDS
cmake_arguments=()

say() { printf '[%s %4ds] %s\n' "$script" "$((SECONDS - started))" "$*"; }
fail() {
  printf '%s: %s\n' "$script" "$*" >&2
  exit 1
}

# Parallel compilations: the processors, but no more than one for each 1.5 GB of free memory (a file of torch code takes
# 1.3 GB). Override with TVR_JOBS.
job_count() {
  local processors memory
  processors=$(nproc)
  memory=$(awk '/^MemAvailable/ {print int($2 / 1572864)}' /proc/meminfo)
  local count=$((memory < processors ? memory : processors))
  echo "${TVR_JOBS:-$((count < 1 ? 1 : count))}"
}

# configure FOLDER [CMAKE ARGUMENTS]: silent unless it fails; the log stays in FOLDER/configure.log.
configure() {
  local folder=$1
  shift
  mkdir -p "$folder"
  cmake -S "$root" -B "$folder" -G Ninja "$@" >"$folder/configure.log" 2>&1 ||
    { cat "$folder/configure.log" >&2 && fail "the configuration failed; CMake's message is above."; }
}

# Configures and builds FOLDER with tests (`cmake_arguments` may hold more options), runs ctest, prints the counts.
run_tests() {
  local folder=$1
  shift
  say "configuring and building $folder with $(job_count) jobs"
  configure "$folder" -DTVR_BUILD_TESTS=ON "${cmake_arguments[@]}"
  cmake --build "$folder" -j "$(job_count)" || fail "the build failed; the compiler's message is above."
  say "running the tests"
  rm -rf "$folder/test-results" && mkdir -p "$folder/test-results"
  local status=0
  GTEST_OUTPUT="xml:$root/$folder/test-results/" ctest --test-dir "$folder" --output-on-failure --no-tests=error \
    -j "$(job_count)" --output-junit "$root/$folder/test-results/ctest.xml" "$@" || status=1
  say "done"
  scripts/count_tests.py "$folder/test-results/ctest.xml" "$folder/test-results" || status=1
  return $status
}
