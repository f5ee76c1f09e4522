#include "tests/simulation/roster_history.hpp"

#include <algorithm>
#include <set>

#include "events/stored_address.hpp"
#include "store/byte_order.hpp"
#include "store/record.hpp"
#include "store/signing.hpp"

namespace ppn::simulation {

namespace {

using Known = RosterHistory::Known;
using Roll = RosterHistory::Roll;
using Wrong = std::optional<std::string>;

// Written anew here rather than borrowed: what is checked is the other one.
constexpr std::int64_t rest_of_an_address_ns = 24LL * 3600 * 1'000'000'000;
constexpr std::int64_t rest_of_a_key_ns = 3600LL * 1'000'000'000;

std::string stream_of(std::uint64_t epoch, const NodeId& begun_by) {
  if (epoch == 1) return "roster";
  return "roster/" + std::to_string(epoch) + "/" + begun_by.hex();
}

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

std::optional<events::TunnelKey> key_or_none(const schema::TunnelKey* key) {
  return key == nullptr ? std::nullopt : std::optional{events::TunnelKey{*key}};
}

std::set<events::TunnelKey> tunnel_keys_of(const Known& known) {
  std::set<events::TunnelKey> keys{known.tunnel_key};
  if (known.next_key) keys.insert(*known.next_key);
  if (known.last_key) keys.insert(*known.last_key);
  return keys;
}

bool share_a_key(const Known& one, const Known& other) {
  auto keys = tunnel_keys_of(one);
  for (const auto& key : tunnel_keys_of(other))
    if (keys.contains(key)) return true;
  return one.key == other.key;
}

Known known_of(const schema::Member& member) {
  return {member.name()->str(),
          PublicKey{*member.key()},
          events::TunnelKey{*member.tunnel_key()},
          bytes_of(*member.address()),
          endpoints_of(member.endpoints()),
          key_or_none(member.next_tunnel_key()),
          key_or_none(member.last_tunnel_key()),
          member.key_announced_ns()};
}

/// Its entry has room for no more.
Known as_restated(Known authority) {
  authority.last_key.reset();
  authority.announced_ns = 0;
  return authority;
}

NodeId id_or_none(const schema::NodeId* node) {
  return node == nullptr ? NodeId{} : NodeId{*node};
}

// -- what one entry makes of a roll -------------------------------------------

/// Nobody has or had what is one's own.
Wrong check_free(const Roll& roll, const Known& known,
                 const schema::Entry& entry, const NodeId* in_place_of) {
  for (const auto& [node, other] : roll.members)
    if (other.name == known.name || other.address == known.address ||
        share_a_key(other, known))
      return "two members have one name, address or key";
  const auto& clock = *entry.clock();
  for (const auto& [node, gone] : roll.gone) {
    if (share_a_key(gone.known, known))
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

Wrong add(Roll& roll, const schema::Member& member, const schema::Entry& entry,
          const NodeId* in_place_of) {
  NodeId node{*member.node()};
  if (roll.members.contains(node)) return "a member is added a second time";
  if (roll.gone.contains(node)) return "who was removed is added again";
  auto known = known_of(member);
  if (auto wrong = check_free(roll, known, entry, in_place_of)) return wrong;
  roll.members.emplace(node, std::move(known));
  return {};
}

Wrong remove(Roll& roll, const NodeId& node, const schema::Entry& entry,
             bool replaced) {
  auto member = roll.members.find(node);
  if (member == roll.members.end())
    return "somebody is removed who is no member";
  roll.gone[node] = {member->second, entry.clock()->utc_ns(), replaced};
  roll.members.erase(member);
  if (roll.hub == node) roll.hub = {};
  if (roll.controller == node) roll.controller = {};
  return {};
}

/// As if it had never been added.
Wrong take_back(Roll& roll, const NodeId& node) {
  if (node == roll.hub || node == roll.controller || node == roll.authority)
    return "who has a role is said never to have come";
  if (roll.members.erase(node) == 0)
    return "somebody is taken back who is no member";
  return {};
}

Wrong announce(Roll& roll, const schema::Entry& entry, const NodeId& node,
               const events::TunnelKey& key) {
  auto member = roll.members.find(node);
  if (member == roll.members.end())
    return "a key is announced of somebody who is no member";
  for (const auto& [other, known] : roll.members)
    if (tunnel_keys_of(known).contains(key))
      return "a key is announced that a member has";
  for (const auto& [other, gone] : roll.gone)
    if (tunnel_keys_of(gone.known).contains(key))
      return "a key is announced that a former member had";
  auto& known = member->second;
  auto utc_ns = entry.clock()->utc_ns();
  if (known.announced_ns != 0 && utc_ns >= known.announced_ns &&
      utc_ns - known.announced_ns < rest_of_a_key_ns)
    return "a member's key is announced twice within an hour";
  known.next_key = key;
  known.announced_ns = utc_ns;
  return {};
}

Wrong change_key(Roll& roll, const NodeId& node, const events::TunnelKey& key) {
  auto member = roll.members.find(node);
  if (member == roll.members.end())
    return "the key of somebody changes who is no member";
  auto& known = member->second;
  if (known.next_key != key) return "a key is in use that was not announced";
  known.last_key = known.tunnel_key;
  known.tunnel_key = key;
  known.next_key.reset();
  return {};
}

Wrong fold(Roll& roll, const schema::Entry& entry) {
  if (const auto* added = entry.payload_as_MemberAdded())
    return add(roll, *added->member(), entry, nullptr);
  if (const auto* removed = entry.payload_as_MemberRemoved())
    return removed->never_came()
               ? take_back(roll, NodeId{*removed->node()})
               : remove(roll, NodeId{*removed->node()}, entry, false);
  if (const auto* replaced = entry.payload_as_MemberReplaced()) {
    NodeId old{*replaced->old()};
    auto roles = std::pair{roll.hub == old, roll.controller == old};
    if (auto wrong = remove(roll, old, entry, true)) return wrong;
    NodeId node{*replaced->member()->node()};
    if (roles.first) roll.hub = node;
    if (roles.second) roll.controller = node;
    return add(roll, *replaced->member(), entry, &old);
  }
  if (const auto* moved = entry.payload_as_RoleMoved()) {
    NodeId to{*moved->to()};
    if (!roll.members.contains(to)) return "a role goes to who is no member";
    if (moved->role() == schema::Role::authority) roll.authority = to;
    if (moved->role() == schema::Role::hub) roll.hub = to;
    if (moved->role() == schema::Role::controller) roll.controller = to;
    return {};
  }
  if (const auto* changed = entry.payload_as_EndpointsChanged()) {
    auto member = roll.members.find(NodeId{*changed->node()});
    if (member == roll.members.end())
      return "the endpoints of somebody change who is no member";
    member->second.endpoints = endpoints_of(changed->endpoints());
    return {};
  }
  if (const auto* announced = entry.payload_as_TunnelKeyAnnounced())
    return announce(roll, entry, NodeId{*announced->node()},
                    events::TunnelKey{*announced->key()});
  if (const auto* changed = entry.payload_as_TunnelKeyChanged())
    return change_key(roll, NodeId{*changed->node()},
                      events::TunnelKey{*changed->key()});
  return "it is no entry of a roster that goes on";
}

// -- a mesh, held against a roll ----------------------------------------------

bool is_same(const Bytes& bytes, const events::IpAddress& address) {
  auto there = address.view();
  return std::equal(bytes.begin(), bytes.end(), there.begin(), there.end());
}

bool is_same(const Known& known, const events::Member& member) {
  return known.name == member.name && known.key == member.key &&
         known.tunnel_key == member.tunnel_key &&
         is_same(known.address, member.address) &&
         known.endpoints == member.endpoints &&
         known.next_key == member.next_tunnel_key &&
         known.last_key == member.last_tunnel_key &&
         known.announced_ns == member.key_announced_ns;
}

bool is_same(const RosterHistory::Gone& gone,
             const events::FormerMember& former) {
  return gone.known.name == former.name && gone.known.key == former.key &&
         gone.known.tunnel_key == former.tunnel_key &&
         is_same(gone.known.address, former.address) &&
         gone.removed_ns == former.removed_ns &&
         gone.replaced == former.replaced;
}

template <class Ours, class Theirs>
bool are_same(const std::map<NodeId, Ours>& ours,
              const std::map<NodeId, Theirs>& theirs) {
  return std::equal(ours.begin(), ours.end(), theirs.begin(), theirs.end(),
                    [](const auto& a, const auto& b) {
                      return a.first == b.first && is_same(a.second, b.second);
                    });
}

}  // namespace

// -- what stands --------------------------------------------------------------

const RosterHistory::Branch& RosterHistory::newest() const {
  return *std::max_element(
      branches_.begin(), branches_.end(),
      [](const Branch& a, const Branch& b) { return a.epoch < b.epoch; });
}

const Roll& RosterHistory::roll() const {
  static const Roll nobody;
  return branches_.empty() ? nobody : *newest().rolls.back();
}

bool RosterHistory::is_split(std::uint64_t epoch) const {
  return std::count_if(
             branches_.begin(), branches_.end(),
             [&](const Branch& branch) { return branch.epoch == epoch; }) > 1;
}

bool RosterHistory::is_at_newest(const NodeId& node) const {
  auto standing = standings_.find(node);
  return standing != standings_.end() &&
         &branches_[standing->second.branch] == &newest() &&
         standing->second.version == version();
}

std::optional<std::string> RosterHistory::who_does_not_know(
    const NodeId& node, const events::TunnelKey& key) const {
  auto own = standings_.find(node);
  if (own == standings_.end()) return "it itself";
  for (const auto& [other, known] : own->second.roll->members) {
    auto theirs = standings_.find(other);
    // Who was added in this moment gets a roster that says it.
    if (theirs == standings_.end()) continue;
    // Another machine may have answered for it.
    if (was_cloned(other)) continue;
    const auto& members = theirs->second.roll->members;
    auto there = members.find(node);
    // Who is further may know that it was removed.
    bool is_gone = there == members.end() &&
                   theirs->second.version > own->second.version;
    bool knows = there != members.end() &&
                 tunnel_keys_of(there->second).contains(key);
    if (!is_gone && !knows) return known.name;
  }
  return std::nullopt;
}

Wrong RosterHistory::check(const NodeId& node, const events::Mesh& mesh) const {
  auto found = standings_.find(node);
  if (found == standings_.end())
    return mesh.founded() ? Wrong{"its mesh came from nowhere"} : Wrong{};
  const auto& [index, version, newest_roll] = found->second;
  const auto& roll = *newest_roll;
  const auto& branch = branches_[index];
  bool is_whole = version >= branch.whole_from;
  if (mesh.epoch != branch.epoch || mesh.version != version)
    return "its roster is elsewhere than what it took";
  if (mesh.authority != (is_whole ? roll.authority : branch.begun_by))
    return "it obeys somebody else than the authority";
  if (mesh.restating.has_value() == is_whole)
    return "it is wrong about whether all came that is restated";
  if (mesh.hub != roll.hub || mesh.controller != roll.controller ||
      !are_same(roll.members, mesh.members) ||
      !are_same(roll.gone, mesh.former))
    return "its members are not those that the authority said";
  return {};
}

// -- what becomes durable -----------------------------------------------------

Wrong RosterHistory::take(const schema::Entry& entry, ByteView record) {
  NodeId node{*entry.node()};
  if (const auto* taken = entry.payload_as_RosterEntryTaken()) {
    auto held = bytes_of(*taken->entry());
    Signature signature{*taken->signature()};
    held.insert(held.end(), signature.bytes.begin(), signature.bytes.end());
    return take_held(node, entry, held);
  }
  auto wrong = take_news(node, entry);
  if (wrong) return wrong;
  const auto& standing = standings_.at(node);
  auto& branch = branches_[standing.branch];
  const auto& roll = *standing.roll;
  const auto& key = roll.members.contains(node) ? roll.members.at(node).key
                                                : roll.gone.at(node).known.key;
  auto halves = store::split_record(record);
  if (!halves || !store::verify(key, store::entry_domain, halves->entry,
                                halves->signature))
    return "the authority did not sign it";
  branch.records.emplace_back(record.begin(), record.end());
  records_.push_back(branch.records.back());
  return {};
}

void RosterHistory::stand(const NodeId& node, std::size_t branch,
                          std::uint64_t version) {
  auto& standing = standings_[node];
  standing.branch = branch;
  standing.version = version;
  const auto& there = branches_[branch];
  if (version >= there.whole_from)
    standing.roll = there.rolls[version - there.whole_from];
}

std::optional<std::size_t> RosterHistory::begun_with(const Bytes& held) const {
  for (std::size_t i = 0; i < branches_.size(); ++i)
    if (!branches_[i].records.empty() && branches_[i].records.front() == held)
      return i;
  return std::nullopt;
}

/// What somebody else signed.
Wrong RosterHistory::take_held(const NodeId& node, const schema::Entry& entry,
                               const Bytes& held) {
  auto found = standings_.find(node);
  if (auto begun = begun_with(held)) {
    const auto& branch = branches_[*begun];
    if (found != standings_.end() &&
        branch.epoch <= branches_[found->second.branch].epoch)
      return "it begins an epoch that is not above its own";
    if (found == standings_.end() && branch.epoch != 1)
      return "it begins with an epoch and not with the founding";
    if (entry.stream()->str() != stream_of(branch.epoch, branch.begun_by))
      return "it takes a roster into the stream of another epoch";
    stand(node, *begun, 1);
    return {};
  }
  if (found == standings_.end())
    return "it takes a roster and not its beginning";
  auto [index, version, roll] = found->second;
  const auto& branch = branches_[index];
  if (entry.stream()->str() != stream_of(branch.epoch, branch.begun_by))
    return "it takes what is not of its epoch";
  if (version >= branch.records.size() || held != branch.records[version])
    return "it takes another version " + std::to_string(version + 1) +
           " of the roster than the authority made";
  stand(node, index, version + 1);
  return {};
}

/// What a node decided itself.
Wrong RosterHistory::take_news(const NodeId& author,
                               const schema::Entry& entry) {
  if (entry.payload_as_MeshFounded() != nullptr) return found(author, entry);
  auto standing = standings_.find(author);
  if (standing == standings_.end())
    return "it changes a roster that it does not have";
  if (entry.payload_as_AuthorityRecovered() != nullptr)
    return recover(author, entry);
  auto index = standing->second.branch;
  auto version = standing->second.version + 1;
  auto& branch = branches_[index];
  if (entry.stream()->str() != stream_of(branch.epoch, branch.begun_by))
    return "it changes the roster of another epoch than its own";
  if (entry.stream_version() != version || branch.records.size() + 1 != version)
    return "it makes version " + std::to_string(entry.stream_version()) +
           " of the roster, and " + std::to_string(branch.records.size()) +
           " are made already";
  if (version <= branch.whole_from && version > 1) {
    if (author != branch.begun_by)
      return "it restates and is not the authority";
    if (auto wrong = restate(branch, entry)) return wrong;
  } else {
    auto after = *branch.rolls.back();
    if (author != after.authority)
      return "it changes the roster and is not the authority";
    if (auto wrong = fold(after, entry)) return wrong;
    branch.rolls.push_back(std::make_shared<const Roll>(std::move(after)));
  }
  stand(author, index, version);
  return {};
}

Wrong RosterHistory::found(const NodeId& author, const schema::Entry& entry) {
  if (!branches_.empty()) return "the mesh is founded a second time";
  const auto& founded = *entry.payload_as_MeshFounded();
  mesh_ = Id{*founded.mesh()};
  recovery_key_ = PublicKey{*founded.recovery_key()};
  Roll roll;
  roll.authority = roll.hub = roll.controller =
      NodeId{*founded.founder()->node()};
  if (auto wrong = add(roll, *founded.founder(), entry, nullptr)) return wrong;
  branches_.push_back(
      {1, author, {}, 1, {std::make_shared<const Roll>(roll)}, {}});
  stand(author, 0, 1);
  return {};
}

/// By who has the consent of the recovery key, with all that it knows.
Wrong RosterHistory::recover(const NodeId& author, const schema::Entry& entry) {
  const auto& recovered = *entry.payload_as_AuthorityRecovered();
  const auto& standing = standings_.at(author);
  if (auto wrong = check_consent(recovered)) return wrong;
  if (recovered.epoch() <= branches_[standing.branch].epoch)
    return "it begins an epoch that is not above its own";
  if (entry.stream()->str() != stream_of(recovered.epoch(), author) ||
      entry.stream_version() != 1)
    return "an epoch does not begin its stream";
  auto roll = *standing.roll;
  auto member = roll.members.find(author);
  if (member == roll.members.end() ||
      NodeId{*recovered.authority()->node()} != author ||
      known_of(*recovered.authority()) != as_restated(member->second))
    return "it recovers a mesh and is not the member that it says";
  if (id_or_none(recovered.hub()) != roll.hub ||
      id_or_none(recovered.controller()) != roll.controller)
    return "a recovery moves other roles too";
  roll.authority = author;
  member->second = as_restated(member->second);
  auto left = roll;
  left.members.erase(author);
  if (recovered.members() != left.members.size() ||
      recovered.former() != left.gone.size())
    return "it announces another number of members than it knows";
  auto whole_from = 1 + left.members.size() + left.gone.size();
  branches_.push_back({recovered.epoch(),
                       author,
                       {},
                       whole_from,
                       {std::make_shared<const Roll>(roll)},
                       std::move(left)});
  stand(author, branches_.size() - 1, 1);
  return {};
}

Wrong RosterHistory::check_consent(
    const schema::AuthorityRecovered& recovered) const {
  Bytes statement;
  auto add = [&](ByteView part) {
    statement.insert(statement.end(), part.begin(), part.end());
  };
  add(Id{*recovered.mesh()}.view());
  add(store::big_endian(recovered.epoch()));
  add(NodeId{*recovered.authority()->node()}.view());
  add(PublicKey{*recovered.authority()->key()}.view());
  if (Id{*recovered.mesh()} != mesh_) return "it recovers another mesh";
  if (!store::verify(recovery_key_, store::recovery_domain, statement,
                     Signature{*recovered.signature()}))
    return "it recovers the mesh without the consent of the recovery key";
  return {};
}

Wrong RosterHistory::restate(Branch& branch, const schema::Entry& entry) {
  if (const auto* restated = entry.payload_as_MemberRestated()) {
    auto known = branch.left.members.find(NodeId{*restated->member()->node()});
    if (known == branch.left.members.end() ||
        known->second != known_of(*restated->member()))
      return "it restates a member that it does not know so";
    branch.left.members.erase(known);
    return {};
  }
  if (const auto* restated = entry.payload_as_FormerRestated()) {
    auto gone = branch.left.gone.find(NodeId{*restated->node()});
    if (gone == branch.left.gone.end() ||
        gone->second.known.key != PublicKey{*restated->key()})
      return "it restates a former member that it does not know so";
    branch.left.gone.erase(gone);
    return {};
  }
  return "it changes the roster before all is restated";
}

}  // namespace ppn::simulation
