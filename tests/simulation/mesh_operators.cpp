#include "tests/simulation/mesh_operators.hpp"

#include <algorithm>

#include "actors/member.hpp"
#include "actors/mesh.hpp"
#include "actors/roster_record.hpp"
#include "events/topology.hpp"
#include "store/recovery.hpp"
#include "tests/simulation/tunnels.hpp"

namespace ppn::simulation {

namespace {

using schema::Role;

constexpr std::size_t files_max = 6;
/// So many newcomers are brought the roster for each who is not admitted yet.
constexpr std::size_t batch_min = 8;
/// What the words stand for.
constexpr std::array<std::uint8_t, store::SigningKey::seed_size> recovery_seed{
    7, 7, 7};
constexpr std::array<std::uint8_t, store::SigningKey::seed_size> wrong_seed{8};
constexpr const char* range6 = "fd00:8::/64";

/// So few that removed members come into each other's way.
events::IpRange range_for(std::size_t hosts) {
  int bits = 3;
  while ((std::size_t{1} << bits) < hosts + 2) ++bits;
  return *events::IpRange::parse("10.8.0.0/" + std::to_string(32 - bits));
}

const NodeId& node_of(const Host& host) { return host.shadow.state().node.id; }

bool can_ask(const Host& host) { return host.process != nullptr; }

/// As its own roster says, which may be an old one, or follow another recovery.
bool is_member_by_itself(const Host& host) {
  return can_ask(host) &&
         host.shadow.state().mesh.find(node_of(host)) != nullptr;
}

}  // namespace

// -- who is who ---------------------------------------------------------------

Host* MeshOperators::authority() {
  if (history_.version() == 0) return nullptr;
  return scene_.host_of(history_.authority());
}

Host* MeshOperators::newest() {
  for (auto& host : scene_.hosts)
    if (can_ask(host) && history_.is_at_newest(node_of(host))) return &host;
  return nullptr;
}

Host* MeshOperators::newest_left() {
  Host* found = nullptr;
  for (auto& host : scene_.hosts)
    if (is_member_by_itself(host) &&
        (found == nullptr || place_of(host.shadow.state().mesh) >
                                 place_of(found->shadow.state().mesh)))
      found = &host;
  return found;
}

Host* MeshOperators::some_member() {
  if (history_.members().empty()) return nullptr;
  auto chosen = history_.members().begin();
  std::advance(chosen, static_cast<std::ptrdiff_t>(
                           scene_.random.below(history_.members().size())));
  return scene_.host_of(chosen->first);
}

bool MeshOperators::is_member(const Host& host) const {
  return history_.members().contains(node_of(host));
}

/// Whether no mesh takes it any more: it was removed, or who recovered the mesh
/// had not heard of it.
bool MeshOperators::is_gone(const Host& host) const {
  return history_.gone().contains(node_of(host)) ||
         (host.shadow.state().mesh.founded() && !is_member(host));
}

/// Whoever thinks that it is the authority: one that the mesh was recovered
/// from may not have heard of that.
Host* MeshOperators::some_authority() {
  std::vector<Host*> all;
  for (auto& host : scene_.hosts) {
    const auto& mesh = host.shadow.state().mesh;
    if (can_ask(host) && mesh.founded() && mesh.authority == node_of(host))
      all.push_back(&host);
  }
  return all.empty() ? nullptr : all[scene_.random.below(all.size())];
}

std::vector<events::Endpoint> MeshOperators::some_endpoints(const Host& host) {
  events::Endpoint right{host.outside, 51'820};
  auto other = right;
  other.port = 1;
  switch (scene_.random.below(4)) {
    case 0:
      return {};
    case 1:
      return {right, other};
    default:
      return {right};
  }
}

// -- what they do -------------------------------------------------------------

void MeshOperators::operate() {
  if (history_.version() == 0) return found();
  if (scene_.one_in(20)) return recover();
  if (scene_.one_in(4)) readmit();
  if (scene_.one_in(8)) acknowledge();
  auto* at = some_authority();
  if (at == nullptr) return;
  switch (scene_.random.below(24)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
      return introduce();
    case 6:
    case 7:
    case 8:
      return change_endpoints(*at);
    case 9:
    case 10:
    case 11:
      return move_role(*at);
    case 12:
      return remove(*at);
    case 13:
      return remove_and_change(*at);
    case 14:
      return replace();
    case 15:
    case 16:
      return do_what_is_refused();
    case 17:
      return start_anew();
    case 18:
    case 19:
    case 20:
    case 21:
      return rotate_key();
    default:
      return import_once_more();
  }
}

void MeshOperators::found() {
  auto& host = scene_.hosts.front();
  const auto& state = host.shadow.state();
  if (!can_ask(host) || !state.device.key) return;
  events::FoundMesh founding;
  founding.mesh = scene_.next_id();
  founding.name = "mesh";
  founding.range = range_for(scene_.hosts.size());
  if (scene_.one_in(2)) founding.range6 = events::IpRange::parse(range6);
  founding.recovery_key =
      store::SigningKey::from_seed(recovery_seed).public_key();
  founding.founder = {state.node.id,
                      state.node.name,
                      state.node.keys.back().key,
                      *state.device.key,
                      {{host.outside, 51'820}}};
  operators_.propose(host, events::MeshCommand{founding});
}

/// Those who are members by then are brought the roster, all the same one.
void MeshOperators::gather() {
  if (history_.version() == 0) return found();
  auto* at = authority();
  if (at == nullptr || !can_ask(*at)) return;
  std::vector<Host*> admitted;
  std::size_t left_out = 0;
  for (auto& host : scene_.hosts) {
    if (host.shadow.state().mesh.founded() || is_gone(host) || !can_ask(host))
      continue;
    if (is_member(host)) {
      admitted.push_back(&host);
      continue;
    }
    if (!waits_for_place(host)) left_out += 1;
    export_records(host, [this, &host, at](const Records& records) {
      admit(*at, host, records, nullptr);
    });
  }
  // All of it at once, not one version after the other.
  if (admitted.size() > batch_min * left_out)
    bring_roster(*at, std::move(admitted));
}

void MeshOperators::bring_roster(Host& from, std::vector<Host*> whom) {
  export_records(from, [this, whom = std::move(whom)](const Records& records) {
    keep_file(records);
    for (auto* host : whom) import(*host, records);
  });
}

void MeshOperators::introduce() {
  auto* at = authority();
  if (at == nullptr) return;
  for (auto& host : scene_.hosts) {
    bool is_outside = !host.shadow.state().mesh.founded() && !is_gone(host);
    if (&host != at && is_outside && can_ask(host)) return introduce(host, *at);
  }
}

void MeshOperators::introduce(Host& newcomer, Host& authority) {
  if (is_member(newcomer)) return import_newest(authority, newcomer);
  export_records(newcomer,
                 [this, &newcomer, &authority](const Records& records) {
                   admit(authority, newcomer, records, nullptr);
                 });
}

void MeshOperators::admit(Host& authority, Host& newcomer,
                          const Records& introduction, const NodeId* old) {
  auto read = actors::read_introduction(introduction);
  // It may have no key for its tunnels yet.
  if (!read) return;
  read->endpoints = some_endpoints(newcomer);
  auto command = old == nullptr
                     ? events::MeshCommand{events::AddMember{*read}}
                     : events::MeshCommand{events::ReplaceMember{*old, *read}};
  operators_.propose(authority, command, [this, &newcomer, &authority] {
    if (!scene_.is_large()) import_newest(authority, newcomer);
  });
}

void MeshOperators::change_endpoints(Host& authority) {
  auto* member = some_member();
  if (member == nullptr) return;
  set_endpoints(authority, *member, some_endpoints(*member));
}

void MeshOperators::set_endpoints(Host& authority, Host& of,
                                  std::vector<events::Endpoint> endpoints) {
  operators_.propose(authority, events::MeshCommand{events::ChangeEndpoints{
                                    node_of(of), std::move(endpoints)}});
}

void MeshOperators::move_role(Host& authority) {
  constexpr std::array roles{Role::authority, Role::hub, Role::controller};
  auto* member = some_member();
  if (member == nullptr) return;
  move_role(authority, roles[scene_.random.below(roles.size())],
            node_of(*member));
}

void MeshOperators::move_role(Host& authority, Role role, const NodeId& to) {
  operators_.propose(authority,
                     events::MeshCommand{events::MoveRole{role, to}});
}

void MeshOperators::remove(Host& authority) {
  auto* member = some_member();
  if (member == nullptr) return;
  operators_.propose(authority,
                     events::MeshCommand{events::RemoveMember{
                         node_of(*member), "it is lost", scene_.one_in(2)}});
}

/// Its own operator does. Whoever is away is waited for, or not.
/// Now and then both ends of a tunnel at once.
void MeshOperators::rotate_key() {
  for (auto count = scene_.one_in(3) ? 2 : 1; count > 0; --count)
    if (auto* member = some_member(); member != nullptr && can_ask(*member))
      operators_.propose(*member, actors::RotateTunnelKey{scene_.one_in(3)});
}

/// Whatever stands against another one, and now and then nothing does.
void MeshOperators::acknowledge() {
  auto* member = some_member();
  if (member == nullptr || !can_ask(*member)) return;
  for (const auto& [what, seen] : member->shadow.state().clashes)
    if (!seen.is_acknowledged && scene_.one_in(2))
      return operators_.propose(*member, actors::AcknowledgeClash{what.first});
}

/// Two operators at once: whatever comes first, it is removed in the end.
void MeshOperators::remove_and_change(Host& authority) {
  auto* member = some_member();
  if (member == nullptr) return;
  set_endpoints(authority, *member, some_endpoints(*member));
  operators_.propose(authority, events::MeshCommand{events::RemoveMember{
                                    node_of(*member), "it is lost", true}});
  set_endpoints(authority, *member, some_endpoints(*member));
}

/// A host outside takes the place of a member.
void MeshOperators::replace() {
  auto* at = authority();
  auto* member = some_member();
  if (at == nullptr || member == nullptr || member == at) return;
  for (auto& host : scene_.hosts) {
    if (host.shadow.state().mesh.founded() || is_member(host) ||
        is_gone(host) || !can_ask(host))
      continue;
    auto old = node_of(*member);
    return export_records(host, [this, &host, at, old](Records records) {
      admit(*at, host, records, &old);
    });
  }
}

/// It lost the tail of its ledger, and is in no mesh since.
bool MeshOperators::waits_for_place(const Host& host) const {
  return host.rejoin && !is_member(host) && !host.shadow.state().mesh.founded();
}

/// It gets the place of who it was before.
void MeshOperators::readmit() {
  auto* at = authority();
  if (at == nullptr || !can_ask(*at)) return;
  for (auto& host : scene_.hosts)
    if (can_ask(host) && waits_for_place(host) &&
        history_.members().contains(host.rejoin->replaces))
      export_records(host, [this, &host, at](const Records& records) {
        if (host.rejoin) admit(*at, host, records, &host.rejoin->replaces);
      });
}

void MeshOperators::do_what_is_refused() {
  auto* member = some_member();
  if (member == nullptr || !can_ask(*member) || member == authority()) return;
  if (scene_.one_in(2))
    move_role(*member, Role::authority, node_of(*member));
  else
    change_endpoints(*member);
}

/// An old file, or one that somebody damaged.
void MeshOperators::import_once_more() {
  auto* member = some_member();
  if (member == nullptr || files_.empty()) return;
  auto records = files_[scene_.random.below(files_.size())];
  if (scene_.one_in(2)) damage(records);
  import(*member, records);
}

void MeshOperators::damage(Records& records) {
  auto& random = scene_.random;
  auto& record = records[random.below(records.size())];
  switch (random.below(3)) {
    case 0:
      record[random.below(record.size())] ^=
          static_cast<std::uint8_t>(1U << random.below(8));
      return;
    case 1:
      std::swap(record, records.back());
      return;
    default:
      record.resize(random.below(record.size()));
  }
}

/// The old authority lives on, and knows nothing of it. Now and then two
/// operators do it at once, and one has the words of another mesh.
void MeshOperators::recover() {
  for (auto count = scene_.one_in(3) ? 2 : 1; count > 0; --count)
    if (auto* member = some_member();
        member != nullptr && is_member_by_itself(*member))
      recover(*member, scene_.one_in(4));
}

void MeshOperators::recover(Host& host, bool with_wrong_words) {
  const auto& mesh = host.shadow.state().mesh;
  const auto* member =
      host.process->look_into_kept<actors::MemberState, actors::MemberActor>();
  if (member == nullptr) return;
  auto epoch = actors::next_epoch(mesh, member->heard);
  auto node = node_of(host);
  auto key = store::SigningKey::from_seed(with_wrong_words ? wrong_seed
                                                           : recovery_seed);
  auto signature = key.sign(store::recovery_domain,
                            bytes_of(schema::RecoveryStatement{
                                mesh.id, epoch, node, mesh.find(node)->key}));
  operators_.propose(
      host, events::MeshCommand{events::RecoverMesh{node, epoch, signature}});
}

/// Who was removed can come back under another identity only.
void MeshOperators::start_anew() {
  for (auto& host : scene_.hosts)
    if (is_gone(host)) return reinstall_(host);
}

// -- files --------------------------------------------------------------------

void MeshOperators::export_records(Host& host,
                                   const std::function<void(Records)>& next) {
  if (!host.process) return;
  auto mesh = host.process->kept<actors::MeshActor>(actors::MeshState::name);
  if (!mesh) return;
  scene_.weather->request(mesh, caf::infinite, actors::export_atom::value)
      .then([next](const actors::EntriesPtr& records) { next(*records); },
            [this, &host](caf::error& error) {
              scene_.trace.note(host.index, "not exported", error.code());
            });
}

void MeshOperators::import_newest(Host& from, Host& host) {
  export_records(from, [this, &host](const Records& records) {
    keep_file(records);
    import(host, records);
  });
}

void MeshOperators::keep_file(const Records& records) {
  if (files_.size() < files_max)
    files_.push_back(records);
  else
    files_[scene_.random.below(files_max)] = records;
}

void MeshOperators::import(Host& host, const Records& records) {
  operators_.propose(host, actors::ImportRoster{records});
}

// -- when the faults are over -------------------------------------------------

void MeshOperators::put_right() {
  auto* at = authority();
  auto* source = newest();
  if (source == nullptr) {
    if (auto* last = newest_left()) recover(*last, false);
    return;
  }
  // Whoever is named as the authority may follow the other recovery, or be
  // gone.
  if (history_.is_split(history_.epoch()) || at == nullptr) {
    for (auto& host : scene_.hosts)
      if (is_member_by_itself(host) && history_.is_at_newest(node_of(host)))
        return recover(host, false);
    return;
  }
  if (!can_ask(*at)) return;
  readmit();
  remove_lost(*at);
  auto is_reached = [this](const Host& host) {
    const auto& endpoints = history_.members().at(node_of(host)).endpoints;
    return !endpoints.empty() &&
           endpoints.front() == events::Endpoint{host.outside, 51'820};
  };
  auto* hub = scene_.host_of(history_.hub());
  if (hub == nullptr || !is_member(*hub))
    move_role(*at, Role::hub, node_of(*at));
  else if (!is_reached(*hub))
    set_endpoints(*at, *hub, {{hub->outside, 51'820}});
  if (hub != at && !is_reached(*at))
    set_endpoints(*at, *at, {{at->outside, 51'820}});
  for (auto& host : scene_.hosts)
    if (is_member(host) && can_ask(host) && is_stranded(host))
      import_newest(*source, host);
}

/// Identities that were given up: who recovered the mesh had not heard of their
/// removal.
void MeshOperators::remove_lost(Host& authority) {
  auto is_readmitted = [this](const NodeId& node) {
    return std::any_of(
        scene_.hosts.begin(), scene_.hosts.end(), [&](const Host& host) {
          return waits_for_place(host) && host.rejoin->replaces == node;
        });
  };
  for (const auto& [node, member] : history_.members())
    if (scene_.host_of(node) == nullptr && !is_readmitted(node))
      operators_.propose(authority, events::MeshCommand{events::RemoveMember{
                                        node, "it is no more", true}});
}

/// Whether it can hear from nobody what it lacks: its roster and that of each
/// other member have changed too much, or their keys have.
bool MeshOperators::is_stranded(const Host& host) {
  const auto& mesh = host.shadow.state().mesh;
  if (!mesh.founded()) return true;
  if (history_.is_at_newest(node_of(host))) return false;
  auto knows_way = [](const events::Mesh& roster, const Host& from,
                      const Host& to) {
    auto peer = events::desired_peer(roster, node_of(from), node_of(to), {});
    return peer && peer->endpoint == events::Endpoint{to.outside, 51'820};
  };
  auto knows_key = [](const events::Mesh& roster, const Host& of) {
    const auto* member = roster.find(node_of(of));
    const auto& key = of.device.shown().key;
    return member != nullptr && key &&
           (member->tunnel_key == *key || member->next_tunnel_key == key);
  };
  auto can_talk = [&](const Host& other) {
    const auto& theirs = other.shadow.state().mesh;
    return knows_key(mesh, other) && knows_key(theirs, host) &&
           events::desired_peer(mesh, node_of(host), node_of(other), {}) &&
           events::desired_peer(theirs, node_of(other), node_of(host), {}) &&
           (knows_way(mesh, host, other) || knows_way(theirs, other, host));
  };
  for (const auto& other : scene_.hosts)
    if (&other != &host && is_member(other) && !other.keeps_roster &&
        !other.lies && history_.is_at_newest(node_of(other)) && can_talk(other))
      return false;
  return true;
}

}  // namespace ppn::simulation
