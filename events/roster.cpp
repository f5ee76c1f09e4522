#include "events/roster.hpp"

#include <flatbuffers/flatbuffers.h>

#include <cstring>

#include "events/recovery.hpp"
#include "events/stored_address.hpp"
#include "events/stored_member.hpp"
#include "events/tunnel_key.hpp"

namespace ppn::events {

namespace {

/// One that reached the ledger was checked; this holds for what came otherwise.
constexpr flatbuffers::uoffset_t depth_max = 16;
constexpr flatbuffers::uoffset_t tables_max = 256;

const schema::Entry* entry_in(const std::vector<std::uint64_t>& words,
                              std::size_t size) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): to bytes
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(words.data());
  flatbuffers::Verifier verifier{bytes, size, depth_max, tables_max};
  if (!schema::VerifyEntryBuffer(verifier)) return nullptr;
  return schema::GetEntry(bytes);
}

constexpr const char* no_address =
    "it has an address that is none, or more than a member may have";

// -- each kind of event -------------------------------------------------------

Contradiction fold(Mesh& mesh, const schema::Entry& entry,
                   const schema::MeshFounded& event) {
  auto founder = read_member(*event.founder());
  auto range = read_range(*event.range());
  if (!founder || !range) return no_address;
  FoundMesh founding;
  founding.mesh = Id{*event.mesh()};
  founding.name = event.name()->str();
  founding.range = *range;
  if (event.range6() != nullptr) {
    founding.range6 = read_range(*event.range6());
    if (!founding.range6) return no_address;
  }
  founding.recovery_key = PublicKey{*event.recovery_key()};
  founding.founder.node = NodeId{*event.founder()->node()};
  if (founding.founder.node != NodeId{*entry.node()})
    return "a mesh is founded by its founder";
  return found(mesh, founding, *founder);
}

Contradiction fold(Mesh& mesh, const schema::Entry& /*entry*/,
                   const schema::MemberAdded& event) {
  auto member = read_member(*event.member());
  if (!member) return no_address;
  return add(mesh, NodeId{*event.member()->node()}, *member);
}

Contradiction fold(Mesh& mesh, const schema::Entry& entry,
                   const schema::MemberRemoved& event) {
  NodeId node{*event.node()};
  return event.never_came() ? take_back(mesh, node)
                            : remove(mesh, node, entry.clock()->utc_ns());
}

Contradiction fold(Mesh& mesh, const schema::Entry& entry,
                   const schema::MemberReplaced& event) {
  auto member = read_member(*event.member());
  if (!member) return no_address;
  return replace(mesh, NodeId{*event.old()}, NodeId{*event.member()->node()},
                 *member, entry.clock()->utc_ns());
}

Contradiction fold(Mesh& mesh, const schema::Entry& /*entry*/,
                   const schema::RoleMoved& event) {
  return move_role(mesh, event.role(), NodeId{*event.to()});
}

Contradiction fold(Mesh& mesh, const schema::Entry& /*entry*/,
                   const schema::EndpointsChanged& event) {
  auto endpoints = read_endpoints(event.endpoints());
  if (!endpoints) return no_address;
  return change_endpoints(mesh, NodeId{*event.node()}, *endpoints);
}

Contradiction fold(Mesh& mesh, const schema::Entry& entry,
                   const schema::TunnelKeyAnnounced& event) {
  return announce_key(mesh, NodeId{*event.node()}, TunnelKey{*event.key()},
                      entry.clock()->utc_ns());
}

Contradiction fold(Mesh& mesh, const schema::Entry& /*entry*/,
                   const schema::TunnelKeyChanged& event) {
  return change_key(mesh, NodeId{*event.node()}, TunnelKey{*event.key()});
}

NodeId id_or_none(const schema::NodeId* node) {
  return node == nullptr ? NodeId{} : NodeId{*node};
}

Contradiction fold(Mesh& mesh, const schema::Entry& entry,
                   const schema::AuthorityRecovered& event) {
  auto authority = read_member(*event.authority());
  if (!authority) return no_address;
  Recovery recovery{Id{*event.mesh()},
                    event.epoch(),
                    NodeId{*event.authority()->node()},
                    *authority,
                    id_or_none(event.hub()),
                    id_or_none(event.controller()),
                    event.members(),
                    event.former()};
  if (recovery.node != NodeId{*entry.node()})
    return "a mesh is recovered by who becomes its authority";
  return recover(mesh, recovery);
}

Contradiction fold(Mesh& mesh, const schema::Entry& /*entry*/,
                   const schema::MemberRestated& event) {
  auto member = read_member(*event.member());
  if (!member) return no_address;
  return restate(mesh, NodeId{*event.member()->node()}, *member);
}

Contradiction fold(Mesh& mesh, const schema::Entry& /*entry*/,
                   const schema::FormerRestated& event) {
  auto gone = read_former(event);
  if (!gone) return no_address;
  return restate(mesh, NodeId{*event.node()}, *gone);
}

