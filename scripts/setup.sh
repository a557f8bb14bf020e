#!/usr/bin/env bash
# Installs what tvr needs: the system's packages, and LibTorch with the CLIP merges file into .venv of this repository.
# Run it as often as you like: a second run takes seconds and needs no network.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
  cat <<'END'
scripts/setup.sh [--cuda] [--no-video] [--no-packages]
  --cuda         also the NVIDIA libraries that LibTorch needs to use a GPU (2.0 GB to download, 2.9 GB on disk)
  --no-video     leave FFmpeg and OpenCV out (build with -DTVR_WITH_VIDEO=OFF)
  --no-packages  leave the system's packages alone; only fill .venv (550 MB to download, 1.2 GB on disk)
END
}

with_cuda=no with_video=yes with_packages=yes
for argument in "$@"; do
  case $argument in
    --cuda) with_cuda=yes ;;
    --no-video) with_video=no ;;
    --no-packages) with_packages=no ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && fail "unknown option '$argument'." ;;
  esac
done

packages=(g++ cmake ninja-build ccache pkg-config git ca-certificates python3 python3-pip python3-venv unzip binutils patchelf
  libyaml-cpp-dev libcli11-dev libspdlog-dev libfmt-dev nlohmann-json3-dev libicu-dev zlib1g-dev libminizip-dev libssl-dev
  libcsv-dev libxxhash-dev libsentencepiece-dev libboost-dev libgtest-dev libgmock-dev libbenchmark-dev)
if [[ $with_video == yes ]]; then
  packages+=(libavcodec-dev libavformat-dev libavutil-dev libswscale-dev libswresample-dev libavfilter-dev ffmpeg
    libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev libopencv-video-dev)
fi

# name | version | SHA-256 of the wheel | bytes | members to unpack (empty: all)
# The platform tags below make pip choose the same files on every machine, so that one checksum serves all.
cpu_wheels=(
  "torch|2.11.0|7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a|530604548|"
  "nvidia-cuda-runtime|13.0.96|7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548|2243632|"
  "nvidia-cuda-cupti|13.0.85|4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8|10715597|"
  "open_clip_torch|3.3.0|c549ad5ed6bfc119cc11105033c0a2b9d7a2a4afeb40a58a09aab3da1a0043ce|1547268|open_clip/bpe_simple_vocab_16e6.txt.gz *.dist-info/licenses/*"
)
# What the torch wheel's metadata asks for beside those two.
cuda_wheels=(
  "nvidia-cublas|13.1.0.3|ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171|423133236|"
  "nvidia-cudnn-cu13|9.19.0.56|d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf|366066321|"
  "nvidia-nccl-cu13|2.28.9|e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42|196493177|"
  "nvidia-cusparse|12.6.3.3|2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b|145942937|"
  "nvidia-cusparselt-cu13|0.8.0|25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd|169884119|"
  "nvidia-cusolver|12.0.4.66|0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112|200941980|"
  "nvidia-cufft|12.0.0.61|6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3|214085489|"
  "nvidia-cufile|1.15.1.6|08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44|1223672|"
  "nvidia-curand|10.4.0.35|1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc|59544258|"
  "nvidia-nvjitlink|13.0.88|13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b|40713933|"
  "nvidia-cuda-nvrtc|13.0.88|ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575|90215200|"
  "nvidia-nvtx|13.0.85|4936d1d6780fbe68db454f5e72a42ff64d1fd6397df9f363ae786930fd5c1cd4|148047|"
  "nvidia-nvshmem-cu13|3.4.5|290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80|60412546|"
)
platforms=()
for tag in 2_28 2_27 2_25 2_18 2_17 2_12 2_5; do platforms+=(--platform "manylinux_${tag}_x86_64"); done
for tag in 2014 2010 1; do platforms+=(--platform "manylinux${tag}_x86_64"); done

install_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "this is not Debian or Ubuntu; install your system's counterparts of: ${packages[*]}"
    return
  fi
  local missing=() package
  for package in "${packages[@]}"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then return; fi
  local as_root=()
  if ((EUID != 0)); then
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
      as_root=(sudo)
    else
      fail "packages are missing and you are not root; have this run, then start again:
  apt-get install --no-install-recommends ${missing[*]}"
    fi
  fi
  say "installing ${#missing[@]} packages: ${missing[*]}"
  "${as_root[@]}" apt-get -q update
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${missing[@]}" ||
    fail "apt-get could not install the packages; its own message is above."
}

