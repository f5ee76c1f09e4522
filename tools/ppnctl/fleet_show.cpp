// ppnctl fleet nodes and guests: the hosts of guests and what runs on them, as
// the controller knows them.
#include <algorithm>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/fleet_commands.hpp"
#include "tools/ppnctl/fleet_text.hpp"
#include "tools/ppnctl/screen.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

bool has_silent_host(const Fleet& fleet) {
  return std::any_of(
      fleet.hosts.begin(), fleet.hosts.end(),
      [](const FleetHost& host) { return host.node.standing == "silent"; });
}

bool has_ailing_guest(const Fleet& fleet) {
  return std::any_of(fleet.guests.begin(), fleet.guests.end(),
                     [](const FleetGuest& guest) {
                       return guest.outcome == "crashed" || !guest.responds ||
                              guest.standing == "silent";
                     });
}

int show_fleet(const Global& global, std::string (*text_of)(const Fleet&),
               bool (*is_degraded)(const Fleet&)) {
  return show(global, [&]() -> Result<Frame> {
    auto document = Client{global.socket}.get("/v1/fleet");
    if (!document) return document.error();
    auto fleet = read_fleet(*document);
    if (!fleet) return fleet.error();
    return Frame{global.json ? json_line(*document) + '\n' : text_of(*fleet),
                 is_degraded(*fleet) ? exit_degraded : exit_ok};
  });
}

}  // namespace

int fleet_nodes(const Global& global) {
  return show_fleet(global, fleet_nodes_text, has_silent_host);
}

int fleet_guests(const Global& global) {
  return show_fleet(global, fleet_guests_text, has_ailing_guest);
}

}  // namespace ppn::ctl
