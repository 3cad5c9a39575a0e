#!/usr/bin/env bash
# Installs the C++ client into a folder of its own, and builds and runs a program against it, by CMake and by pkg-config.
# The program of the tutorial is built too.
# install.sh BUILD_FOLDER COMPILER CONSUMER_FOLDER TUTORIAL
set -euo pipefail
build=$1 compiler=$2 consumer=$3 tutorial=$4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
prefix=$folder/installed

cmake --install "$build" --component sdk --prefix "$prefix" >/dev/null
cmake -S "$consumer" -B "$folder/by-cmake" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER="$compiler" >"$folder/log" ||
  { cat "$folder/log"; exit 1; }
cmake --build "$folder/by-cmake" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
"$folder/by-cmake/consumer"

PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name weir.pc)")
export PKG_CONFIG_PATH
read -ra flags <<<"$(pkg-config --cflags --libs weir)"
"$compiler" -std=c++20 "$consumer/main.cpp" -o "$folder/by-pkg-config" "${flags[@]}"
"$folder/by-pkg-config"

awk '/^```cpp$/ { inside = 1; next } /^```$/ { if (inside) exit } inside' "$tutorial" >"$folder/tutorial.cpp"
grep -q 'int main' "$folder/tutorial.cpp"
"$compiler" -std=c++20 -Wall -Wextra -Werror "$folder/tutorial.cpp" -o "$folder/tutorial" "${flags[@]}"