find_pip() {
  for python in python3 /usr/bin/python3; do
    if "$python" -m pip --version >/dev/null 2>&1; then return; fi
  done
  fail "no Python 3 with pip was found (it fetches LibTorch): install python3-pip and start again."
}

# A stamp holds the wheel's checksum and the libraries and data files it brought: one that was deleted is fetched again.
is_installed() {
  local stamp=$1 checksum=$2 found file
  [[ -f $stamp ]] || return 1
  {
    read -r found
    [[ $found == "$checksum" ]] || return 1
    while read -r file; do
      [[ -s $venv/$file ]] || return 1
    done
  } <"$stamp"
}

# Moves an unpacked wheel into place. A folder of one wheel is replaced whole; nvidia/ is shared, so its files are linked in.
put_in_place() {
  local unpacked=$1 entry
  for entry in "$unpacked"/*; do
    if [[ $(basename "$entry") == nvidia ]]; then
      mkdir -p "$venv/nvidia"
      cp -rlf --remove-destination "$entry/." "$venv/nvidia/"
    else
      rm -rf "${venv:?}/$(basename "$entry")"
      mv "$entry" "$venv/"
    fi
  done
}

# The stamp is written last: whatever a kill leaves behind is done again by the next run.
install_wheel() {
  local name version checksum bytes members wheel found
  IFS='|' read -r name version checksum bytes members <<<"$1"
  local stamp="$stamps/$name-$version"
  if is_installed "$stamp" "$checksum"; then return; fi
  if [[ -z ${python:-} ]]; then find_pip; fi
  command -v unzip >/dev/null || fail "unzip was not found: install it and start again."
  say "fetching $name $version ($(((bytes + 999999) / 1000000)) MB)"
  rm -rf "$work" && mkdir -p "$work/wheel" "$work/unpacked"
  PIP_REQUIRE_VIRTUALENV=0 "$python" -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.11 \
    "${platforms[@]}" --dest "$work/wheel" "$name==$version" ||
    fail "$name $version could not be downloaded; pip's own message is above (network, proxy, index, disk space)."
  wheel=$(echo "$work"/wheel/*.whl)
  found=$(sha256sum "$wheel" | cut -d' ' -f1)
  if [[ $found != "$checksum" ]]; then
    rm -rf "$work"
    fail "$(basename "$wheel") has SHA-256 $found, but $checksum is expected; it was deleted and nothing was installed from it. Clear pip's cache (pip cache purge) or check the package index and try again."
  fi
  # shellcheck disable=SC2086 # the members are patterns for unzip
  (set -f && unzip -q -o "$wheel" $members -d "$work/unpacked") ||
    fail "$(basename "$wheel") could not be unpacked into $venv; is the disk full?"
  rm -f "$wheel"
  rm -f "$stamps/$name-"[0-9]*
  (echo "$checksum" && cd "$work/unpacked" && find . -name '*.so*' -o -name '*.gz' -o -name '*.h') >"$work/stamp"
  put_in_place "$work/unpacked"
  mv "$work/stamp" "$stamp"
  rm -rf "$work"
}

if [[ $with_packages == yes ]]; then install_packages; fi
[[ $(uname -m) == x86_64 ]] ||
  fail "LibTorch is fetched for x86-64 Linux only; on $(uname -m) give the folder of your own LibTorch >= 2.11 to CMake with -DTVR_LIBTORCH=DIR."

venv="$root/.venv" stamps="$root/.venv/.tvr" work="$root/.venv/.unpacking"
mkdir -p "$stamps"
exec 9>"$stamps/lock"
flock -n 9 || { say "waiting for another set-up of this folder" && flock 9; }
trap 'rm -rf "$work"' EXIT
wheels=("${cpu_wheels[@]}")
if [[ $with_cuda == yes ]]; then wheels+=("${cuda_wheels[@]}"); fi
for wheel in "${wheels[@]}"; do install_wheel "$wheel"; done
say "ready: LibTorch 2.11.0 in .venv/torch"
