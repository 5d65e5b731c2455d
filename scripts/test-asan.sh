#!/usr/bin/env bash
# Memory and thread safety: the addon's C++ and compiled routines under the compiler's sanitizers, driven from C++.
# Routines are those of test/fixtures and of scripts/generated-routines.mjs, and those of the folders given:
#   scripts/test-asan.sh [FOLDER ...]   FOLDER/*.cc, compiled with the flags in FOLDER/flags if there
# Prints a line per part, and "N passed, N failed" last.
set -uo pipefail
cd "$(dirname "$0")/.."
node scripts/built.mjs || exit
compiler=${CXX:-g++}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_init_order=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS=halt_on_error=1
passed=0
failed=0

part() { # part NAME COMMAND...: one line, and the output if it fails
  local name=$1
  shift
  if "$@" >"$work/log" 2>&1; then
    passed=$((passed + 1))
    echo "passed: $name"
  else
    failed=$((failed + 1))
    echo "FAILED: $name"
    head -n 40 "$work/log"
  fi
}

routine() { # routine SANITIZERS OUTPUT SOURCE FLAGS...
  "$compiler" -fsanitize="$1" -fno-sanitize-recover=all -g -shared -fPIC -Inative "${@:4}" "$3" -o "$2"
}

routines() { # routines SANITIZERS FOLDER: builds all of them, the project's own and those of the given folders
  local name folder source
  mkdir -p "$2"
  for name in sum hoisted block; do routine "$1" "$2/$name.so" "test/fixtures/$name.cc" -O1 || return; done
  routine "$1" "$2/sum64.so" test/fixtures/sum.cc -O1 -DREAL=double || return
  for folder in "${folders[@]}"; do
    cp "$folder"/*.tiles "$2" 2>/dev/null
    local flags=(-std=c++17 -O1)
    if [ -f "$folder/flags" ]; then read -r -d '' -a flags <"$folder/flags"; fi
    for source in "$folder"/*.cc; do
      routine "$1" "$2/$(basename "$folder")-$(basename "$source" .cc).so" "$source" "${flags[@]}" || return
    done
  done
}

tiles() { # tiles SANITIZERS FOLDER: the kernels of the tile evaluator that this machine uses; of the others, what the build has made
  local isa flags dtype
  isa=$(node -p 'require("./dist/engine/native.js").nativeAddon().isa()') || return
  mkdir -p "$2"
  cp build/CMakeFiles/tskeops.dir/native/generated/*.o "$2" || return
  read -r -a flags <<<"$(node -p 'require("./dist/engine/isa.js").instructionSetOf(process.argv[1]).flags.join(" ")' "$isa")"
  for dtype in float32 float64; do
    "$compiler" -std=c++20 -O1 -g -fwrapv -Wno-psabi -fPIC -fsanitize="$1" -fno-sanitize-recover=all -Inative "${flags[@]}" \
      -c "native/generated/$isa-$dtype.cc" -o "$2/$isa-$dtype.cc.o" || return
  done
}

driver() { # driver SANITIZERS NAME: test/native/NAME.cc with all of the addon that knows no JavaScript
  "$compiler" -std=c++20 -O1 -g -Wall -Wextra -fno-omit-frame-pointer -fsanitize="$1" -fno-sanitize-recover=all -Inative \
    "test/native/$2.cc" native/run/*.cc "$work/$2-tiles"/*.o \
    -pthread -ldl -o "$work/$2"
}

suite() { # suite SANITIZERS NAME
  part "$2: routines build with $1" routines "$1" "$work/$2-routines"
  part "$2: tile kernels build with $1" tiles "$1" "$work/$2-tiles"
  part "$2: the driver builds with $1" driver "$1" "$2"
  for file in "$work/$2-routines"/*; do part "$2: $(basename "$file")" "$work/$2" "$file"; done
  part "$2: all routines in one process" "$work/$2" "$work/$2-routines"/*
}

addon() { # the addon itself, in node
  "$compiler" -std=c++20 -O1 -g -fPIC -shared -fsanitize=address,undefined -fno-sanitize=vptr -DNAPI_VERSION=8 -DNAPI_CPP_EXCEPTIONS \
    -isystem node_modules/node-api-headers/include -isystem node_modules/node-addon-api -Inative native/*/*.cc "$work/memory-tiles"/*.o \
    -pthread -ldl -o "$work/tskeops.node" &&
    routine address,undefined "$work/slow.so" test/fixtures/slow.cc -O1
}

in_node() { # in_node TASK EXPECTED_OUTPUT EXPECTED_CODE: of test/fixtures/addon-process.cjs
  local given output code
  given="{\"task\":\"$1\",\"addon\":\"$work/tskeops.node\",\"sum\":\"$work/memory-routines/sum.so\",\"slow\":\"$work/slow.so\"}"
  # Node keeps much until it exits: leaks are looked for without it.
  output=$(ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD="$("$compiler" -print-file-name=libasan.so) $("$compiler" -print-file-name=libubsan.so)" \
    node test/fixtures/addon-process.cjs "$given" 2>"$work/errors")
  code=$?
  echo "$output, exit code $code"
  cat "$work/errors"
  [ "$output" = "$2" ] && [ "$code" -eq "$3" ] && [ ! -s "$work/errors" ]
}

folders=("$work/generated" "$@")
part "routines are generated" node scripts/generated-routines.mjs "$work/generated"
suite address,undefined memory
part "addon: builds with address,undefined" addon
part "addon: results in node" in_node sums right 0
part "addon: a worker that alone loads it" in_node onlyWorkerLoads "still loaded" 0
part "addon: exit during a call in the background" in_node exitDuringBackgroundCall "" 7
part "addon: exit during a worker's call" in_node exitDuringCallOfWorker "" 8
suite thread threads
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
