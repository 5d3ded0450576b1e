#!/usr/bin/env bash
# The shared library: what it needs and exports, its headers in C and C++, programs on it as installed and as built.
# usage: library.sh BUILD
set -u
source "$(dirname "$0")/../support/cli.sh" "$1"
build=$1 library=$1/libsemanticmac.so
readelf -d "$library" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' >"$t/needed"
for name in cairo espeak curl fyaml hdf5; do check "it does not need $name" sh -c "! grep -q '$name' '$t/needed'"; done
for name in avformat avcodec dnnl jansson utf8proc sentencepiece; do check "it needs $name" grep -q "lib$name" "$t/needed"; done
nm -D --defined-only "$library" | awk '{print $3}' | sed 's/@.*//' >"$t/exported"
check "it exports smac_ names alone" sh -c "! grep -v '^smac_' '$t/exported'"
sed -n 's/.*SMAC_API.*[ *]\(smac_[a-z_0-9]*\)(.*/\1/p' "$root"/include/semanticmac/*.h | sort -u >"$t/declared"
check "and all that its headers declare" sh -c "sort -u '$t/exported' | comm -13 - '$t/declared' | grep . && exit 1 || true"
check "and nothing that they do not" sh -c "sort -u '$t/exported' | comm -23 - '$t/declared' | grep . && exit 1 || true"

for header in "$root"/include/semanticmac/*.h; do
  name=$(basename "$header")
  echo "#include \"semanticmac/$name\"" | tee "$t/alone.c" >"$t/alone.cc"
  check "$name alone in C" cc -std=c99 -pedantic -Wall -Wextra -Werror -I"$root/include" -fsyntax-only "$t/alone.c"
  check "$name alone in C++" c++ -std=c++11 -Wall -Wextra -Werror -I"$root/include" -fsyntax-only "$t/alone.cc"
done

"$smac" synth "$t/data" --clips 16 --size 64 --fps 6 --seed 3 >"$t/log" 2>&1 &&
  "$smac" train --data "$t/data" --dataset sims --seed 5 $tiny --set train.epochs=1 --out "$t/run" >>"$t/log" 2>&1 || { echo "not ok a model"; tail -3 "$t/log"; exit 1; }
model=$t/run/best.safetensors video=$golden/media/plain.mp4
check "a recording in memory" sh -c "'$build/apps/example/memory_example' '$model' '$video' >'$t/memory'"
check "its summary" grep -q "^sentiment " "$t/memory"
head -c $((32 * 32 * 3 * 80)) /dev/urandom >"$t/pictures"; head -c $((2 * 16000 * 8)) /dev/urandom >"$t/sound"
check "live input" sh -c "'$build/apps/example/live_example' '$model' 32 32 10 '$t/pictures' '$t/sound' >'$t/live'"
check "a segment a second, and the whole" test "$(grep -c 'voice  face' "$t/live")" = 6

check "it is installed" cmake --install "$build" --prefix "$t/installed"
sanitize=$(sed -n 's/^SMAC_SANITIZE:STRING=\(..*\)/-fsanitize=\1/p' "$build/CMakeCache.txt") # its runtime must come first
flags=$(PKG_CONFIG_PATH=$(echo "$t"/installed/lib*/pkgconfig "$t"/installed/lib/*/pkgconfig | tr ' ' ':') pkg-config --cflags --libs semanticmac)
where=$(dirname "$(find "$t/installed" -name libsemanticmac.so)")
for example in "$root"/apps/example/*.c; do
  name=$(basename "$example" .c)
  check "$name is built by pkg-config" cc -std=c11 -Wall -Wextra -Werror $sanitize "$example" -o "$t/$name" $flags -lm
done
check "and runs on the installed library" sh -c "LD_LIBRARY_PATH='$where' '$t/example' '$model' '$video' >'$t/found'"
check "a line a segment" test "$(grep -c voice "$t/found")" -ge 1
exit 0
