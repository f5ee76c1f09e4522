#include "runtime/api_change.hpp"

#include <fmt/format.h>

#include "runtime/api_fields.hpp"
#include "schema/right_text.hpp"

namespace ppn::runtime {

namespace {

using schema::Json;

constexpr std::uint64_t grant_seconds_max = 10ULL * 366 * 24 * 3600;

schema::Right read_rights(FieldReader& fields) {
  schema::Right all{};
  auto list = fields.take("rights");
  if (!list.is_array() || list.empty())
    fields.complain(fmt::format("'rights' must be an array of {}",
                                fmt::join(schema::right_names(), ", ")));
  for (const auto& item : list) {
    auto right = item.is_string() ? schema::read_right(item.get<std::string>())
                                  : std::nullopt;
    if (!right)
      fields.complain(fmt::format("'rights' has what is none of {}",
                                  fmt::join(schema::right_names(), ", ")));
    else
      all |= *right;
  }
  return all;
}

std::optional<std::uint64_t> read_seconds(FieldReader& fields) {
  auto value = fields.take("seconds");
  if (value.is_null()) return std::nullopt;
  auto number = value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
  if (number == 0 || number > grant_seconds_max)
    fields.complain("'seconds' must be a number from 1 to ten years");
  return number;
}

ChangeWish read_grant(FieldReader& fields) {
  events::GrantWish grant;
  grant.subject = fields.name("subject");
  grant.resource = fields.name("resource");
  grant.rights = read_rights(fields);
  grant.parent = fields.id("parent", false);
  return GrantWishFor{grant, read_seconds(fields)};
}

ChangeWish read_revoke(FieldReader& fields) {
  auto grant = fields.id("grant", true).value_or(Id{});
  return actors::RevokeWish{grant, fields.text("reason")};
}

ChangeWish read_found(FieldReader& fields) {
  FoundWish wish;
  wish.name = fields.name("name");
  wish.range = fields.range("range", true).value_or(events::IpRange{});
  wish.range6 = fields.range("range6", false);
  wish.recovery_key = fields.key("recovery_key").value_or(PublicKey{});
  wish.endpoints = fields.endpoints("endpoints");
  return wish;
}

ChangeWish read_import(FieldReader& fields) {
  ImportWish wish;
  auto file = fields.take("file");
  if (file.is_string())
    wish.file = file.get<std::string>();
  else
    fields.complain("'file' must be the text of a file of `mesh export`");
  wish.endpoints = fields.endpoints("endpoints");
  wish.replaces = fields.name_or_empty("replaces");
  return wish;
}

ChangeWish read_remove(FieldReader& fields) {
  RemoveWish wish;
  wish.node = fields.name("node");
  wish.reason = fields.text("reason");
  wish.force = fields.flag("force");
  return wish;
}

schema::Role read_role(FieldReader& fields) {
  auto name = fields.name("role");
  if (name == "authority") return schema::Role::authority;
  if (name == "hub") return schema::Role::hub;
  if (name == "controller") return schema::Role::controller;
  fields.complain("'role' must be authority, hub or controller");
  return {};
}

ChangeWish read_move_role(FieldReader& fields) {
  auto role = read_role(fields);
  return MoveRoleWish{role, fields.name("to")};
}

ChangeWish read_endpoints(FieldReader& fields) {
  auto node = fields.name("node");
  return EndpointsWish{node, fields.endpoints("endpoints")};
}

ChangeWish read_recover(FieldReader& fields) {
  auto epoch = fields.number("epoch").value_or(0);
  return RecoverWish{epoch,
                     fields.signature("signature").value_or(Signature{})};
}

ChangeWish read_rotate_key(FieldReader& fields) {
  return actors::RotateTunnelKey{fields.flag("force")};
}

ChangeWish read_acknowledge(FieldReader& fields) {
  return AcknowledgeWish{fields.name("node")};
}

AdoptVmWish read_vm_adopt(FieldReader& fields) {
  return AdoptVmWish{fields.name("vm")};
}

ChangeWish read_fleet_use(FieldReader& fields) {
  FleetUseWish wish;
  wish.node = fields.name("node");
  wish.drained = fields.flag_or_nothing("drained");
  wish.reserved = fields.flag_or_nothing("reserved");
  if (!wish.drained && !wish.reserved)
    fields.complain("'drained' or 'reserved' must be given");
  return wish;
}

/// Readers of all kinds of wish as of one type.
template <auto read>
ProposalWish as_wish(FieldReader& fields) {
  return read(fields);
}
template <auto read>
ProposalWish as_wish_of_node(FieldReader& fields) {
  return ChangeWish{read(fields)};
}

struct Kind {
  std::string_view name;
  ProposalWish (*read)(FieldReader&);
};

constexpr std::array kinds{
    Kind{"grant", as_wish<read_grant>},
    Kind{"revoke", as_wish<read_revoke>},
    Kind{"mesh-init", as_wish<read_found>},
    Kind{"mesh-import", as_wish<read_import>},
    Kind{"mesh-remove", as_wish<read_remove>},
    Kind{"mesh-move-role", as_wish<read_move_role>},
    Kind{"mesh-endpoints", as_wish<read_endpoints>},
    Kind{"mesh-recover", as_wish<read_recover>},
    Kind{"mesh-rotate-key", as_wish<read_rotate_key>},
    Kind{"witness-acknowledge", as_wish<read_acknowledge>},
    Kind{"fleet-use", as_wish<read_fleet_use>},
    Kind{"fleet-vm-create", as_wish_of_node<read_fleet_vm_create>},
    Kind{"fleet-vm-order", as_wish<read_fleet_vm_order>},
    Kind{"fleet-quota", as_wish_of_node<read_fleet_quota>},
    Kind{"vm-create", as_wish<read_vm_create>},
    Kind{"vm-set", as_wish<read_vm_set>},
    Kind{"vm-delete", as_wish<read_vm_delete>},
    Kind{"vm-adopt", as_wish<read_vm_adopt>},
    Kind{"image-remove", as_wish<read_image_remove>},
};

Problem no_such_kind() {
  std::vector<std::string_view> names;
  names.reserve(kinds.size());
  for (const auto& kind : kinds) names.push_back(kind.name);
  return {ProblemType::bad_request,
          fmt::format("'kind' must be one of {}", fmt::join(names, ", "))};
}

}  // namespace

Answer<ProposalWish> read_change(std::string_view body) {
  auto read = read_json(body);
  if (const auto* problem = std::get_if<Problem>(&read)) return *problem;
  const auto& json = std::get<Json>(read);
  auto change = json.find("change");
  if (change == json.end() || !change->is_object() || json.size() != 1)
    return Problem{ProblemType::bad_request,
                   "the body must have one field, 'change', an object"};
  FieldReader fields{*change};
  auto name = fields.text("kind");
  const auto* kind =
      std::find_if(kinds.begin(), kinds.end(),
                   [&](const Kind& known) { return known.name == name; });
  if (kind == kinds.end()) return no_such_kind();
  auto wish = kind->read(fields);
  if (auto problem = fields.finish(name)) return *problem;
  return wish;
}

}  // namespace ppn::runtime
