#include "tools/ppnctl/own_process.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace ppn::ctl {

void hide_memory() {
  constexpr rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0);
}

}  // namespace ppn::ctl
