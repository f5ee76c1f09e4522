// ppnctl fleet place and fit: who would get a guest, and how many such guests
// there is room for. Nothing is changed.
#include "tools/ppnctl/fleet_place.hpp"

#include <fmt/format.h>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/fleet_text.hpp"
#include "tools/ppnctl/text.hpp"
#include "tools/ppnctl/vm_written.hpp"

namespace ppn::ctl {

namespace {

using schema::Json;

struct Answered {
  Json document;
  FleetPlacement placement;
};

Result<Answered> ask_placement(const Global& global,
                               const FleetGuestOptions& options) {
  auto wish = placement_wish(options);
  if (!wish) return wish.error();
  auto document = Client{global.socket}.post("/v1/fleet/placement", *wish);
  if (!document) return document.error();
  auto placement = read_placement(*document);
  if (!placement) return placement.error();
  return Answered{std::move(*document), std::move(*placement)};
}

int print(const Global& global, const Answered& answered,
          std::string (*text_of)(const FleetPlacement&), int code) {
  fmt::print("{}", global.json ? json_line(answered.document) + '\n'
                               : text_of(answered.placement));
  return code;
}

}  // namespace

Result<Json> placement_wish(const FleetGuestOptions& options) {
  auto memory = read_megabytes(options.memory);
  if (!memory) return memory.error();
  Json wish{{"memory_mb", *memory}};
  if (options.vcpus) wish["vcpus"] = *options.vcpus;
  if (options.disk) {
    auto disk = read_megabytes(*options.disk);
    if (!disk) return disk.error();
    wish["disk_mb"] = *disk;
  }
  if (options.prefers_accelerator) wish["prefers_accelerator"] = true;
  if (options.node) wish["node"] = *options.node;
  if (!options.near.empty()) wish["near"] = options.near;
  if (!options.apart.empty()) wish["apart"] = options.apart;
  return wish;
}

int fleet_place(const Global& global, const FleetPlaceOptions& options) {
  if (!options.dry_run)
    return fail({exit_usage,
                 "no guest is made by this: to see who would get it, use "
                 "--dry-run",
                 "to have one made: ppnctl vm create NAME --fleet"});
  auto answered = ask_placement(global, options.guest);
  if (!answered) return fail(answered.error());
  return print(global, *answered, placement_text,
               answered->placement.chosen ? exit_ok : exit_refused);
}

int fleet_fit(const Global& global, const FleetGuestOptions& options) {
  auto answered = ask_placement(global, options);
  if (!answered) return fail(answered.error());
  return print(global, *answered, fit_text, exit_ok);
}

}  // namespace ppn::ctl
