option(PPN_WERROR "Warnings are errors" ON)
option(PPN_FUZZ "Of the tests, build the fuzz targets alone, as fuzzers" OFF)
set(PPN_SANITIZE "" CACHE STRING "Value of -fsanitize for everything built here")

find_program(CCACHE ccache)
if(CCACHE)
  # What one checkout compiled, another finds.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_ABSSTDERR=1 ${CCACHE})
endif()
# No program holds where it was built.
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion
  -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual -Wimplicit-fallthrough)
if(PPN_WERROR)
  add_compile_options(-Werror)
endif()
if(PPN_SANITIZE)
  add_compile_options(-fsanitize=${PPN_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all -D_GLIBCXX_ASSERTIONS)
  add_link_options(-fsanitize=${PPN_SANITIZE})
  # Among the checks that a sanitizer adds, GCC 12 sees overruns in the headers
  # of FlatBuffers and of its own library that are none, and reads of what an
  # empty std::optional does not hold.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-stringop-overread -Wno-stringop-overflow
      -Wno-array-bounds -Wno-maybe-uninitialized)
  endif()
  # Asio has a fence, which the thread sanitizer does not follow.
  if(PPN_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-tsan)
  endif()
else()
  add_compile_options(-fstack-protector-strong -D_FORTIFY_SOURCE=2)
endif()
# GCC tidies its memory up less often: a seventh of its time, for a third more
# memory.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(--param=ggc-min-expand=200
    --param=ggc-min-heapsize=1000000)
endif()
# What no program calls is left out of it.
add_compile_options(-ffunction-sections -fdata-sections)
add_link_options(-Wl,--as-needed -Wl,--gc-sections
  -Wl,-z,pack-relative-relocs)

# For folders whose code is large and runs seldom.
macro(ppn_prefer_small_code)
  add_compile_options($<$<CONFIG:Release>:-Os>)
endmacro()
include_directories(${CMAKE_SOURCE_DIR})

# For code that takes longer to compile than it ever runs.
macro(ppn_prefer_quick_build)
  add_compile_options("$<$<CONFIG:Release>:-O0;-g0;-U_FORTIFY_SOURCE>")
endmacro()
