#include "tests/simulation/roster_history.hpp"

#include <algorithm>

#include "events/stored_address.hpp"
#include "store/record.hpp"
#include "store/signing.hpp"

namespace ppn::simulation {

namespace {

// Written anew here rather than borrowed: what is checked is the other one.
constexpr std::int64_t rest_of_an_address_ns = 24LL * 3600 * 1'000'000'000;

std::vector<events::Endpoint> endpoints_of(
    const flatbuffers::Vector<flatbuffers::Offset<schema::Endpoint>>* stored) {
  std::vector<events::Endpoint> endpoints;
  if (stored == nullptr) return endpoints;
  for (const auto* one : *stored)
    endpoints.push_back(
        {*events::IpAddress::of(events::view(one->address())), one->port()});
  return endpoints;
}

Bytes bytes_of(const flatbuffers::Vector<std::uint8_t>& stored) {
  return {stored.begin(), stored.end()};
}

}  // namespace

std::optional<std::string> RosterHistory::take(const schema::Entry& entry,
                                               ByteView record) {
  const auto* taken = entry.payload_as_RosterEntryTaken();
  if (taken == nullptr) return take_news(entry, record);
  auto version = entry.stream_version();
  if (version > records_.size())
    return "it takes a version of the roster that no authority made";
  auto held = bytes_of(*taken->entry());
  Signature signature{*taken->signature()};
  held.insert(held.end(), signature.bytes.begin(), signature.bytes.end());
  if (held != records_[version - 1])
    return "it takes another version " + std::to_string(version) +
           " of the roster than the authority made";
  return {};
}

/// What an authority decided itself.
std::optional<std::string> RosterHistory::take_news(const schema::Entry& entry,
                                                    ByteView record) {
  if (entry.stream_version() != records_.size() + 1)
    return "it makes version " + std::to_string(entry.stream_version()) +
           " of the roster, and " + std::to_string(records_.size()) +
           " are made already";
  NodeId author{*entry.node()};
  if (!records_.empty() && author != authority_)
    return "it changes the roster and is not the authority";
  if (auto wrong = fold(entry)) return wrong;
  const auto& key = members_.contains(author) ? members_.at(author).key
                                              : gone_.at(author).known.key;
  auto halves = store::split_record(record);
  if (!halves || !store::verify(key, store::entry_domain, halves->entry,
                                halves->signature))
    return "the authority did not sign it";
  records_.emplace_back(record.begin(), record.end());
  return {};
}

std::optional<std::string> RosterHistory::fold(const schema::Entry& entry) {
  if (const auto* founded = entry.payload_as_MeshFounded()) {
    if (!records_.empty()) return "the mesh is founded a second time";
    authority_ = hub_ = controller_ = NodeId{*founded->founder()->node()};
    return add(*founded->founder(), entry, nullptr);
  }
  if (const auto* added = entry.payload_as_MemberAdded())
    return add(*added->member(), entry, nullptr);
  if (const auto* removed = entry.payload_as_MemberRemoved())
    return remove(NodeId{*removed->node()}, entry, false);
  if (const auto* replaced = entry.payload_as_MemberReplaced()) {
    NodeId old{*replaced->old()};
    auto roles = std::pair{hub_ == old, controller_ == old};
    if (auto wrong = remove(old, entry, true)) return wrong;
    NodeId node{*replaced->member()->node()};
    if (roles.first) hub_ = node;
    if (roles.second) controller_ = node;
    return add(*replaced->member(), entry, &old);
  }
  if (const auto* moved = entry.payload_as_RoleMoved()) {
    NodeId to{*moved->to()};
    if (!members_.contains(to)) return "a role goes to who is no member";
    if (moved->role() == schema::Role::authority) authority_ = to;
    if (moved->role() == schema::Role::hub) hub_ = to;
    if (moved->role() == schema::Role::controller) controller_ = to;
    return {};
  }
  if (const auto* changed = entry.payload_as_EndpointsChanged()) {
    auto member = members_.find(NodeId{*changed->node()});
    if (member == members_.end())
      return "the endpoints of somebody change who is no member";
    member->second.endpoints = endpoints_of(changed->endpoints());
    return {};
  }
  return "it is no entry of a roster";
}

std::optional<std::string> RosterHistory::add(const schema::Member& member,
                                              const schema::Entry& entry,
                                              const NodeId* in_place_of) {
  NodeId node{*member.node()};
  if (members_.contains(node)) return "a member is added a second time";
  if (gone_.contains(node)) return "who was removed is added again";
  Known known{member.name()->str(), PublicKey{*member.key()},
              events::TunnelKey{*member.tunnel_key()},
              bytes_of(*member.address()), endpoints_of(member.endpoints())};
  if (auto wrong = check_free(known, entry, in_place_of)) return wrong;
  members_.emplace(node, std::move(known));
  return {};
}

/// Nobody has or had what is one's own.
std::optional<std::string> RosterHistory::check_free(
    const Known& known, const schema::Entry& entry,
    const NodeId* in_place_of) const {
  for (const auto& [node, other] : members_)
    if (other.name == known.name || other.address == known.address ||
        other.key == known.key || other.tunnel_key == known.tunnel_key)
      return "two members have one name, address or key";
  const auto& clock = *entry.clock();
  for (const auto& [node, gone] : gone_) {
    if (gone.known.key == known.key ||
        gone.known.tunnel_key == known.tunnel_key)
      return "a member has the key of one who was removed";
    // Recorded by an earlier clock than that of the removal: it went back since
    // the decision, and does not tell.
    bool rested = clock.utc_ns() < gone.removed_ns ||
                  (clock.synchronised() &&
                   clock.utc_ns() - gone.removed_ns >= rest_of_an_address_ns);
    bool is_heir = in_place_of != nullptr && node == *in_place_of;
    if (gone.known.address == known.address && !gone.replaced && !rested &&
        !is_heir)
      return "an address is given again before it rested";
  }
  return {};
}

std::optional<std::string> RosterHistory::remove(const NodeId& node,
                                                 const schema::Entry& entry,
                                                 bool replaced) {
  auto member = members_.find(node);
  if (member == members_.end()) return "somebody is removed who is no member";
  gone_[node] = {member->second, entry.clock()->utc_ns(), replaced};
  members_.erase(member);
  if (hub_ == node) hub_ = {};
  if (controller_ == node) controller_ = {};
  return {};
}

}  // namespace ppn::simulation
