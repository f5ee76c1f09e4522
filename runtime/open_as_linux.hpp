// What is done with the rights of another user: a file that somebody asked for
// is opened, a program runs. Between fork and what follows it a child calls
// nothing but the system, since other threads of this program may hold any
// lock.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "store/files.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

struct UserRights {
  uid_t uid = 0;
  gid_t gid = 0;
  /// All that the user is in, but for that one.
  std::vector<gid_t> groups = {};
};

/// Opens a regular file for reading as that user, with all groups that the
/// system's databases know of, could. bad_input if the path is not absolute or
/// leads to something else, not_found, permission (also if this program may not
/// act as others), io.
store::Result<store::FileHandle> open_as(uid_t uid, gid_t gid,
                                         const std::filesystem::path& path);

struct ProgramRun {
  std::filesystem::path program;
  std::vector<std::string> arguments = {};
  /// An open directory, where it starts; -1: in the root directory.
  int folder = -1;
  /// At its end the program is killed.
  std::chrono::milliseconds patience{};
};

/// Runs a program to its end, which should be an exit with 0. It has nothing of
/// this process: no files, no variables, and it dies with the calling thread.
/// The error holds what it wrote. permission if this program may not act as
/// that user, io.
store::Status run_as(const UserRights& rights, const ProgramRun& run);

}  // namespace ppn::runtime
