// What the body of a proposal asks for, as it is named there: names of members
// and guests are not looked up yet.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "actors/messages.hpp"
#include "runtime/api_fleet_wish.hpp"
#include "runtime/api_problem.hpp"
#include "runtime/api_vm_wish.hpp"

namespace ppn::runtime {

struct GrantWishFor {
  events::GrantWish grant;
  /// How long it is to hold; nothing: until it is revoked.
  std::optional<std::uint64_t> seconds;
};

struct FoundWish {
  std::string name;
  events::IpRange range;
  std::optional<events::IpRange> range6;
  PublicKey recovery_key;
  /// Of this node.
  std::vector<events::Endpoint> endpoints;
};

struct ImportWish {
  /// The text of a file; see actors/mesh_file.hpp.
  std::string file;
  /// Of the node that it introduces.
  std::vector<events::Endpoint> endpoints;
  /// The member whose place that node takes; empty for none.
  std::string replaces;
};

struct RemoveWish {
  std::string node;
  std::string reason;
  bool force = false;
};

struct MoveRoleWish {
  schema::Role role{};
  std::string to;
};

struct EndpointsWish {
  std::string node;
  std::vector<events::Endpoint> endpoints;
};

/// This node is to be the authority, in another epoch.
struct RecoverWish {
  std::uint64_t epoch = 0;
  /// The recovery key's.
  Signature signature;
};

/// What is not given stays as it is.
struct FleetUseWish {
  std::string node;
  std::optional<bool> drained;
  std::optional<bool> reserved;
};

/// What stands against a member is to stand no more.
struct AcknowledgeWish {
  std::string node;
};

/// A guest of the identity before, by its name or its id.
struct AdoptVmWish {
  std::string vm;
};

using ChangeWish =
    std::variant<GrantWishFor, actors::RevokeWish, FoundWish, ImportWish,
                 RemoveWish, MoveRoleWish, EndpointsWish, RecoverWish,
                 actors::RotateTunnelKey, FleetUseWish, PlaceGuestWish,
                 events::SetQuota, AcknowledgeWish>;

/// The first are looked up in the state of the node, the next in its pool, then
/// in what it knows as the controller, and in what it had before.
using ProposalWish =
    std::variant<ChangeWish, GuestWish, OrderGuestWish, AdoptVmWish>;

/// The body of a proposal. bad_request.
Answer<ProposalWish> read_change(std::string_view body);

}  // namespace ppn::runtime
