// The benchmark runs in a process of its own, and another one looks after it:
// whatever ends the first, be it Ctrl-C or a crash, the second still stops what
// was started and removes what was written.
#pragma once

#include <functional>

namespace ppn::bench {

/// Does `work` in a child and returns its exit status, 128 and the signal's
/// number if a signal ended it. On return no process that the child started,
/// each tied to its parent's life, is left.
int supervise(const std::function<int()>& work);

/// Of what waitpid() said; 128 and the signal's number if a signal ended it.
int exit_status_of(int wait_status);

/// Called in a new child: a parent's death is its death too.
void die_with(int parent_pid);

}  // namespace ppn::bench
