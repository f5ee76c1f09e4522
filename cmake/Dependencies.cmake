# Every library comes from the distribution; tools/setup installs them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(fmt REQUIRED)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(crypto REQUIRED IMPORTED_TARGET libcrypto)
find_package(Boost 1.74 REQUIRED)
find_program(FLATC flatc REQUIRED)
find_library(LMDB_LIBRARY lmdb REQUIRED)
# Its little code for reflection is linked in, rather than a library installed.
find_library(FLATBUFFERS_LIBRARY NAMES libflatbuffers.a flatbuffers REQUIRED)

find_library(CAF_LIBRARY caf_core REQUIRED)

# So is what is used of libnl, a small part of it.
pkg_check_modules(nl REQUIRED libnl-3.0 libnl-genl-3.0 libnl-route-3.0)
add_library(nl INTERFACE)
foreach(library nl-route-3 nl-genl-3 nl-3)
  find_library(NL_${library} NAMES lib${library}.a ${library} REQUIRED)
  target_link_libraries(nl INTERFACE ${NL_${library}})
endforeach()
target_include_directories(nl SYSTEM INTERFACE ${nl_INCLUDE_DIRS})

add_library(lmdb INTERFACE)
target_link_libraries(lmdb INTERFACE ${LMDB_LIBRARY})

add_library(caf INTERFACE)
target_link_libraries(caf INTERFACE ${CAF_LIBRARY} Threads::Threads)

# Asio and Beast; nothing of theirs is linked.
add_library(boost_headers INTERFACE)
target_include_directories(boost_headers SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})
target_link_libraries(boost_headers INTERFACE Threads::Threads)
