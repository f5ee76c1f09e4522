#include "tools/ppnctl/fleet_find.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/vm_find.hpp"

namespace ppn::ctl {

namespace {

constexpr std::size_t digits_min = 4;
constexpr const char* guests_there_are =
    "those that there are: ppnctl fleet "
    "guests";
constexpr const char* requests_there_are =
    "those that there are: ppnctl fleet requests";

Result<Status> get_status(const Global& global) {
  auto document = Client{global.socket}.get("/v1/status");
  if (!document) return document.error();
  return read_status(*document);
}

/// The name of the host that is meant; nothing if there is none.
std::optional<std::string> host_name(const Fleet& fleet,
                                     const std::string& node) {
  for (const auto& host : fleet.hosts)
    if (host.node.name == node || host.node.id == node) return host.node.name;
  return std::nullopt;
}

/// Two have one name if it was not heard yet that one of them is gone.
std::vector<FleetGuest> guests_meant(const Fleet& fleet,
                                     const std::string& host,
                                     const std::string& name) {
  std::vector<FleetGuest> named;
  std::vector<FleetGuest> of_id;
  for (const auto& guest : fleet.guests) {
    if (guest.node_name != host) continue;
    if (guest.name == name) named.push_back(guest);
    if (name.size() >= digits_min && guest.id.starts_with(name))
      of_id.push_back(guest);
  }
  return named.empty() ? of_id : named;
}

}  // namespace

Result<GuestPlace> GuestPlaces::find(std::string_view written) {
  auto slash = written.find('/');
  if (slash == std::string_view::npos)
    return GuestPlace{std::nullopt, std::string{written}};
  std::string node{written.substr(0, slash)};
  std::string name{written.substr(slash + 1)};
  if (node.empty() || name.empty() || name.find('/') != std::string::npos)
    return Failure{exit_usage, fmt::format("'{}' is no guest", written),
                   "one of this host is NAME, one of another NODE/NAME"};
  if (!self_) {
    auto status = get_status(global_);
    if (!status) return status.error();
    self_ = std::move(*status);
  }
  if (node == self_->node_name || node == self_->node_id)
    return GuestPlace{std::nullopt, name};
  return GuestPlace{node, name};
}

Result<Fleet> get_fleet(const Global& global) {
  auto document = Client{global.socket}.get("/v1/fleet");
  if (!document) return document.error();
  return read_fleet(*document);
}

Result<FleetGuest> find_guest(const Fleet& fleet, const std::string& node,
                              const std::string& name) {
  auto host = host_name(fleet, node);
  if (!host)
    return Failure{exit_failed, fmt::format("no member is called {}", node),
                   "those that there are: ppnctl fleet nodes"};
  auto found = guests_meant(fleet, *host, name);
  if (found.empty())
    return Failure{exit_failed,
                   fmt::format("{} has no guest {}, as far as this node knows",
                               *host, name),
                   guests_there_are};
  if (found.size() > 1)
    return Failure{exit_usage,
                   fmt::format("{} has {} guests that are called {}, or begin "
                               "so: say more of the id",
                               *host, found.size(), name),
                   "ids are in: ppnctl fleet guests --json"};
  return found.front();
}

Result<AnyGuest> find_any_guest(const Global& global,
                                const std::string& written) {
  auto place = GuestPlaces{global}.find(written);
  if (!place) return place.error();
  if (!place->node) {
    auto vm = find_vm(global, place->name);
    if (!vm) return vm.error();
    return AnyGuest{vm->name, path_of(*vm, "")};
  }
  auto fleet = get_fleet(global);
  if (!fleet) return fleet.error();
  auto guest = find_guest(*fleet, *place->node, place->name);
  if (!guest) return guest.error();
  return AnyGuest{
      fmt::format("{}/{}", guest->node_name, guest->name),
      fmt::format("/v1/fleet/guests/{}/{}", guest->node_name, guest->id)};
}

Result<std::string> find_request(const std::vector<FleetRequest>& requests,
                                 std::string_view prefix) {
  std::vector<std::string> found;
  for (const auto& request : requests)
    if (request.id.starts_with(prefix)) found.push_back(request.id);
  if (found.empty())
    return Failure{exit_failed,
                   fmt::format("no request begins with {}", prefix),
                   requests_there_are};
  if (found.size() > 1)
    return Failure{exit_usage,
                   fmt::format("{} requests begin with {}: give more digits",
                               found.size(), prefix),
                   requests_there_are};
  return found.front();
}

Result<FleetRequestTold> get_request(const Global& global,
                                     const std::string& id) {
  auto document = Client{global.socket}.get("/v1/fleet/requests/" + id);
  if (!document) return document.error();
  return read_fleet_request(*document);
}

}  // namespace ppn::ctl
