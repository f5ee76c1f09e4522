// What ended a process that read a database: LMDB believes what a page says,
// and crashes on some that are damaged.
#pragma once

#include <string>

namespace ppn::store {

/// Whether a signal tells of a reader that ran into something damaged, and not
/// of someone who ended it.
bool is_crash(int signal);

/// What a signal that ended a reader tells about the file it read.
std::string describe_crash(int signal);

}  // namespace ppn::store
