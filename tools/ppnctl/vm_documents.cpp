#include "tools/ppnctl/vm_documents.hpp"

#include <sodium.h>

#include <algorithm>

#include "tools/ppnctl/fields.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

using schema::Json;

VmDisk read_disk(const Json& json, Fields& fields) {
  return {.name = fields.text(json, "name"),
          .format = fields.text(json, "format"),
          .size_mb = fields.number(json, "size_mb"),
          .base = fields.text_or_null(json, "base"),
          .base_name = fields.text_or_null(json, "base_name"),
          .device = fields.text_or_null(json, "device"),
          .is_read_only = fields.flag(json, "read_only")};
}

VmForward read_forward(const Json& json, Fields& fields) {
  return {.host_port = fields.number(json, "host_port"),
          .guest_port = fields.number(json, "guest_port"),
          .protocol = fields.text(json, "protocol"),
          .is_open = fields.flag(json, "open"),
          .is_in_mesh = fields.flag(json, "mesh"),
          .address = fields.text_or_null(json, "address")};
}

VmSpec read_spec(const Json& json, Fields& fields) {
  VmSpec spec{.vcpus = fields.number(json, "vcpus"),
              .memory_mb = fields.number(json, "memory_mb"),
              .floor_mb = fields.number(json, "floor_mb"),
              .cpu_weight = fields.number(json, "cpu_weight"),
              .disks = {},
              .kernel = fields.text_or_null(json, "kernel"),
              .kernel_name = fields.text_or_null(json, "kernel_name"),
              .initrd = fields.text_or_null(json, "initrd"),
              .initrd_name = fields.text_or_null(json, "initrd_name"),
              .command_line = fields.text_or_null(json, "command_line"),
              .bridge = fields.text_or_null(json, "bridge"),
              .forwards = {},
              .has_cloud_init = fields.flag(json, "cloud_init"),
              .starts_with_host = fields.flag(json, "autostart"),
              .restart = fields.text(json, "restart"),
              .node = fields.text_or_null(json, "node")};
  for (const auto& disk : fields.array(json, "disks"))
    spec.disks.push_back(read_disk(disk, fields));
  for (const auto& forward : fields.array(json, "forwards"))
    spec.forwards.push_back(read_forward(forward, fields));
  return spec;
}

Vm read_vm(const Json& json, Fields& fields) {
  auto id = fields.text(json, "id");
  // It becomes a part of what is asked for.
  if (!Id::parse_hex(id)) fields.complain("id", "an id");
  return {.id = std::move(id),
          .name = fields.text(json, "name"),
          .kind = fields.text(json, "kind"),
          .phase = fields.text(json, "phase"),
          .wish = fields.text(json, "wish"),
          .evidence = fields.text_or_null(json, "evidence"),
          .is_unresponsive = fields.flag(json, "unresponsive"),
          .accelerator = fields.text_or_null(json, "accelerator"),
          .start = fields.number(json, "start"),
          .since_ns = fields.time_or_null(json, "since"),
          .cause = fields.text_or_null(json, "cause"),
          .detail = fields.text_or_null(json, "detail"),
          .restarts_in_row = fields.number(json, "restarts_in_row"),
          .gave_up = fields.flag(json, "gave_up"),
          .problem = fields.text_or_null(json, "problem"),
          .spec = read_spec(fields.object(json, "spec"), fields),
          .stream = fields.text(json, "stream"),
          .document = json};
}

VmPool read_pool(const Json& json, Fields& fields) {
  return {.guests = fields.number(json, "guests"),
          .guests_max = fields.number(json, "guests_max"),
          .vcpus = fields.number(json, "vcpus"),
          .vcpus_max = fields.number(json, "vcpus_max"),
          .memory_mb = fields.number(json, "memory_mb"),
          .memory_mb_max = fields.number(json, "memory_mb_max"),
          .memory_mb_left = fields.number(json, "memory_mb_left")};
}

VmAcceleration read_acceleration(const Json& json, Fields& fields) {
  VmAcceleration acceleration{
      .accelerator = fields.text_or_null(json, "accelerator"),
      .cpu_model = fields.text_or_null(json, "cpu_model"),
      .qemu = fields.text_or_null(json, "qemu"),
      .tried = {}};
  for (const auto& tried : fields.array(json, "tried"))
    acceleration.tried.push_back({.name = fields.text(tried, "name"),
                                  .works = fields.flag(tried, "works"),
                                  .reason = fields.text(tried, "reason")});
  return acceleration;
}

std::string read_base64(const char* name, Fields& fields) {
  auto text = fields.text(name);
  std::string bytes(text.size(), '\0');
  std::size_t size = 0;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what it takes
  auto* place = reinterpret_cast<unsigned char*>(bytes.data());
  if (::sodium_base642bin(place, bytes.size(), text.data(), text.size(),
                          nullptr, &size, nullptr,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
    fields.complain(name, "base64");
  bytes.resize(size);
  return bytes;
}

}  // namespace

Result<Vms> read_vms(const Json& document) {
  Fields fields{document, "ppn.vms.v1"};
  Vms all{
      .vms = {},
      .pool = read_pool(fields.object("pool"), fields),
      .acceleration = read_acceleration(fields.object("acceleration"), fields),
      .problem = fields.text_or_null("problem")};
  for (const auto& vm : fields.array("vms"))
    all.vms.push_back(read_vm(vm, fields));
  std::sort(all.vms.begin(), all.vms.end(),
            [](const Vm& a, const Vm& b) { return a.name < b.name; });
  return fields.unless_faulty(std::move(all));
}

Result<VmConsoleLog> read_console_log(const Json& document) {
  Fields fields{document, "ppn.console-log.v1"};
  return fields.unless_faulty(
      VmConsoleLog{.bytes = read_base64("bytes", fields),
                   .from = fields.number("from"),
                   .next = fields.number("next"),
                   .size = fields.number("size")});
}

std::string vm_line(const Vm& vm) {
  Json document{{"schema", "ppn.vm.v1"}};
  for (const auto& [name, value] : vm.document.items()) document[name] = value;
  return json_line(document) + '\n';
}

}  // namespace ppn::ctl
