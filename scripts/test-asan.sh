#!/usr/bin/env bash
# Memory and thread safety: the addon's C++ and compiled routines under the compiler's sanitizers, driven from C++ and
# in node. Routines are those of test/fixtures and of scripts/generated-routines.mjs, and those of the folders given:
#   scripts/test-asan.sh [FOLDER ...]   FOLDER/*.cc, compiled with the flags in FOLDER/flags if there
# Prints a line per part, and "N passed, N failed" last. TSKEOPS_TESTS=full takes the kernels of both dtypes, and every
# routine for threads too; else those of float64, as both dtypes share their text, and routines of each way to share rows.
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

is_full() { [ "${TSKEOPS_TESTS:-}" = full ]; }

# Of how calls share rows: many rows, few, each pair once, values, the K best.
SHARED_ROWS=" gaussian64 few64 once64 values nearest "

is_sampled() { # is_sampled SANITIZERS SOURCE: whether a routine is among those of this run
  [ "$1" != thread ] || is_full || [[ $2 != "$work/generated/"* ]] || [[ $SHARED_ROWS == *" $(basename "$2" .cc) "* ]]
}

routines() { # routines SANITIZERS FOLDER: builds them, the project's own and those of the given folders
  local name folder source
  mkdir -p "$2"
  for name in sum hoisted block; do routine "$1" "$2/$name.so" "test/fixtures/$name.cc" -O1 || return; done
  routine "$1" "$2/sum64.so" test/fixtures/sum.cc -O1 -DREAL=double || return
  for folder in "${folders[@]}"; do
    cp "$folder"/*.tiles "$2" 2>/dev/null
    local flags=(-std=c++17 -O1)
    if [ -f "$folder/flags" ]; then read -r -d '' -a flags <"$folder/flags"; fi
    for source in "$folder"/*.cc; do
      is_sampled "$1" "$source" || continue
      routine "$1" "$2/$(basename "$folder")-$(basename "$source" .cc).so" "$source" "${flags[@]}" || return
    done
  done
}

compile() { # compile SANITIZERS OUTPUT SOURCE FLAGS...: one file of the addon
  "$compiler" -std=c++20 -O1 -g -fPIC -Wall -Wextra -Wno-unused-parameter -fno-omit-frame-pointer -fsanitize="$1" -fno-sanitize-recover=all \
    -fno-sanitize=vptr -DNAPI_VERSION=8 -DNAPI_CPP_EXCEPTIONS -isystem node_modules/node-api-headers/include \
    -isystem node_modules/node-addon-api -Inative "${@:4}" -c "$3" -o "$2"
}

library() { # library SANITIZERS FOLDER: all objects of the addon, those in FOLDER/node with JavaScript
  local part source
  export compiler
  export -f compile
  mkdir -p "$2/plain" "$2/node"
  for source in native/{run,linalg,cuda,node,posix}/*.cc; do
    part=plain
    case $source in native/node/* | native/cuda/*) part=node ;; esac
    printf '%s\0%s\0' "$2/$part/$(basename "$source").o" "$source"
  done | xargs -0 -n 2 -P "$(nproc)" bash -c 'compile "$0" "$1" "$2"' "$1"
}

kernels() { # kernels SANITIZERS FOLDER: those that this machine uses, or a sample; of the others, what the build has made
  local isa flags kind started=() job
  isa=$(node -p 'require("./dist/device/native.js").nativeAddon().isa()') || return
  mkdir -p "$2"
  cp build/CMakeFiles/tskeops.dir/native/generated/*.o "$2" || return
  read -r -a flags <<<"$(node -p 'require("./dist/codegen/isa.js").instructionSetOf(process.argv[1]).flags.join(" ")' "$isa")"
  local kinds=(float64 linalg)
  if is_full; then kinds+=(float32); fi
  for kind in "${kinds[@]}"; do
    compile "$1" "$2/$isa-$kind.cc.o" "native/generated/$isa-$kind.cc" -fwrapv -Wno-psabi "${flags[@]}" &
    started+=($!)
  done
  for job in "${started[@]}"; do wait "$job" || return; done
}

driver() { # driver SANITIZERS FOLDER NAME: test/native/NAME.cc with all of the addon that knows no JavaScript
  "$compiler" -std=c++20 -O1 -g -Wall -Wextra -fno-omit-frame-pointer -fsanitize="$1" -fno-sanitize-recover=all -Inative \
    "test/native/$3.cc" "$2"/{plain,kernels}/*.o -pthread -ldl -o "$2/$3"
}

addon() { # addon SANITIZERS FOLDER: the addon itself, and what it loads in node
  "$compiler" -shared -fsanitize="$1" "$2"/{plain,node,kernels}/*.o -pthread -ldl -o "$2/tskeops.node" &&
    routine "$1" "$2/slow.so" test/fixtures/slow.cc -O1
}

suite() { # suite SANITIZERS FOLDER NAME: the driver NAME with all routines, linalg, and the addon
  local file
  part "$3: routines build with $1" routines "$1" "$2/routines"
  part "$3: the addon compiles with $1" library "$1" "$2"
  part "$3: kernels compile with $1" kernels "$1" "$2/kernels"
  part "$3: the driver builds with $1" driver "$1" "$2" "$3"
  for file in "$2/routines"/*; do part "$3: $(basename "$file")" "$2/$3" "$file"; done
  part "$3: all routines in one process" "$2/$3" "$2/routines"/*
  part "$3: the driver of dense algebra builds with $1" driver "$1" "$2" linalg
  part "$3: dense algebra, several callers at once" "$2/linalg" threads
  part "addon: builds with $1" addon "$1" "$2"
}

in_node() { # in_node FOLDER LIBRARIES TASK OUTPUT CODE: a task of test/fixtures/addon-process.cjs under a sanitizer's libraries
  local given output code preload="" name
  given="{\"task\":\"$3\",\"addon\":\"$1/tskeops.node\",\"sum\":\"$1/routines/sum.so\",\"slow\":\"$1/slow.so\"}"
  for name in $2; do preload+=" $("$compiler" -print-file-name="$name")"; done
  # Node keeps much until it exits: leaks are looked for without it. What node does itself, unseen, is left out of races.
  for name in race mutex deadlock thread signal; do echo "$name:^$(readlink -f "$(command -v node)")\$"; done >"$work/suppressions"
  output=$(ASAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS=$TSAN_OPTIONS:suppressions=$work/suppressions LD_PRELOAD=${preload# } node test/fixtures/addon-process.cjs "$given" 2>"$work/errors" | paste -s -d ' ' -
    exit "${PIPESTATUS[0]}")
  code=$?
  echo "$output, exit code $code"
  cat "$work/errors"
  [ "$output" = "$4" ] && [ "$code" -eq "$5" ] && [ ! -s "$work/errors" ]
}

tasks() { # tasks NAME FOLDER LIBRARIES
  local stopped=ERR_KEOPS_INTERRUPTED
  part "$1 in node: sums" in_node "$2" "$3" sums right 0
  part "$1 in node: a system by Cholesky" in_node "$2" "$3" solves right 0
  part "$1 in node: a worker that alone loads it" in_node "$2" "$3" onlyWorkerLoads "still loaded" 0
  part "$1 in node: Ctrl-C during a reduction" in_node "$2" "$3" interrupted $stopped 0
  part "$1 in node: Ctrl-C during a factorisation" in_node "$2" "$3" interruptedFactorisation $stopped 0
  part "$1 in node: Ctrl-C during a function of JavaScript" in_node "$2" "$3" interruptedCallback counted 0
  part "$1 in node: a reduction in the background is cancelled" in_node "$2" "$3" cancelled $stopped 0
  part "$1 in node: a factorisation in the background is cancelled" in_node "$2" "$3" cancelledFactorisation $stopped 0
  part "$1 in node: calls that wait are cancelled" in_node "$2" "$3" cancelledInLine "$stopped $stopped $stopped $stopped $stopped $stopped" 0
  part "$1 in node: a worker ends during a factorisation" in_node "$2" "$3" terminatedDuringFactorisation terminated 0
  part "$1 in node: exit during a reduction in the background" in_node "$2" "$3" exitDuringBackgroundCall "" 7
  part "$1 in node: exit during a factorisation in the background" in_node "$2" "$3" exitDuringFactorisation "" 9
  part "$1 in node: exit during a worker's call" in_node "$2" "$3" exitDuringCallOfWorker "" 8
}

folders=("$work/generated" "$@")
part "routines are generated" node scripts/generated-routines.mjs "$work/generated"
suite address,undefined "$work/address" memory
part "memory: dense algebra at odd sizes" "$work/address/linalg" sizes
tasks ASan "$work/address" "libasan.so libubsan.so"
suite thread "$work/thread" threads
tasks TSan "$work/thread" libtsan.so
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
