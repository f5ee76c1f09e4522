#include "runtime/api_vm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "runtime/api_former.hpp"
#include "runtime/api_null.hpp"
#include "schema/time_text.hpp"
#include "store/base64.hpp"

namespace ppn::runtime {

namespace {

using events::Images;
using events::Vm;
using events::VmDisk;
using events::VmForward;
using events::VmSpec;
using schema::Json;
using schema::RestartPolicy;
using schema::VmOutcome;

/// As events::phase_of tells them.
constexpr std::array phases{"defined",  "starting", "running", "paused",
                            "stopping", "stopped",  "crashed", "deleting"};

// -- documents ----------------------------------------------------------------

template <class Fixed>
Json hex_or_null(const std::optional<Fixed>& bytes) {
  return bytes ? Json(bytes->hex()) : Json();
}

/// Null if it is none, or not there.
Json image_name(const Images& images, const std::optional<Hash>& digest) {
  auto image = digest ? images.find(*digest) : images.end();
  return image == images.end() ? Json() : Json(image->second.name);
}

/// Names of images are told only where it is known which there are.
void add_image_json(Json& json, const std::string& field,
                    const std::optional<Hash>& digest, const Images* images) {
  json[field] = hex_or_null(digest);
  if (images != nullptr) json[field + "_name"] = image_name(*images, digest);
}

Json disk_json(const VmDisk& disk, const Images* images) {
  Json json{{"name", disk.name},
            {"format", schema::EnumNameDiskFormat(disk.format)},
            {"size_mb", disk.size_mb}};
  add_image_json(json, "base", disk.base, images);
  json["device"] = text_or_null(disk.device);
  json["read_only"] = disk.read_only;
  return json;
}

Json address_json(const VmForward& forward, const MeshAddress& in_mesh) {
  if (forward.open) return "0.0.0.0";
  if (!forward.mesh) return "127.0.0.1";
  return in_mesh ? Json(in_mesh->text()) : Json();
}

Json forward_json(const VmForward& forward, const MeshAddress& in_mesh) {
  return {{"host_port", forward.host_port},
          {"guest_port", forward.guest_port},
          {"protocol", forward.udp ? "udp" : "tcp"},
          {"open", forward.open},
          {"mesh", forward.mesh},
          {"address", address_json(forward, in_mesh)}};
}

/// Of the newest pause, stop or crash, as long as that is so.
std::string cause_of(const Vm& vm) {
  switch (vm.outcome) {
    case VmOutcome::paused:
      return events::in_words(vm.pause_cause);
    case VmOutcome::stopped:
      return events::in_words(vm.stop_cause);
    case VmOutcome::crashed:
      return events::in_words(vm.crash_cause);
    case VmOutcome::unknown:
    case VmOutcome::defined:
    case VmOutcome::starting:
    case VmOutcome::running:
      break;
  }
  return {};
}

// -- evidence -----------------------------------------------------------------

std::string in_words(events::VmRun run) {
  switch (run) {
    case events::VmRun::unknown:
      return "its monitor did not say yet what the guest does";
    case events::VmRun::prepared:
      return "the guest did not begin yet";
    case events::VmRun::running:
      return "the guest runs";
    case events::VmRun::paused:
      return "the guest is paused";
    case events::VmRun::disk_full:
      return "the guest waits for room on the host's disk";
    case events::VmRun::disk_error:
      return "the guest waits, after an error of the host's disk";
    case events::VmRun::ending:
      return "the guest ended, and it is about to";
  }
  return {};
}

std::string in_words(const events::VmEnd& end) {
  using Kind = events::VmEnd::Kind;
  auto how = [&] {
    switch (end.kind) {
      case Kind::shut_down:
        return "the guest shut down";
      case Kind::quit:
        return "it was told to";
      case Kind::failed:
        return "it failed";
      case Kind::killed:
        return "it was killed";
      case Kind::panicked:
        return "the guest panicked";
      case Kind::reset_storm:
        return "the guest began anew again and again";
      case Kind::not_started:
        return "it could not be started";
      case Kind::host_restarted:
        return "the host was started anew";
      case Kind::unknown:
        break;
    }
    return "nobody was there to see how";
  };
  return end.detail.empty() ? how() : how() + (": " + end.detail);
}

bool is_unresponsive(const events::VmSight& sight) {
  return sight.process != 0 && sight.silence.has_value();
}

/// That it is off, that this is not known and that it does not answer are three
/// things.
std::string evidence_of(const Vm& vm, const events::VmSight& sight) {
  if (sight.process != 0) {
    auto there = fmt::format("the process of start {} is there", sight.process);
    if (!events::has_process(vm) || sight.process != vm.start)
      return there + ", and should not be";
    if (sight.silence)
      return there + ", and its monitor does not answer: " + *sight.silence;
    return there + ": " + in_words(sight.run);
  }
  if (vm.start == 0) return "it was never started";
  if (sight.ended == vm.start)
    return fmt::format("the process of start {} ended: {}", vm.start,
                       in_words(sight.end));
  if (vm.outcome == VmOutcome::starting)
    return fmt::format("the process of start {} is not there yet", vm.start);
  if (events::has_process(vm))
    return fmt::format(
        "unknown: neither the process of start {} is seen nor its end",
        vm.start);
  return fmt::format("there is no process; start {} is recorded to have ended",
                     vm.start);
}

// -- guests -------------------------------------------------------------------

void add_vm(Json& json, const actors::PoolStatus& all, const Id& id,
            const Vm& vm, const MeshAddress& in_mesh) {
  auto found = all.vms.find(id);
  auto status = found == all.vms.end() ? actors::VmStatus{} : found->second;
  auto cause = cause_of(vm);
  json["id"] = id.hex();
  json["name"] = vm.name;
  json["kind"] = events::name_of(vm.spec.kind);
  json["phase"] = events::phase_of(vm);
  json["wish"] = schema::EnumNameVmWish(vm.wish);
  json["outcome"] = schema::EnumNameVmOutcome(vm.outcome);
  json["evidence"] = evidence_of(vm, status.sight);
  json["unresponsive"] = is_unresponsive(status.sight);
  json["accelerator"] = text_or_null(vm.accelerator);
  json["start"] = vm.start;
  json["since"] = vm.changed_ns == 0 ? Json()
                                     : Json(schema::format_time(vm.changed_ns));
  json["cause"] = text_or_null(cause);
  json["detail"] = cause.empty() ? Json() : text_or_null(vm.detail);
  json["restarts_in_row"] = vm.ends_in_row;
  json["gave_up"] = vm.gave_up;
  json["problem"] = text_or_null(status.problem);
  json["spec"] = spec_json(vm.spec, &all.pool.images, in_mesh);
  json["stream"] = events::vm_stream(id);
}

Json pool_json(const events::Pool& pool) {
  auto use = events::use_of(pool.vms);
  const auto& limits = pool.limits;
  return {{"guests", use.guests},
          {"guests_max", limits.guests_max},
          {"vcpus", use.vcpus},
          {"vcpus_max", limits.vcpus_max},
          {"memory_mb", use.memory_mb},
          {"memory_mb_max", limits.memory_mb},
          {"memory_mb_left",
           limits.memory_mb - std::min(use.memory_mb, limits.memory_mb)}};
}

Json acceleration_json(const events::Acceleration& acceleration) {
  const auto& name = acceleration.accelerator;
  auto tried = Json::array();
  for (const auto& one : acceleration.tried)
    tried.push_back(
        {{"name", one.name}, {"works", one.works}, {"reason", one.reason}});
  return {
      {"accelerator", text_or_null(name)},
      {"cpu_model", name.empty() ? Json() : Json(events::cpu_model_of(name))},
      {"qemu", text_or_null(acceleration.qemu)},
      {"kernel", text_or_null(acceleration.kernel)},
      {"tried", std::move(tried)}};
}

// -- images -------------------------------------------------------------------

Json image_json(const events::Pool& pool, const Hash& digest,
                const events::Image& image) {
  auto used_by = Json::array();
  for (const auto& [id, vm] : pool.vms)
    if (events::images_of(vm.spec).contains(digest)) used_by.push_back(vm.name);
  return {{"digest", digest.hex()},
          {"name", image.name},
          {"size", image.size},
          {"format", schema::EnumNameDiskFormat(image.format)},
          {"used_by", std::move(used_by)}};
}

Json progress_json(const Id& id, const actors::ImageProgress& progress) {
  return {{"id", id.hex()},
          {"name", progress.name},
          {"done", progress.done},
          {"total", progress.total},
          {"failure", progress.failure ? Json(*progress.failure) : Json()},
          {"digest", hex_or_null(progress.digest)},
          {"was_there", progress.was_there}};
}

struct ChangeJson {
  Json operator()(const events::DefineVm& define) const {
    return {{"kind", "vm-create"},
            {"vm", define.vm.hex()},
            {"name", define.name},
            {"vm_kind", events::name_of(define.spec.kind)},
            {"spec", spec_json(define.spec, nullptr, {})},
            {"start", define.start}};
  }
  Json operator()(const events::ChangeVm& change) const {
    return {{"kind", "vm-set"},
            {"vm", change.vm.hex()},
            {"spec", spec_json(change.spec, nullptr, {})}};
  }
  Json operator()(const events::DeleteVm& gone) const {
    return {
        {"kind", "vm-delete"}, {"vm", gone.vm.hex()}, {"force", gone.force}};
  }
  Json operator()(const events::AdoptVm& adoption) const {
    return adoption_json(adoption);
  }
  Json operator()(const actors::RemoveImage& image) const {
    return {{"kind", "image-remove"}, {"digest", image.digest.hex()}};
  }
  template <class Other>
  Json operator()(const Other& /*change*/) const {
    return {};
  }
};

}  // namespace

GuestReport guest_report(const events::Pool& pool) {
  GuestReport report;
  report.guests = pool.vms.size();
  report.memory_mb = events::use_of(pool.vms).memory_mb;
  for (const auto* phase : phases) report.by_phase[phase] = 0;
  for (const auto& [id, vm] : pool.vms)
    report.by_phase[events::phase_of(vm)] += 1;
  return report;
}

Json spec_json(const VmSpec& spec, const Images* images,
               const MeshAddress& in_mesh) {
  Json json{{"vcpus", spec.vcpus},
            {"memory_mb", spec.memory_mb},
            {"floor_mb", spec.floor_mb},
            {"cpu_weight", spec.cpu_weight},
            {"disks", Json::array()}};
  for (const auto& disk : spec.disks)
    json["disks"].push_back(disk_json(disk, images));
  add_image_json(json, "kernel", spec.kernel, images);
  add_image_json(json, "initrd", spec.initrd, images);
  json["command_line"] = text_or_null(spec.command_line);
  json["bridge"] = text_or_null(spec.bridge);
  json["forwards"] = Json::array();
  for (const auto& forward : spec.forwards)
    json["forwards"].push_back(forward_json(forward, in_mesh));
  json["cloud_init"] = spec.cloud_init.has_value();
  json["autostart"] = spec.autostart;
  json["restart"] = name_of(spec.restart);
  json["node"] = hex_or_null(spec.node);
  return json;
}

Json vms_document(const actors::PoolStatus& status,
                  const MeshAddress& in_mesh) {
  std::map<std::string, Id> by_name;
  for (const auto& [id, vm] : status.pool.vms) by_name[vm.name] = id;
  auto vms = Json::array();
  for (const auto& [name, id] : by_name)
    add_vm(vms.emplace_back(Json::object()), status, id, status.pool.vms.at(id),
           in_mesh);
  return {{"schema", "ppn.vms.v1"},
          {"vms", std::move(vms)},
          {"pool", pool_json(status.pool)},
          {"acceleration", acceleration_json(status.acceleration)},
          {"problem", status.problem ? Json(*status.problem) : Json()}};
}

Json vm_document(const actors::PoolStatus& status, const Id& vm,
                 const MeshAddress& in_mesh) {
  Json json{{"schema", "ppn.vm.v1"}};
  add_vm(json, status, vm, status.pool.vms.at(vm), in_mesh);
  return json;
}

Json vm_command_document(const Id& vm, const std::string& name,
                         std::uint64_t sequence) {
  return {{"schema", "ppn.vm-command.v1"},
          {"id", vm.hex()},
          {"name", name},
          {"sequence", sequence}};
}

Json console_log_document(const ConsolePart& part) {
  return {{"schema", "ppn.console-log.v1"},
          {"bytes", store::to_base64(part.bytes)},
          {"from", part.from},
          {"next", part.from + part.bytes.size()},
          {"size", part.size}};
}

Json images_document(const actors::PoolStatus& status) {
  auto images = Json::array();
  for (const auto& [digest, image] : status.pool.images)
    images.push_back(image_json(status.pool, digest, image));
  auto adding = Json::array();
  for (const auto& [id, progress] : status.images)
    adding.push_back(progress_json(id, progress));
  return {{"schema", "ppn.images.v1"},
          {"images", std::move(images)},
          {"adding", std::move(adding)}};
}

Json image_add_document(const Id& progress) {
  return {{"schema", "ppn.image-add.v1"}, {"id", progress.hex()}};
}

Json guest_change_json(const actors::Change& change) {
  return std::visit(ChangeJson{}, change);
}

std::string_view name_of(RestartPolicy policy) {
  switch (policy) {
    case RestartPolicy::never:
      return "never";
    case RestartPolicy::on_failure:
      return "on-failure";
    case RestartPolicy::always:
      return "always";
    case RestartPolicy::unknown:
      break;
  }
  return "unknown";
}

}  // namespace ppn::runtime
