#include "tools/ppnctl/mesh_documents.hpp"

#include <algorithm>

#include "tools/ppnctl/fields.hpp"

namespace ppn::ctl {

namespace {

using schema::Json;

Member read_member(const Json& json, Fields& fields) {
  Member member{.name = fields.text(json, "name"),
                .roles = fields.texts(json, "roles"),
                .address = fields.text(json, "address"),
                .address6 = fields.text_or_null(json, "address6"),
                .endpoints = fields.texts(json, "endpoints"),
                .is_self = fields.flag(json, "self"),
                .heard = {},
                .clash = fields.text_or_null(json, "clash")};
  if (const auto& heard = fields.object_or_null(json, "heard");
      !heard.is_null())
    member.heard = {.roster_version = fields.number(heard, "roster_version"),
                    .roster_epoch = fields.number(heard, "roster_epoch"),
                    .utc_ns = fields.time_or_null(heard, "time")};
  return member;
}

FormerMember read_former(const Json& json, Fields& fields) {
  return {.name = fields.text(json, "name"),
          .address = fields.text(json, "address"),
          .removed_ns = fields.time_or_null(json, "removed"),
          .was_replaced = fields.flag(json, "replaced")};
}

/// "local 192.168.1.20:51820"
std::vector<std::string> read_tried(const Json& json, Fields& fields) {
  std::vector<std::string> tried;
  for (const auto& one : fields.array(json, "tried"))
    tried.push_back(fields.text(one, "kind") + ' ' +
                    fields.text(one, "endpoint"));
  return tried;
}

Peer read_peer(const Json& json, Fields& fields) {
  return {.name = fields.text(json, "name"),
          .address = fields.text(json, "address"),
          .public_key = fields.text(json, "public_key"),
          .path = fields.text(json, "path"),
          .path_why = fields.text_or_null(json, "path_why"),
          .path_since_ns = fields.time_or_null(json, "path_since"),
          .called_at = fields.text_or_null(json, "called_at"),
          .tried = read_tried(json, fields),
          .is_up = fields.flag(json, "up"),
          .why = fields.text_or_null(json, "why"),
          .endpoint = fields.text_or_null(json, "endpoint"),
          .handshake_ns = fields.time_or_null(json, "latest_handshake"),
          .received_bytes = fields.number(json, "received_bytes"),
          .sent_bytes = fields.number(json, "sent_bytes"),
          .keepalive_seconds = fields.number(json, "keepalive_seconds"),
          .allowed = fields.texts(json, "allowed"),
          .since_ns = fields.time_or_null(json, "since")};
}

}  // namespace

bool Peers::reaches_nobody() const {
  return !peers.empty() &&
         std::none_of(peers.begin(), peers.end(),
                      [](const Peer& peer) { return peer.is_up; });
}

Result<std::optional<Mesh>> read_mesh(const Json& document) {
  Fields fields{document, "ppn.mesh.v1"};
  const auto& json = fields.object_or_null("mesh");
  if (json.is_null()) return fields.unless_faulty(std::optional<Mesh>{});
  Mesh mesh{.name = fields.text(json, "name"),
            .range = fields.text(json, "range"),
            .range6 = fields.text_or_null(json, "range6"),
            .version = fields.number(json, "version"),
            .epoch = fields.number(json, "epoch"),
            .left = {},
            .is_member = fields.flag(json, "member"),
            .members = {},
            .former = {},
            .dropped = {}};
  if (const auto& restating = fields.object_or_null(json, "restating");
      !restating.is_null())
    mesh.left = fields.number(restating, "left");
  for (const auto& member : fields.array(json, "members"))
    mesh.members.push_back(read_member(member, fields));
  for (const auto& former : fields.array(json, "former"))
    mesh.former.push_back(read_former(former, fields));
  const auto& dropped = fields.object(fields.object("frames"), "dropped");
  for (const auto& [fault, count] : dropped.items())
    mesh.dropped[fault] = fields.number(dropped, fault.c_str());
  return fields.unless_faulty(std::optional{std::move(mesh)});
}

std::optional<Rotation> read_rotation(Fields& fields) {
  const auto& json = fields.object_or_null("rotation");
  if (json.is_null()) return std::nullopt;
  return Rotation{fields.text(json, "public_key"), fields.flag(json, "forced"),
                  fields.flag(json, "announced"), fields.flag(json, "in_use"),
                  fields.texts(json, "waits_for")};
}

Result<Peers> read_peers(const Json& document) {
  Fields fields{document, "ppn.peers.v1"};
  Peers peers{.interface = fields.text("interface"),
              .implementation = fields.text("implementation"),
              .problem = fields.text_or_null("problem"),
              .public_key = fields.text_or_null("public_key"),
              .rotation = read_rotation(fields),
              .listen_port = fields.number("listen_port"),
              .addresses = fields.texts("addresses"),
              .seen_ns = fields.time_or_null("time"),
              .peers = {}};
  for (const auto& peer : fields.array("peers"))
    peers.peers.push_back(read_peer(peer, fields));
  return fields.unless_faulty(std::move(peers));
}

Result<std::vector<std::string>> read_device_plan(const Json& document) {
  Fields fields{document, "ppn.device-plan.v1"};
  return fields.unless_faulty(fields.texts("changes"));
}

}  // namespace ppn::ctl
