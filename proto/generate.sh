#!/bin/sh
# Generates the Python code of the wire format, with pinned tools in an environment of their own: grpcio-tools 1.76.0
# makes code that runs with every grpcio from 1.76 and every protobuf from 6.31.1 on. The result is committed.
# Usage: proto/generate.sh [OUTPUT_FOLDER]
set -eu
cd "$(dirname "$0")"
out=${1:-.}
venv=${RELEASED_GENERATOR_VENV:-../.venv-generator}
if [ ! -x "$venv/bin/protoc-gen-mypy" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet grpcio-tools==1.76.0 mypy-protobuf==5.1.0 setuptools==80.9.0
fi
PATH="$venv/bin:$PATH" "$venv/bin/python" -m grpc_tools.protoc --proto_path=. \
    --python_out="$out" --grpc_python_out="$out" --mypy_out="$out" --mypy_grpc_out="$out" \
    releasepb/v1/releases.proto releasepb/v1/history.proto
