#include "events/roster.hpp"

#include <flatbuffers/flatbuffers.h>

#include <cstring>

#include "events/stored_address.hpp"
#include "events/stored_member.hpp"

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
  return remove(mesh, NodeId{*event.node()}, entry.clock()->utc_ns());
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
    default:
      return "it is no event of a roster";
  }
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
  const auto* authority = mesh.find(mesh.authority);
  if (authority == nullptr) return std::nullopt;
  return authority->key;
}

Contradiction apply_roster(Mesh& mesh, const schema::Entry& entry) {
  if (entry.stream()->string_view() != roster_stream)
    return "it is of another stream";
  if (entry.stream_version() != mesh.version + 1)
    return "it is version " + std::to_string(entry.stream_version()) +
           " of the roster, and version " + std::to_string(mesh.version + 1) +
           " is next";
  if (!mesh.founded() && entry.payload_type() != schema::Event::MeshFounded)
    return "a roster begins with the founding of its mesh";
  if (mesh.founded() && NodeId{*entry.node()} != mesh.authority)
    return "its author is not the authority";
  auto version = entry.stream_version();
  if (auto wrong = fold_payload(mesh, entry)) return wrong;
  mesh.version = version;
  return {};
}

Contradiction apply(Mesh& mesh, const schema::Entry& entry) {
  auto found = roster_entry(entry);
  if (found.entry == nullptr)
    return "it holds what is no entry that is known here";
  if (entry.stream()->string_view() != roster_stream)
    return "it is of another stream";
  if (entry.stream_version() != found.entry->stream_version())
    return "it has another version than the entry that it holds";
  return apply_roster(mesh, *found.entry);
}

}  // namespace ppn::events
