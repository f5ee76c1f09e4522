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

add_library(lmdb INTERFACE)
target_link_libraries(lmdb INTERFACE ${LMDB_LIBRARY})

add_library(caf INTERFACE)
target_link_libraries(caf INTERFACE ${CAF_LIBRARY} Threads::Threads)

# Asio and Beast; nothing of theirs is linked.
add_library(boost_headers INTERFACE)
target_include_directories(boost_headers SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})
target_link_libraries(boost_headers INTERFACE Threads::Threads)
