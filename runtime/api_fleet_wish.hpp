// What is asked of the fleet in the control API: a guest somewhere, something
// of a guest that is there, what an owner may have. Names are looked up
// elsewhere. Knows no CAF.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/messages.hpp"
#include "runtime/api_fields.hpp"
#include "runtime/api_vm_wish.hpp"

namespace ppn::runtime {

struct PlaceGuestWish {
  CreateVmWish guest;
  /// A member's name or node id: there or nowhere; empty: anywhere.
  std::string node = {};
  std::string owner = {};
  std::vector<std::string> labels = {};
  std::vector<std::string> near = {};
  std::vector<std::string> apart = {};
  bool prefers_accelerator = false;
};

struct OrderGuestWish {
  /// A member's name or node id.
  std::string node;
  /// The name or the id of one of its guests.
  std::string vm;
  events::GuestOrder order;
};

/// An array of labels as owners and guests have them, each once; none if it is
/// absent.
std::vector<std::string> read_labels(FieldReader& fields, const char* field);

/// The fields of a proposal of that kind.
PlaceGuestWish read_fleet_vm_create(FieldReader& fields);
/// Of a removal or a change.
OrderGuestWish read_fleet_vm_order(FieldReader& fields);
events::SetQuota read_fleet_quota(FieldReader& fields);

/// The body of what a guest is told at once. bad_request.
Answer<OrderGuestWish> read_fleet_order(std::string_view body);

/// The wish with all images that it is made of. `node`: where it has to be.
/// User data is kept elsewhere. refused.
Answer<events::PlaceGuest> place_of(const PlaceGuestWish& wish,
                                    const std::optional<NodeId>& node,
                                    const events::Images& images);

struct FoundGuest {
  NodeId node;
  Id vm;
  std::string name;
};

/// A guest by the names or the ids of its host and of its own, looked up in
/// what the controller knows. refused.
Answer<FoundGuest> find_guest(const std::string& node, const std::string& vm,
                              const actors::FleetStatus& status);

/// Looked up likewise. refused.
Answer<events::OrderGuest> order_of(const OrderGuestWish& wish,
                                    const actors::FleetStatus& status);

/// A member by its name or its node id.
std::optional<NodeId> find_host(const actors::FleetStatus& status,
                                const std::string& meant);
Problem no_such_host(const std::string& meant);

/// Why this node, which is not the controller, knows nothing of it.
Problem not_the_controller(const actors::FleetStatus& status);

/// How such changes look in a proposal's document.
schema::Json place_change_json(const events::PlaceGuest& wish);
schema::Json order_change_json(const events::OrderGuest& wish);
schema::Json quota_change_json(const events::SetQuota& wish);

/// What an order is about, beside where it goes.
schema::Json guest_order_json(const events::GuestOrder& order);
schema::Json image_of_guest_json(const events::ImageOfGuest& image);

}  // namespace ppn::runtime