Contradiction fold_payload(Mesh& mesh, const schema::Entry& entry) {
  switch (entry.payload_type()) {
    case schema::Event::MeshFounded:
      return fold(mesh, entry, *entry.payload_as_MeshFounded());
    case schema::Event::MemberAdded:
      return fold(mesh, entry, *entry.payload_as_MemberAdded());
    case schema::Event::MemberRemoved:
      return fold(mesh, entry, *entry.payload_as_MemberRemoved());
    case schema::Event::MemberReplaced:
      return fold(mesh, entry, *entry.payload_as_MemberReplaced());
    case schema::Event::RoleMoved:
      return fold(mesh, entry, *entry.payload_as_RoleMoved());
    case schema::Event::EndpointsChanged:
      return fold(mesh, entry, *entry.payload_as_EndpointsChanged());
    case schema::Event::TunnelKeyAnnounced:
      return fold(mesh, entry, *entry.payload_as_TunnelKeyAnnounced());
    case schema::Event::TunnelKeyChanged:
      return fold(mesh, entry, *entry.payload_as_TunnelKeyChanged());
    case schema::Event::AuthorityRecovered:
      return fold(mesh, entry, *entry.payload_as_AuthorityRecovered());
    case schema::Event::MemberRestated:
      return fold(mesh, entry, *entry.payload_as_MemberRestated());
    case schema::Event::FormerRestated:
      return fold(mesh, entry, *entry.payload_as_FormerRestated());
    default:
      return "it is no event of a roster";
  }
}

bool recovers(const schema::Entry& entry) {
  return entry.payload_type() == schema::Event::AuthorityRecovered;
}

/// Why an entry is of an epoch that is over, or that this mesh has not begun.
Contradiction check_epoch(const Mesh& mesh, const schema::Entry& entry) {
  auto epoch = epoch_of(entry.stream()->string_view());
  if (!epoch) return "it is of another stream";
  if (!mesh.founded()) {
    bool founds = entry.payload_type() == schema::Event::MeshFounded;
    if (founds && *epoch == 1) return {};
    return "a roster begins with the founding of its mesh";
  }
  if (*epoch < mesh.epoch)
    return "it is of epoch " + std::to_string(*epoch) +
           " of the mesh, which is over: the mesh was recovered, and is in "
           "epoch " +
           std::to_string(mesh.epoch) + " with the authority " +
           authority_name(mesh);
  auto stream = entry.stream()->string_view();
  if (const auto* recovered = entry.payload_as_AuthorityRecovered()) {
    NodeId node{*recovered->authority()->node()};
    if (stream == roster_stream_of(recovered->epoch(), node)) return {};
    return "it recovers the mesh, and its stream is that of another recovery";
  }
  if (*epoch > mesh.epoch)
    return "it is of epoch " + std::to_string(*epoch) +
           " of the mesh, and here that did not begin";
  if (stream != roster_stream_of(mesh))
    return "it follows another recovery for epoch " + std::to_string(*epoch) +
           " than that by " + name_of(mesh, mesh.recovered_by) +
           ": recover the mesh once more, on either";
  return {};
}

/// An entry may give that role to another one, or take it away.
void note_controller(Mesh& mesh, const NodeId& before) {
  if (mesh.controller == before) return;
  if (before != NodeId{}) mesh.former_controller = before;
  mesh.controller_epoch = mesh.epoch;
  mesh.controller_version = mesh.version;
}

}  // namespace

RosterEntry roster_entry(const schema::Entry& entry) {
  RosterEntry found;
  const auto* taken = entry.payload_as_RosterEntryTaken();
  if (taken == nullptr) {
    found.entry = &entry;
    return found;
  }
  auto bytes = view(taken->entry());
  if (bytes.empty()) return found;
  found.held.resize((bytes.size() + 7) / 8);
  std::memcpy(found.held.data(), bytes.data(), bytes.size());
  found.entry = entry_in(found.held, bytes.size());
  return found;
}

std::optional<PublicKey> expected_signer(const Mesh& mesh,
                                         const schema::Entry& entry) {
  if (!mesh.founded()) {
    const auto* founding = entry.payload_as_MeshFounded();
    if (founding == nullptr) return std::nullopt;
    return PublicKey{*founding->founder()->key()};
  }
  if (const auto* recovered = entry.payload_as_AuthorityRecovered())
    return PublicKey{*recovered->authority()->key()};
  const auto* authority = mesh.authority_member();
  if (authority == nullptr) return std::nullopt;
  return authority->key;
}

Contradiction check_place(const Mesh& mesh, const schema::Entry& entry) {
  if (auto wrong = check_epoch(mesh, entry)) return wrong;
  auto next = recovers(entry) ? 1 : mesh.version + 1;
  if (entry.stream_version() == next) return {};
  return "it is version " + std::to_string(entry.stream_version()) +
         " of the roster, and version " + std::to_string(next) + " is next";
}

Contradiction apply_roster(Mesh& mesh, const schema::Entry& entry) {
  if (auto wrong = check_place(mesh, entry)) return wrong;
  if (mesh.founded() && !recovers(entry) &&
      NodeId{*entry.node()} != mesh.authority)
    return "its author is not the authority";
  bool restates = entry.payload_type() == schema::Event::MemberRestated ||
                  entry.payload_type() == schema::Event::FormerRestated;
  if (mesh.restating && !recovers(entry) && !restates)
    return "not all came yet that its authority restates";
  auto version = entry.stream_version();
  auto controller = mesh.controller;
  if (auto wrong = fold_payload(mesh, entry)) return wrong;
  mesh.version = version;
  note_controller(mesh, controller);
  return {};
}

Contradiction apply(Mesh& mesh, const schema::Entry& entry) {
  auto found = roster_entry(entry);
  if (found.entry == nullptr)
    return "it holds what is no entry that is known here";
  if (entry.stream()->string_view() != found.entry->stream()->string_view())
    return "it is of another stream";
  if (entry.stream_version() != found.entry->stream_version())
    return "it has another version than the entry that it holds";
  return apply_roster(mesh, *found.entry);
}

}  // namespace ppn::events
