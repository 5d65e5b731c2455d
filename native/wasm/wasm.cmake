# The addon's C++ as build-wasm/tskeops.wasm, by emscripten: one module with SIMD, threads and WebAssembly's own exceptions.
# It is linked without emscripten's JavaScript, in the place of which src/device/wasm.ts stands: the file is one for Node
# and for browsers. What is shipped to all machines is to be small: code outside the kernels is compiled for size.
set(CMAKE_CXX_FLAGS_RELEASE "-Os -DNDEBUG")

file(GLOB SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/native/node/*.cc ${CMAKE_SOURCE_DIR}/native/run/*.cc
     ${CMAKE_SOURCE_DIR}/native/linalg/*.cc ${CMAKE_SOURCE_DIR}/native/wasm/*.cc
     ${CMAKE_SOURCE_DIR}/native/posix/threads.cc)
# Signals, GPUs and libraries are not to be had, and ml-matrix serves for LU factors: native/wasm/absent.cc answers.
list(FILTER SOURCES EXCLUDE REGEX "/(devices|deviceroutines|ranks|columnspan|mpi|lapack|lu)\\.cc$")
file(GLOB BRIDGE CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/native/node/*.cc)
file(GLOB KERNELS CONFIGURE_DEPENDS ${CMAKE_BINARY_DIR}/generated/*.cc)

add_library(${PROJECT_NAME} OBJECT ${SOURCES} ${KERNELS})
target_compile_options(${PROJECT_NAME} PRIVATE -msimd128 -pthread -Wall -Wextra -Wno-unused-parameter -Wno-unused-private-field)
# For size emscripten has nothing inlined before wasm-opt, which does not know it for what it is: every step of an iterator
# would be calls. What is inlined is what is no longer than its call.
set_source_files_properties(
  ${SOURCES} PROPERTIES COMPILE_OPTIONS
                        "-fwasm-exceptions;-finline-functions;-mllvm;-inline-threshold=5;-ffp-contract=off")
# What runs once for a call is made as small as can be.
set_property(
  SOURCE ${BRIDGE}
  APPEND
  PROPERTY COMPILE_OPTIONS "-Oz")
# Vectors stand in the text of kernels: nothing is left for compilers to make vectors of.
set_source_files_properties(
  ${KERNELS} PROPERTIES COMPILE_OPTIONS
                        "-O2;-fno-exceptions;-fno-vectorize;-fno-slp-vectorize;-fno-unroll-loops;${KERNEL_FLAGS}")
target_compile_definitions(${PROJECT_NAME} PRIVATE NAPI_VERSION=8 NAPI_CPP_EXCEPTIONS)
target_include_directories(${PROJECT_NAME} SYSTEM PRIVATE ${NODE_API_INCLUDES})
target_include_directories(${PROJECT_NAME} PRIVATE ${CMAKE_BINARY_DIR} ${CMAKE_SOURCE_DIR}/native)

find_program(WASM_LD NAMES wasm-ld wasm-ld-14 REQUIRED)
find_program(WASM_OPT NAMES wasm-opt REQUIRED)
execute_process(COMMAND em-config CACHE OUTPUT_VARIABLE CACHE OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
# Of the libraries of emscripten those for threads and, where code throws, WebAssembly's exceptions.
set(LIBRARIES ${CACHE}/sysroot/lib/wasm32-emscripten)
set(EXPORTS malloc free stackRestore napi_register_wasm_v1 __wasm_call_ctors emscripten_tls_init _emscripten_thread_init
            _emscripten_thread_exit _emscripten_thread_free_data)
list(TRANSFORM EXPORTS PREPEND --export=)
# Sizes of memory are those of src/device/wasm.ts.
add_custom_command(
  OUTPUT tskeops.wasm
  COMMAND
    ${WASM_LD} -o linked.wasm $<TARGET_OBJECTS:${PROJECT_NAME}> ${LIBRARIES}/crtbegin.o -L${LIBRARIES} -lc-mt -ldlmalloc-mt
    -lcompiler_rt-mt -lc++-mt-except -lc++abi-mt-except -lunwind-mt-except -mllvm -wasm-enable-eh -mllvm
    -exception-model=wasm --no-entry --import-undefined --import-memory --shared-memory --initial-memory=16777216
    --max-memory=4294967296 -z stack-size=1048576 --global-base=1024 --export-table --strip-debug ${EXPORTS}
  COMMAND
    ${WASM_OPT} -O3 --enable-simd --enable-threads --enable-exception-handling --enable-bulk-memory
    --enable-mutable-globals --enable-sign-ext --enable-nontrapping-float-to-int linked.wasm -o tskeops.wasm
  DEPENDS ${PROJECT_NAME} $<TARGET_OBJECTS:${PROJECT_NAME}>
  COMMAND_EXPAND_LISTS VERBATIM)
add_custom_target(module ALL DEPENDS tskeops.wasm)
