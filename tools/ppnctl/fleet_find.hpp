// Guests and requests of the fleet as operators name them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/documents.hpp"
#include "tools/ppnctl/fleet_documents.hpp"
#include "tools/ppnctl/fleet_request_documents.hpp"

namespace ppn::ctl {

/// A guest as it is written: NAME of this host, or NODE/NAME.
struct GuestPlace {
  /// Nothing: this host.
  std::optional<std::string> node;
  std::string name;
};

/// Looks up which names are of this host: what this node is called is asked for
/// once, and only if it has to be known.
class GuestPlaces {
 public:
  explicit GuestPlaces(const Global& global) : global_(global) {}

  Result<GuestPlace> find(std::string_view written);

 private:
  const Global& global_;
  std::optional<Status> self_;
};

Result<Fleet> get_fleet(const Global& global);

/// The one of that name on that node, or whose id begins so.
Result<FleetGuest> find_guest(const Fleet& fleet, const std::string& node,
                              const std::string& name);

/// A guest of any host.
struct AnyGuest {
  /// As operators write it.
  std::string name;
  /// Where the control API has what it says, and its console.
  std::string path;
};

/// The one of this host, or of another, that is written so.
Result<AnyGuest> find_any_guest(const Global& global,
                                const std::string& written);

/// The id of the one request that begins so.
Result<std::string> find_request(const std::vector<FleetRequest>& requests,
                                 std::string_view prefix);

/// A request with how it came to be.
Result<FleetRequestTold> get_request(const Global& global,
                                     const std::string& id);

}  // namespace ppn::ctl
