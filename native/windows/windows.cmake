# The addon for Windows, by MinGW-w64 with POSIX threads: it brings all libraries along but those of Windows itself.
if(NOT MINGW)
  message(FATAL_ERROR "expected MinGW-w64, got ${CMAKE_CXX_COMPILER_ID}")
endif()

# Functions of Node-API, by what node_api.def lists of node.exe.
add_custom_command(OUTPUT libnode.a COMMAND ${CMAKE_DLLTOOL} -d ${NODE_API_DEFINITIONS} -D node.exe -l libnode.a VERBATIM)
add_custom_target(nodeapi DEPENDS libnode.a)
add_dependencies(${PROJECT_NAME} nodeapi)
target_link_libraries(${PROJECT_NAME} PRIVATE ${CMAKE_BINARY_DIR}/libnode.a)
target_link_options(${PROJECT_NAME} PRIVATE -static -s)

# Windows aligns stacks to 16 bytes, and GCC may take variables on them for aligned to the width of vectors (GCC bug
# 54412): wider moves must not ask for that. They cost the same where it holds. test/package/crossed.test.ts holds the
# build to it.
target_compile_options(${PROJECT_NAME} PRIVATE -Wa,-muse-unaligned-vector-move)
