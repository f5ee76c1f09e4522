#include "runtime/link_change_linux.hpp"

namespace ppn::runtime {

store::Status change_link(Links& links, const std::string& name,
                          const events::DeviceChange& change) {
  // The addresses of one range live and die with the first of them.
  for (const auto& address : change.remove_addresses)
    if (auto done = links.remove_address(name, address); !done) return done;
  for (const auto& address : change.add_addresses)
    if (auto done = links.add_address(name, address); !done) return done;
  if (change.set_up)
    if (auto done = links.set_up(name); !done) return done;
  if (change.forward) return links.set_forwarded(name, *change.forward);
  // The system's default for a new interface may be to forward all.
  return change.create ? links.set_forwarded(name, {}) : store::Status{};
}

}  // namespace ppn::runtime
