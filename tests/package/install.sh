#!/usr/bin/env bash
# Installs the client into a folder of its own, and builds and runs a program in C++ and one in C against it, by CMake and
# by pkg-config. install.sh BUILD_FOLDER C++_COMPILER C_COMPILER
set -euo pipefail
build=$1 cxx=$2 cc=$3
here=$(dirname "$(realpath "$0")")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
prefix=$folder/installed

cmake --install "$build" --component sdk --prefix "$prefix" >/dev/null
for consumer in consumer consumer-c; do
  cmake -G Ninja -S "$here/$consumer" -B "$folder/$consumer" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER="$cxx" \
    -DCMAKE_C_COMPILER="$cc" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
  cmake --build "$folder/$consumer" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
  "$folder/$consumer/consumer"
done

PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name weir.pc)")
export PKG_CONFIG_PATH
read -ra flags <<<"$(pkg-config --cflags --libs weir)"
"$cxx" -std=c++20 "$here/consumer/main.cpp" -o "$folder/by-pkg-config" "${flags[@]}"
"$folder/by-pkg-config"
read -ra flags <<<"$(pkg-config --cflags --libs weir-c)"
"$cc" -std=c99 -Wall -Wextra -pedantic -Werror "$here/consumer-c/main.c" -o "$folder/by-pkg-config" "${flags[@]}"
LD_LIBRARY_PATH=$(dirname "$(find "$prefix" -name libweir.so)") "$folder/by-pkg-config"
