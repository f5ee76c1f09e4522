#include "events/clash.hpp"

#include <algorithm>
#include <array>

namespace ppn::events {

namespace {

/// The worst first.
constexpr std::array standing_kinds{
    schema::Clash::fork, schema::Clash::rollback, schema::Clash::two_places,
    schema::Clash::two_entries};

bool can_stand(schema::Clash clash) {
  return std::find(standing_kinds.begin(), standing_kinds.end(), clash) !=
         standing_kinds.end();
}

bool is_counted(schema::Clash clash) {
  return clash == schema::Clash::fork || clash == schema::Clash::rollback;
}

/// Of two entries there may be another proof for each version.
bool is_settled(const SeenClash& seen, const ClashNote& note) {
  bool is_told_once = can_stand(note.clash) &&
                      note.clash != schema::Clash::two_entries;
  if (is_told_once && !seen.is_acknowledged) return true;
  return !is_counted(note.clash) && seen.number >= note.number;
}

}  // namespace

Decision decide_clash(const Clashes& clashes, const ClashNote& note) {
  auto seen = clashes.find({note.node, note.clash});
  std::vector<Draft> drafts;
  if (seen != clashes.end() && is_settled(seen->second, note)) return drafts;
  schema::ClashSeenT event;
  event.clash = note.clash;
  event.node = std::make_unique<schema::NodeId>(note.node.stored());
  auto seen_before = seen == clashes.end() ? 0 : seen->second.number;
  event.number = is_counted(note.clash) ? seen_before + 1 : note.number;
  event.evidence = note.evidence;
  auto& draft = drafts.emplace_back(Draft{clash_stream, {}});
  draft.payload.Set(std::move(event));
  return drafts;
}

Decision decide_acknowledgement(const Clashes& clashes, const NodeId& node) {
  if (!standing_clash(clashes, node))
    return Refusal{"nothing stands against node " + node.hex()};
  schema::ClashAcknowledgedT event;
  event.node = std::make_unique<schema::NodeId>(node.stored());
  std::vector<Draft> drafts{Draft{clash_stream, {}}};
  drafts.front().payload.Set(std::move(event));
  return drafts;
}

std::string in_words(schema::Clash clash) {
  switch (clash) {
    case schema::Clash::fork:
      return "it signed two histories of its ledger: one of them was rewritten";
    case schema::Clash::rollback:
      return "its ledger lost entries that it had signed";
    case schema::Clash::two_entries:
      return "it signed two entries for one version of the roster";
    case schema::Clash::two_recoveries:
      return "it and another member recovered the mesh for one epoch: recover "
             "it once more, on either";
    case schema::Clash::two_endpoints:
      return "its tunnel goes back and forth between two endpoints: two "
             "machines have its tunnel key";
    default:
      return "its key speaks from two places, or from one that was rolled "
             "back";
  }
}

std::vector<schema::Clash> standing_clashes(const Clashes& clashes,
                                            const NodeId& node) {
  std::vector<schema::Clash> standing;
  for (auto clash : standing_kinds) {
    auto seen = clashes.find({node, clash});
    if (seen != clashes.end() && !seen->second.is_acknowledged)
      standing.push_back(clash);
  }
  return standing;
}

std::optional<schema::Clash> standing_clash(const Clashes& clashes,
                                            const NodeId& node) {
  auto standing = standing_clashes(clashes, node);
  return standing.empty() ? std::nullopt : std::optional{standing.front()};
}

Contradiction apply(Clashes& clashes, const schema::ClashSeen& event) {
  SeenClash now{event.number(), false};
  auto [seen, is_first] =
      clashes.try_emplace({NodeId{*event.node()}, event.clash()}, now);
  if (is_first) return {};
  if (now.number <= seen->second.number)
    return "this clash is recorded already";
  seen->second = now;
  return {};
}

Contradiction apply(Clashes& clashes, const schema::ClashAcknowledged& event) {
  NodeId node{*event.node()};
  if (!standing_clash(clashes, node))
    return "what is acknowledged does not stand";
  for (auto& [what, seen] : clashes)
    if (what.first == node && can_stand(what.second))
      seen.is_acknowledged = true;
  return {};
}

}  // namespace ppn::events
