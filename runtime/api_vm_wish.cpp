#include "runtime/api_vm_wish.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include "runtime/api_vm.hpp"
#include "schema/plain_text.hpp"

namespace ppn::runtime {

namespace {

using events::VmDisk;
using events::VmForward;
using events::VmSpec;
using schema::DiskFormat;
using schema::Json;
using schema::RestartPolicy;

/// That of the kernel, PATH_MAX, has room for an end.
constexpr std::size_t path_max = 4095;

// -- fields -------------------------------------------------------------------

template <class Fixed>
std::optional<Fixed> read_hex(FieldReader& fields, const char* field,
                              const char* what) {
  auto value = fields.take(field);
  if (value.is_null()) return std::nullopt;
  auto read = value.is_string() ? Fixed::parse_hex(value.get<std::string>())
                                : std::optional<Fixed>{};
  if (!read)
    fields.complain(fmt::format("'{}' must be {}, {} hexadecimal digits", field,
                                what, 2 * Fixed::size));
  return read;
}

/// Nothing if it is null.
std::optional<Hash> read_image(FieldReader& fields, const char* field) {
  return read_hex<Hash>(fields, field, "the digest of an image");
}

std::optional<std::uint16_t> read_small(FieldReader& fields, const char* field,
                                        std::uint16_t max) {
  auto number = fields.number_within(field, 1, max);
  if (!number) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

std::uint16_t read_port(FieldReader& fields, const char* field) {
  constexpr auto port_max = std::numeric_limits<std::uint16_t>::max();
  auto port = read_small(fields, field, port_max);
  if (!port)
    fields.complain(
        fmt::format("'{}' must be a port, from 1 to {}", field, port_max));
  return port.value_or(0);
}

/// An array of objects, none of whose fields may be left over; nothing if it is
/// null.
template <class One>
std::optional<std::vector<One>> read_list(FieldReader& fields,
                                          const char* field, std::size_t most,
                                          const char* what,
                                          One (*read)(FieldReader&)) {
  auto list = fields.take(field);
  if (list.is_null()) return std::nullopt;
  auto is_object = [](const Json& item) { return item.is_object(); };
  std::vector<One> all;
  if (!list.is_array() || list.size() > most ||
      !std::all_of(list.begin(), list.end(), is_object)) {
    fields.complain(fmt::format("'{}' must be an array of at most {} objects",
                                field, most));
    return all;
  }
  for (const auto& item : list) {
    FieldReader of_item{item};
    all.push_back(read(of_item));
    if (auto problem = of_item.finish(what)) fields.complain(problem->detail);
  }
  return all;
}

// -- specs --------------------------------------------------------------------

DiskFormat read_format(FieldReader& fields, DiskFormat otherwise) {
  auto name = fields.name_or_empty("format");
  if (name.empty()) return otherwise;
  if (name == "qcow2") return DiskFormat::qcow2;
  if (name != "raw") fields.complain("'format' must be qcow2 or raw");
  return DiskFormat::raw;
}

VmDisk read_disk(FieldReader& fields) {
  static_assert(events::disk_mb_max <=
                std::numeric_limits<std::uint32_t>::max());
  VmDisk disk;
  disk.name = fields.name("name");
  disk.device = fields.name_or_empty("device");
  disk.format = read_format(
      fields, disk.device.empty() ? DiskFormat::qcow2 : DiskFormat::raw);
  disk.size_mb =
      fields.number_within("size_mb", 0, events::disk_mb_max).value_or(0);
  disk.base = read_image(fields, "base");
  disk.read_only = fields.flag("read_only");
  return disk;
}

VmForward read_forward(FieldReader& fields) {
  VmForward forward;
  forward.host_port = read_port(fields, "host_port");
  forward.guest_port = read_port(fields, "guest_port");
  auto protocol = fields.name_or_empty("protocol");
  forward.udp = protocol == "udp";
  if (!protocol.empty() && protocol != "tcp" && !forward.udp)
    fields.complain("'protocol' must be tcp or udp");
  forward.open = fields.flag("open");
  forward.mesh = fields.flag("mesh");
  return forward;
}

std::string read_command_line(FieldReader& fields) {
  auto value = fields.take("command_line");
  auto is_printable = [](char c) { return c >= ' ' && c <= '~'; };
  auto text = value.is_string() ? value.get<std::string>() : std::string{};
  bool is_fit = (value.is_null() || value.is_string()) &&
                text.size() <= events::command_line_max &&
                std::all_of(text.begin(), text.end(), is_printable);
  if (!is_fit)
    fields.complain(
        fmt::format("'command_line' must be a text of at most {} printable "
                    "characters of ASCII",
                    events::command_line_max));
  return text;
}

std::optional<RestartPolicy> read_restart(FieldReader& fields) {
  auto name = fields.name_or_empty("restart");
  if (name.empty()) return std::nullopt;
  for (auto policy :
       {RestartPolicy::never, RestartPolicy::on_failure, RestartPolicy::always})
    if (name_of(policy) == name) return policy;
  fields.complain("'restart' must be never, on-failure or always");
  return std::nullopt;
}

void read_machine(FieldReader& fields, const Json& object, SpecWish& wish) {
  constexpr auto most_mb = events::vm_memory_mb_max;
  wish.vcpus = read_small(fields, "vcpus", events::vcpus_max);
  wish.memory_mb =
      fields.number_within("memory_mb", events::vm_memory_mb_min, most_mb);
  wish.floor_mb = fields.number_within("floor_mb", 1, most_mb);
  wish.cpu_weight = read_small(fields, "cpu_weight", events::cpu_weight_max);
  wish.restart = read_restart(fields);
  wish.autostart = fields.flag_or_nothing("autostart");
  if (object.contains("node"))
    wish.node = read_hex<NodeId>(fields, "node", "the id of a node");
}

void read_parts(FieldReader& fields, const Json& object, SpecWish& wish) {
  wish.disks = read_list(fields, "disks", events::disks_max, "disk", read_disk);
  if (object.contains("kernel")) wish.kernel = read_image(fields, "kernel");
  if (object.contains("initrd")) wish.initrd = read_image(fields, "initrd");
  if (object.contains("command_line"))
    wish.command_line = read_command_line(fields);
  if (object.contains("bridge")) wish.bridge = fields.name_or_empty("bridge");
  wish.forwards = read_list(fields, "forwards", events::forwards_max, "forward",
                            read_forward);
}

SpecWish read_spec(FieldReader& change) {
  SpecWish wish;
  auto object = change.take("spec");
  if (object.is_null()) return wish;
  if (!object.is_object()) {
    change.complain("'spec' must be an object");
    return wish;
  }
  FieldReader fields{object};
  read_machine(fields, object, wish);
  read_parts(fields, object, wish);
  if (auto problem = fields.finish("spec")) change.complain(problem->detail);
  return wish;
}

template <class Value>
void take(Value& value, const std::optional<Value>& given) {
  if (given) value = *given;
}

VmSpec changed(VmSpec spec, const SpecWish& wish) {
  take(spec.vcpus, wish.vcpus);
  take(spec.memory_mb, wish.memory_mb);
  take(spec.floor_mb, wish.floor_mb);
  take(spec.cpu_weight, wish.cpu_weight);
  take(spec.disks, wish.disks);
  take(spec.kernel, wish.kernel);
  take(spec.initrd, wish.initrd);
  take(spec.command_line, wish.command_line);
  take(spec.bridge, wish.bridge);
  take(spec.forwards, wish.forwards);
  take(spec.autostart, wish.autostart);
  take(spec.restart, wish.restart);
  take(spec.node, wish.node);
  return spec;
}

schema::VmKind read_kind(FieldReader& fields) {
  auto name = fields.name_or_empty("vm_kind");
  if (name.empty()) return schema::VmKind::plain;
  auto kind = events::kind_of(name);
  if (kind == schema::VmKind::unknown)
    fields.complain(
        "'vm_kind' must be plain, mediakit, totebox, orchestration or "
        "privategit");
  return kind;
}

std::optional<std::string> read_user_data(FieldReader& fields) {
  auto value = fields.take("user_data");
  if (value.is_null()) return std::nullopt;
  if (value.is_string() && !value.get_ref<std::string&>().empty())
    return value.get<std::string>();
  fields.complain("'user_data' must be the text that cloud-init reads");
  return std::nullopt;
}

// -- wishes -------------------------------------------------------------------

struct ToChange {
  const events::Pool& pool;

  Answer<actors::Change> operator()(const CreateVmWish& wish) const {
    return events::DefineVm{{}, wish.name, spec_of(wish), wish.start};
  }
  Answer<actors::Change> operator()(const SetVmWish& wish) const {
    auto vm = pool.vms.find(wish.vm);
    if (vm == pool.vms.end())
      return Problem{ProblemType::refused,
                     fmt::format("there is no guest {}; `ppnctl vm list` shows "
                                 "those that are",
                                 wish.vm.hex())};
    return events::ChangeVm{wish.vm, changed(vm->second.spec, wish.spec)};
  }
  Answer<actors::Change> operator()(const events::DeleteVm& wish) const {
    return wish;
  }
  Answer<actors::Change> operator()(const actors::RemoveImage& wish) const {
    return wish;
  }
};

std::string read_path(FieldReader& fields) {
  auto value = fields.take("path");
  auto path = value.is_string() ? value.get<std::string>() : std::string{};
  bool is_file = path.starts_with('/') && !path.ends_with('/');
  if (!is_file || path.size() > path_max)
    fields.complain(fmt::format(
        "'path' must be that of a file, from / on, of at most {} bytes",
        path_max));
  if (schema::printable(path) != path)
    fields.complain(
        "'path' has a control character, or one that does not show");
  return path;
}

std::string read_image_name(FieldReader& fields, const std::string& path) {
  auto value = fields.take("name");
  if (value.is_null()) value = std::filesystem::path{path}.filename().string();
  auto name = value.is_string() ? value.get<std::string>() : std::string{};
  if (!events::is_image_name(name))
    fields.complain(
        fmt::format("'name' must be 1 to {} printable characters of ASCII "
                    "without blanks; that of the file is taken if none is "
                    "given",
                    events::image_name_max));
  return name;
}

}  // namespace

// -- changes ------------------------------------------------------------------

GuestWish read_vm_create(FieldReader& fields) {
  CreateVmWish wish;
  wish.name = fields.name("name");
  wish.kind = read_kind(fields);
  wish.spec = read_spec(fields);
  wish.start = fields.flag("start");
  wish.user_data = read_user_data(fields);
  return wish;
}

GuestWish read_vm_set(FieldReader& fields) {
  auto vm = fields.id("vm", true).value_or(Id{});
  auto spec = read_spec(fields);
  if (spec == SpecWish{}) fields.complain("'spec' must have what is to change");
  return SetVmWish{vm, std::move(spec)};
}

GuestWish read_vm_delete(FieldReader& fields) {
  auto vm = fields.id("vm", true).value_or(Id{});
  return events::DeleteVm{vm, fields.flag("force")};
}

GuestWish read_image_remove(FieldReader& fields) {
  auto digest = read_image(fields, "digest");
  if (!digest) fields.complain("'digest' is missing: that of the image");
  return actors::RemoveImage{digest.value_or(Hash{})};
}

VmSpec spec_of(const CreateVmWish& wish) {
  auto given = wish.spec;
  if (given.memory_mb && !given.floor_mb)
    given.floor_mb = events::floor_usual(*given.memory_mb);
  // A guest at a bridge is reached there.
  bool is_at_bridge = given.bridge && !given.bridge->empty();
  if (is_at_bridge && !given.forwards) given.forwards.emplace();
  return changed(events::profile_of(wish.kind), given);
}

Answer<actors::Change> to_change(const GuestWish& wish,
                                 const events::Pool& pool) {
  return std::visit(ToChange{pool}, wish);
}

Answer<events::VmCommand> read_vm_stop(std::string_view body) {
  events::VmCommand command{events::VmVerb::stop};
  if (body.empty()) return command;
  auto json = read_json(body);
  if (const auto* problem = std::get_if<Problem>(&json)) return *problem;
  FieldReader fields{std::get<Json>(json)};
  command.force = fields.flag("force");
  if (auto problem = fields.finish("stop")) return *problem;
  return command;
}

Answer<AddImageWish> read_image_add(std::string_view body) {
  auto json = read_json(body);
  if (const auto* problem = std::get_if<Problem>(&json)) return *problem;
  FieldReader fields{std::get<Json>(json)};
  AddImageWish wish;
  wish.path = read_path(fields);
  wish.name = read_image_name(fields, wish.path);
  if (auto problem = fields.finish("file that is to be an image"))
    return *problem;
  return wish;
}

std::string_view name_of(events::VmVerb verb) {
  switch (verb) {
    case events::VmVerb::start:
      return "start";
    case events::VmVerb::stop:
      return "stop";
    case events::VmVerb::pause:
      return "pause";
    case events::VmVerb::resume:
      return "resume";
    case events::VmVerb::reset:
      return "reset";
  }
  return "unknown";
}

}  // namespace ppn::runtime
