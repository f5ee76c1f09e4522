#include "events/tunnel_key.hpp"

#include <algorithm>

#include "events/recovery.hpp"

namespace ppn::events {

namespace {

template <class Event>
std::vector<Draft> draft_of(std::string stream, Event event) {
  std::vector<Draft> drafts(1);
  drafts[0].stream = std::move(stream);
  drafts[0].payload.Set(std::move(event));
  return drafts;
}

template <class Event>
std::vector<Draft> roster_draft(const Mesh& mesh, const NodeId& node,
                                const TunnelKey& key) {
  Event event;
  event.node = std::make_unique<schema::NodeId>(node.stored());
  event.key = std::make_unique<schema::TunnelKey>(key.stored());
  return draft_of(roster_stream_of(mesh), std::move(event));
}

std::vector<Draft> request(const TunnelKey& key, bool force) {
  schema::TunnelKeyRequestedT event;
  event.key = std::make_unique<schema::TunnelKey>(key.stored());
  event.force = force;
  return draft_of(device_stream, std::move(event));
}

bool rested(const Member& member, std::int64_t utc_ns) {
  return member.key_announced_ns == 0 || utc_ns < member.key_announced_ns ||
         utc_ns - member.key_announced_ns >= key_rest_ns;
}

constexpr const char* too_soon =
    "a key of its tunnels was announced less than an hour ago";

}  // namespace

TunnelKey key_of_device(const Mesh& mesh, const NodeId& self,
                        const OwnDevice& own,
                        const std::optional<TunnelKey>& seen, bool told) {
  const auto* member = mesh.find(self);
  if (member == nullptr) return *own.key;
  auto is_former = [&](const TunnelKey& key) {
    return std::find(own.former_keys.begin(), own.former_keys.end(), key) !=
           own.former_keys.end();
  };
  if (seen == member->tunnel_key && is_former(*seen) && !told) return *seen;
  // The newest that it names.
  if (member->next_tunnel_key == own.key || member->tunnel_key == own.key)
    return *own.key;
  for (auto key = own.former_keys.rbegin(); key != own.former_keys.rend();
       ++key)
    if (member->next_tunnel_key == *key || member->tunnel_key == *key)
      return *key;
  return *own.key;
}

std::optional<TunnelKey> key_to_come(const OwnDevice& own,
                                     const TunnelKey& of_device) {
  if (own.next_key) return own.next_key;
  return of_device == own.key ? std::nullopt : own.key;
}

std::optional<TunnelKey> key_made_elsewhere(const OwnDevice& own,
                                            const Mesh& mesh,
                                            const NodeId& self) {
  const auto* member = mesh.find(self);
  bool is_so = member != nullptr && own.next_key == member->tunnel_key;
  return is_so ? own.next_key : std::nullopt;
}

std::optional<KeyNews> key_news(const Mesh& mesh, const NodeId& self,
                                const OwnDevice& own,
                                const TunnelKey& of_device) {
  if (is_lacking(mesh, self, {of_device, true}))
    return KeyNews{of_device, true};
  auto to_come = key_to_come(own, of_device);
  bool is_news = to_come && is_lacking(mesh, self, {*to_come, false});
  return is_news ? std::optional{KeyNews{*to_come, false}} : std::nullopt;
}

bool is_lacking(const Mesh& mesh, const NodeId& member, const KeyNews& news) {
  const auto* known = mesh.find(member);
  if (known == nullptr || known->tunnel_key == news.key) return false;
  return news.is_in_use || known->next_tunnel_key != news.key;
}

Decision decide_key_news(const Mesh& mesh, const NodeId& self,
                         const NodeId& member, const KeyNews& news,
                         const Moment& now) {
  if (mesh.authority != self || mesh.restating)
    return Refusal{"only the authority changes the mesh"};
  if (!is_lacking(mesh, member, news))
    return Refusal{"the roster says so already"};
  auto after = mesh;
  // What is in use and was never announced is told to all first.
  if (news.is_in_use && mesh.find(member)->next_tunnel_key == news.key) {
    if (auto wrong = change_key(after, member, news.key))
      return Refusal{*wrong};
    return roster_draft<schema::TunnelKeyChangedT>(mesh, member, news.key);
  }
  if (!rested(*mesh.find(member), now.utc_ns)) return Refusal{too_soon};
  if (auto wrong = announce_key(after, member, news.key, now.utc_ns))
    return Refusal{*wrong};
  return roster_draft<schema::TunnelKeyAnnouncedT>(mesh, member, news.key);
}

Decision decide_rotation(const OwnDevice& own, const Mesh& mesh,
                         const NodeId& self, const TunnelKey& key, bool force,
                         const Moment& now) {
  const auto* member = mesh.find(self);
  if (member == nullptr)
    return Refusal{
        "this node is in no mesh: nobody knows the key of its tunnels"};
  if (!own.key) return Refusal{"the tunnels have no key yet; try again"};
  auto holder = mesh.holders.tunnel_keys.find(own.next_key.value_or(key));
  bool is_taken = holder != mesh.holders.tunnel_keys.end() &&
                  holder->second != self;
  if (own.next_key && !is_taken) {
    if (force && !own.is_forced) return request(*own.next_key, true);
    return Refusal{force ? "it is forced already, and goes on as soon as the "
                           "authority has announced it"
                         : "the key is being rotated already: --force makes it "
                           "wait for nobody"};
  }
  if (member->tunnel_key != *own.key)
    return Refusal{"the last rotation is not over: " + authority_name(mesh) +
                   ", the authority, does not know of it yet"};
  if (!rested(*member, now.utc_ns)) return Refusal{too_soon};
  return request(key, force);
}

std::vector<std::string> rotation_in_words(const OwnDevice& own,
                                           const Mesh& mesh, bool force) {
  std::vector<std::string> words;
  if (own.next_key)
    words.emplace_back("go on with the rotation that was requested before");
  else
    words.emplace_back(
        "make another key for the tunnels of this node, which keeps its "
        "identity, its name and its addresses");
  words.push_back(authority_name(mesh) +
                  ", the authority, announces it to all members");
  words.emplace_back(
      force ? "the tunnels get it half a minute later: who does not know it by "
              "then loses this node until it has the newest roster"
            : "the tunnels get it once every other member has acknowledged it");
  return words;
}

std::vector<NodeId> not_acknowledged(
    const Mesh& mesh, const NodeId& self, const RosterPlace& announced,
    const std::map<NodeId, RosterPlace>& known) {
  std::vector<NodeId> missing;
  for (const auto& [node, member] : mesh.members) {
    auto place = known.find(node);
    bool has_it = place != known.end() &&
                  place->second.epoch == announced.epoch &&
                  place->second.version >= announced.version;
    if (node != self && !has_it) missing.push_back(node);
  }
  return missing;
}

Contradiction announce_key(Mesh& mesh, const NodeId& node, const TunnelKey& key,
                           std::int64_t utc_ns) {
  auto found = mesh.members.find(node);
  if (found == mesh.members.end()) return not_a_member(node);
  auto& member = found->second;
  auto& holders = mesh.holders.tunnel_keys;
  if (holders.contains(key))
    return "a key is announced that somebody has, or had";
  if (member.next_tunnel_key) holders.erase(*member.next_tunnel_key);
  holders.emplace(key, node);
  member.next_tunnel_key = key;
  member.key_announced_ns = utc_ns;
  return {};
}

Contradiction change_key(Mesh& mesh, const NodeId& node, const TunnelKey& key) {
  auto found = mesh.members.find(node);
  if (found == mesh.members.end()) return not_a_member(node);
  auto& member = found->second;
  if (member.next_tunnel_key != key)
    return "its tunnels change to a key that was not announced";
  if (member.last_tunnel_key)
    mesh.holders.tunnel_keys.erase(*member.last_tunnel_key);
  member.last_tunnel_key = member.tunnel_key;
  member.tunnel_key = key;
  member.next_tunnel_key.reset();
  return {};
}

}  // namespace ppn::events
