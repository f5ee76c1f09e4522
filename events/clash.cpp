#include "events/clash.hpp"

namespace ppn::events {

Decision decide_clash(const Clashes& clashes, const ClashNote& note) {
  auto seen = clashes.find({note.node, note.clash});
  std::vector<Draft> drafts;
  bool is_known =
      seen != clashes.end() &&
      (note.clash == schema::Clash::two_places || seen->second >= note.number);
  if (is_known) return drafts;
  schema::ClashSeenT event;
  event.clash = note.clash;
  event.node = std::make_unique<schema::NodeId>(note.node.stored());
  event.number = note.number;
  event.evidence = note.evidence;
  auto& draft = drafts.emplace_back(Draft{clash_stream, {}});
  draft.payload.Set(std::move(event));
  return drafts;
}

std::string in_words(schema::Clash clash) {
  switch (clash) {
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

std::optional<schema::Clash> standing_clash(const Clashes& clashes,
                                            const NodeId& node) {
  for (auto clash : {schema::Clash::two_places, schema::Clash::two_entries})
    if (clashes.contains({node, clash})) return clash;
  return std::nullopt;
}

Contradiction apply(Clashes& clashes, const schema::ClashSeen& event) {
  auto [seen, is_first] = clashes.try_emplace(
      {NodeId{*event.node()}, event.clash()}, event.number());
  if (is_first) return {};
  if (event.number() <= seen->second) return "this clash is recorded already";
  seen->second = event.number();
  return {};
}

}  // namespace ppn::events
