// A roster as its authority makes it: each command decided, recorded and
// applied.
#pragma once

#include <string>
#include <vector>

#include "events/tunnel_key.hpp"
#include "store/record.hpp"

namespace ppn::tests {

// -- who is in it: the same in every run, another one for each number ---------

NodeId node_of(std::uint32_t number);
PublicKey signing_key_of(std::uint32_t number);
events::TunnelKey tunnel_key_of(std::uint32_t number);

/// What the text says; it must be right.
events::IpAddress address(std::string_view text);
events::IpRange range(std::string_view text);
events::Endpoint endpoint(std::string_view text);

/// "node-7" is the name of number 7.
events::Newcomer newcomer(std::uint32_t number,
                          std::vector<events::Endpoint> endpoints = {});

/// The mesh "home", founded by number 1.
events::FoundMesh founding(const char* range = "10.8.0.0/24",
                           const char* range6 = nullptr);

// -- entries ------------------------------------------------------------------

/// Where an entry of a roster stands.
struct RosterPlace {
  NodeId author;
  std::uint64_t version = 1;
  std::int64_t utc_ns = 0;
  std::string stream = events::roster_stream;
};

Bytes entry_at(const RosterPlace& place, schema::EventUnion payload);

template <class Payload>
Bytes entry_at(const RosterPlace& place, Payload payload) {
  schema::EventUnion any;
  any.Set(std::move(payload));
  return entry_at(place, std::move(any));
}

/// The entry of another member's ledger that holds `entry`.
Bytes taken(const Bytes& entry, const RosterPlace& place);

/// What an entry makes of a mesh: why it can not follow, or nothing. Throws if
/// the bytes are no entry.
std::string apply_to(events::Mesh& mesh, const Bytes& entry);

// -- the authority ------------------------------------------------------------

class RosterAuthor {
 public:
  /// Decides for whoever is the authority, founds, or recovers. Empty, or why
  /// the command is refused.
  std::string operator()(const events::MeshCommand& command,
                         const events::Moment& now = {});

  /// The same for what a member says of the key of its tunnels.
  std::string hear(const NodeId& member, const events::KeyNews& news,
                   const events::Moment& now = {});

  [[nodiscard]] const events::Mesh& mesh() const { return mesh_; }
  /// All so far, of all epochs.
  [[nodiscard]] const std::vector<Bytes>& entries() const { return entries_; }

 private:
  std::string record(const events::Decision& decision, const NodeId& author,
                     const events::Moment& now);

  events::Mesh mesh_;
  std::vector<Bytes> entries_;
};

/// A mesh with the members 1 to `count`, of whom number 1 has all roles.
RosterAuthor mesh_of(std::uint32_t count, const char* range = "10.8.0.0/24",
                     const char* range6 = nullptr);

}  // namespace ppn::tests
