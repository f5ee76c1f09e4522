#include "tools/ppnctl/vm_change.hpp"

#include <algorithm>

#include "tools/ppnctl/image_find.hpp"
#include "tools/ppnctl/vm_written.hpp"

namespace ppn::ctl {

namespace {

using schema::Json;
using Fault = std::optional<Failure>;

Fault add_size(Json& json, const char* field,
               const std::optional<std::string>& written) {
  if (!written) return std::nullopt;
  auto size = read_megabytes(*written);
  if (!size) return size.error();
  json[field] = *size;
  return std::nullopt;
}

Fault add_image(Json& json, const char* field,
                const std::optional<std::string>& written,
                const std::vector<Image>& images) {
  if (!written) return std::nullopt;
  auto image = find_image(images, *written);
  if (!image) return image.error();
  json[field] = image->digest;
  return std::nullopt;
}

Json forward_json(const WrittenForward& forward) {
  Json json{{"host_port", forward.host_port},
            {"guest_port", forward.guest_port},
            {"protocol", forward.is_udp ? "udp" : "tcp"}};
  if (forward.is_open) json["open"] = true;
  if (forward.is_in_mesh) json["mesh"] = true;
  return json;
}

Fault add_forwards(Json& spec, const VmSettings& settings) {
  if (settings.forwards.empty() && !settings.no_forwards) return std::nullopt;
  auto forwards = Json::array();
  for (const auto& written : settings.forwards) {
    auto forward = read_forward(written);
    if (!forward) return forward.error();
    forwards.push_back(forward_json(*forward));
  }
  spec["forwards"] = std::move(forwards);
  return std::nullopt;
}

Fault add_settings(Json& spec, const VmSettings& settings) {
  if (settings.vcpus) spec["vcpus"] = *settings.vcpus;
  if (auto fault = add_size(spec, "memory_mb", settings.memory)) return fault;
  if (auto fault = add_size(spec, "floor_mb", settings.floor)) return fault;
  if (settings.weight) spec["cpu_weight"] = *settings.weight;
  if (settings.restart) spec["restart"] = *settings.restart;
  if (settings.autostart || settings.no_autostart)
    spec["autostart"] = settings.autostart;
  return add_forwards(spec, settings);
}

Fault add_disk(Json& disks, const std::string& written,
               const std::vector<Image>& images) {
  auto disk = read_disk(written);
  if (!disk) return disk.error();
  Json json{{"name", disk->name}};
  if (disk->format) json["format"] = *disk->format;
  if (disk->size_mb) json["size_mb"] = *disk->size_mb;
  if (disk->device) json["device"] = *disk->device;
  if (disk->is_read_only) json["read_only"] = true;
  if (auto fault = add_image(json, "base", disk->base, images)) return fault;
  disks.push_back(std::move(json));
  return std::nullopt;
}

/// None: those that its kind has.
Fault add_disks(Json& spec, const VmCreateOptions& options,
                const std::vector<Image>& images) {
  if (options.disks.empty()) return std::nullopt;
  auto disks = Json::array();
  for (const auto& written : options.disks)
    if (auto fault = add_disk(disks, written, images)) return fault;
  spec["disks"] = std::move(disks);
  return std::nullopt;
}

Fault add_boot(Json& spec, const VmCreateOptions& options,
               const std::vector<Image>& images) {
  if (auto fault = add_image(spec, "kernel", options.kernel, images))
    return fault;
  if (auto fault = add_image(spec, "initrd", options.initrd, images))
    return fault;
  if (options.append) spec["command_line"] = *options.append;
  return std::nullopt;
}

}  // namespace

bool needs_images(const VmCreateOptions& options) {
  auto has_base = [](const std::string& written) {
    auto disk = read_disk(written);
    return disk && disk->base;
  };
  return options.kernel || options.initrd ||
         std::any_of(options.disks.begin(), options.disks.end(), has_base);
}

Result<Json> create_change(const VmCreateOptions& options,
                           const VmParts& parts) {
  auto spec = Json::object();
  if (auto fault = add_settings(spec, options.settings)) return *fault;
  if (auto fault = add_disks(spec, options, parts.images)) return *fault;
  if (auto fault = add_boot(spec, options, parts.images)) return *fault;
  if (options.bridge) spec["bridge"] = *options.bridge;
  if (parts.node) spec["node"] = *parts.node;
  Json change{{"kind", "vm-create"},
              {"name", options.name},
              {"vm_kind", options.kind},
              {"spec", std::move(spec)}};
  if (!options.no_start) change["start"] = true;
  if (parts.user_data) change["user_data"] = *parts.user_data;
  return change;
}

Result<Json> set_change(const VmSetOptions& options) {
  auto spec = Json::object();
  if (auto fault = add_settings(spec, options.settings)) return *fault;
  if (spec.empty())
    return Failure{exit_usage, "nothing is to be changed: say what",
                   "see ppnctl vm set --help"};
  return Json{{"kind", "vm-set"}, {"spec", std::move(spec)}};
}

Json delete_change(const std::string& id, const VmDeleteOptions& options) {
  Json change{{"kind", "vm-delete"}, {"vm", id}};
  if (options.force) change["force"] = true;
  return change;
}

}  // namespace ppn::ctl
