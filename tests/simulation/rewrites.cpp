#include "tests/simulation/rewrites.hpp"

#include <algorithm>

#include "store/checkpoint.hpp"
#include "tests/simulation/datagrams.hpp"
#include "tests/support/rewritten_ledger.hpp"

namespace ppn::simulation {

namespace {

using schema::Clash;

std::uint64_t no_chance() { return 0; }

Disk emptied(Disk disk) {
  for (auto& table : disk.tables) table.clear();
  return disk;
}

/// Of what others are told.
bool warns_of(const Host& host, const NodeId& node) {
  const auto& clashes = host.shadow.state().clashes;
  return std::any_of(clashes.begin(), clashes.end(), [&](const auto& seen) {
    auto clash = seen.first.second;
    return seen.first.first == node && !seen.second.is_acknowledged &&
           (clash == Clash::fork || clash == Clash::rollback);
  });
}

/// Whether what it remembers of another ledger is not of that as it is now.
bool remembers_otherwise(const Host& host, Host& other) {
  const auto& heads = host.disk.heads;
  auto head = heads.find(other.shadow.state().node.id);
  if (head == heads.end()) return false;
  auto remembered = store::parse_checkpoint(head->second);
  if (!remembered) return false;
  return !has_head(other.disk, remembered->head);
}

}  // namespace

bool knows_of_two_histories(const Host& host, const NodeId& node) {
  const auto& clashes = host.shadow.state().clashes;
  return std::any_of(clashes.begin(), clashes.end(), [&](const auto& seen) {
    auto clash = seen.first.second;
    return seen.first.first == node &&
           (clash == Clash::fork || clash == Clash::rollback ||
            clash == Clash::two_places);
  });
}

bool Rewrites::can_befall(const Host& host) const {
  const auto& node = host.shadow.state().node;
  return history_.version() != 0 && !node.keys.empty() &&
         history_.members().contains(node.id) && signing_key(host).has_value();
}

void Rewrites::set(Host& host, Disk disk, const std::string& checkpoint) {
  disk.outside_checkpoint = checkpoint;
  host.disk = std::move(disk);
  host.backup.reset();
  host.shadow.follow_anew(host.disk);
  history_.note_rewritten(host.shadow.state().node.id);
}

void Rewrites::rewrite(Host& host) {
  if (!can_befall(host)) return;
  auto rewritten = emptied(host.disk);
  OpenDisk from{host.disk, no_faults(), no_chance};
  OpenDisk to{rewritten, no_faults(), no_chance};
  auto transaction = from.parts().backend.read();
  store::LedgerView view{**transaction};
  auto at = tests::rewritable_entry(view);
  if (!at || !*at) return;
  auto checkpoint =
      tests::rewrite_ledger(view, to.parts().backend, **at, *signing_key(host));
  if (!checkpoint) return scene_.violate(host, checkpoint.error().message);
  scene_.trace.note(host.index, "history rewritten", **at);
  set(host, std::move(rewritten), *checkpoint);
}

void Rewrites::cut(Host& host) {
  if (!can_befall(host)) return;
  auto shorter = emptied(host.disk);
  OpenDisk from{host.disk, no_faults(), no_chance};
  OpenDisk to{shorter, no_faults(), no_chance};
  auto transaction = from.parts().backend.read();
  store::LedgerView view{**transaction};
  auto size = tests::size_without_tail(view);
  if (!size || *size == host.disk.entries()) return;
  auto checkpoint =
      tests::cut_ledger(view, to.parts().backend, *size, *signing_key(host));
  if (!checkpoint) return scene_.violate(host, checkpoint.error().message);
  scene_.trace.note(host.index, "history cut", *size);
  set(host, std::move(shorter), *checkpoint);
}

Complaint Rewrites::check_at_rest(const Host& host) const {
  for (auto& other : scene_.hosts) {
    const auto& node = other.shadow.state().node.id;
    bool is_due = &other != &host && history_.may_have_forked(node) &&
                  history_.members().contains(node) &&
                  !knows_of_two_histories(host, node);
    if (!is_due) continue;
    if (remembers_otherwise(host, other))
      return "it remembers what host " + std::to_string(other.index) +
             " has no more, and does not say so";
    for (const auto& third : scene_.hosts)
      if (&third != &other && warns_of(third, node) &&
          history_.members().contains(third.shadow.state().node.id))
        return "nobody told it that host " + std::to_string(other.index) +
               " has two histories";
  }
  return {};
}

}  // namespace ppn::simulation
