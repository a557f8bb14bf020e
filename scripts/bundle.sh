#!/usr/bin/env bash
# Writes a folder that runs on another x86-64 Linux beside the same LibTorch, without the packages of this machine:
# the program, the shared libraries it needs, the CUDA module when one was built, and the CLIP merges.
# usage: scripts/bundle.sh [--no-video] [--tests] OUT_DIR
#   --no-video  built without FFmpeg and OpenCV (in build-bundle)
#   --tests     with the unit tests and a script to run them
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

folder=build with_tests=no out=
options=(-DTVR_WITH_VIDEO=ON)
for argument in "$@"; do
  case $argument in
    --no-video) folder=build-bundle options=(-DTVR_WITH_VIDEO=OFF) ;;
    --tests) with_tests=yes ;;
    -*) fail "unknown option '$argument'; usage: scripts/bundle.sh [--no-video] [--tests] OUT_DIR" ;;
    *) out=$argument ;;
  esac
done
[[ -n $out ]] || fail "the folder to write is missing; usage: scripts/bundle.sh [--no-video] [--tests] OUT_DIR"
[[ ! -e $out ]] || fail "$out exists; choose a new folder or remove it."
command -v patchelf >/dev/null || fail "patchelf was not found: run scripts/setup.sh."
out=$(realpath -m "$out")
cd "$root"

# What every Linux has (glibc) and what comes with LibTorch stays out.
not_carried='^(ld-linux.*|lib(c|m|dl|rt|pthread|util|resolv|anl|nsl|mvec)\.so.*|lib(torch|c10|caffe2|shm|gomp|cuda|cublas|cudnn|cufft|cufile|cupti|curand|cusolver|cusparse|nccl|nvJit|nvrtc|nvshmem).*|linux-vdso.*)$'

copy_libraries() {  # copy_libraries ELF: its closure of shared libraries into lib/
  local name path
  while read -r name path; do
    if [[ $(basename "$name") =~ $not_carried || -e $fresh/lib/$name ]]; then continue; fi
    [[ -e $path ]] || fail "$1 needs $name, which is not on this machine."
    install -m 644 "$path" "$fresh/lib/$name"
  done < <(ldd "$1" | awk '$2 == "=>" {print $1, $3}')
}

set_search_path() {  # set_search_path PATH ELF…: where each looks for its libraries, debug information removed
  local path=$1 file
  shift
  for file in "$@"; do
    chmod u+w "$file"
    strip --strip-debug "$file"
    patchelf --set-rpath "$path" "$file"
  done
}

# The newest glibc symbol anything here asks for.
needed_glibc() {
  find "$fresh" -type f \( -name '*.so*' -o -perm -u+x \) -exec objdump -T {} + 2>/dev/null |
    grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -1 | cut -d_ -f2
}

write_launcher() {
  cat >"$fresh/env.sh" <<'END'
# Sourced by tvr and run_tests: finds LibTorch 2.11 and the CLIP merges.
if [ -z "${TVR_LIBTORCH:-}" ]; then
  for folder in "$here/torch" "$here/../.venv/torch" "$(python3 -c 'import importlib.util as u; print(u.find_spec("torch").submodule_search_locations[0])' 2>/dev/null)"; do
    if [ -e "$folder/lib/libtorch_cpu.so" ]; then TVR_LIBTORCH=$folder && break; fi
  done
fi
if [ ! -e "${TVR_LIBTORCH:-}/lib/libtorch_cpu.so" ]; then
  echo "tvr: no LibTorch was found: set TVR_LIBTORCH to the torch folder of LibTorch 2.11 (the one that holds lib/libtorch_cpu.so)." >&2
  exit 2
fi
export LD_LIBRARY_PATH="$TVR_LIBTORCH/lib:$TVR_LIBTORCH/../nvidia/cu13/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export TVR_ASSETS="${TVR_ASSETS:-$here/assets}"
END
  cat >"$fresh/tvr" <<'END'
#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
. "$here/env.sh"
exec "$here/bin/$(basename "$0")" "$@"
END
  chmod +x "$fresh/tvr"
  ln -s tvr "$fresh/tvr-train"
  ln -s tvr "$fresh/tvr-eval"
}

write_test_runner() {
  cat >"$fresh/run_tests" <<'END'
#!/bin/sh
# Runs every unit test of the bundle; the exit status is 1 when any failed.
here=$(dirname "$(readlink -f "$0")")
. "$here/env.sh"
status=0
for test in "$here"/tests/*_test; do "$test" --gtest_brief=1 "$@" || { echo "failed: $test" && status=1; }; done
exit $status
END
  chmod +x "$fresh/run_tests"
}

write_readme() {
  cat >"$fresh/README" <<END
tvr for x86-64 Linux with glibc $(needed_glibc) or newer.

./tvr --help. It needs LibTorch 2.11 (the torch 2.11.0 wheel for CUDA 13, with its NVIDIA libraries to use a GPU): in the
folder TVR_LIBTORCH names, or torch/ in here, or the one Python imports. bin/ holds the program, lib/ the libraries it
needs, assets/ the CLIP merges.
END
}

say "building in $folder"
if [[ $with_tests == yes ]]; then options+=(-DTVR_BUILD_TESTS=ON); fi
configure "$folder" "${options[@]}"
cmake --build "$folder" -j "$(job_count)" || fail "the build failed; the compiler's message is above."

say "gathering"
fresh="$out.tmp"
rm -rf "$fresh"
trap 'rm -rf "$fresh"' EXIT
mkdir -p "$fresh"/{bin,lib,assets}
install "$folder/bin/tvr" "$fresh/bin/tvr"
ln -s tvr "$fresh/bin/tvr-train"
ln -s tvr "$fresh/bin/tvr-eval"
install -m 644 .venv/open_clip/bpe_simple_vocab_16e6.txt.gz "$fresh/assets/"
copy_libraries "$fresh/bin/tvr"
set_search_path "\$ORIGIN/../lib" "$fresh/bin/tvr"
if [[ $with_tests == yes ]]; then
  mkdir "$fresh/tests"
  for test in "$folder"/tests/*_test; do
    install "$test" "$fresh/tests/"
    copy_libraries "$test"
  done
  set_search_path "\$ORIGIN/../lib" "$fresh"/tests/*_test
  write_test_runner
fi
if [[ -e $folder/lib/libtvr_cuda.so ]]; then install -m 644 "$folder/lib/libtvr_cuda.so" "$fresh/lib/"; fi
set_search_path "\$ORIGIN" "$fresh"/lib/*.so*
write_launcher
write_readme
mv "$fresh" "$out"
say "$out: $(du -sh "$out" | cut -f1), $(find "$out/lib" -name '*.so*' | wc -l) libraries, $(sed -n 1p "$out/README")"
