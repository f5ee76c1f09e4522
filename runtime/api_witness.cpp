#include "runtime/api_witness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "events/clash.hpp"
#include "runtime/api_null.hpp"
#include "schema/time_text.hpp"
#include "store/cosignature.hpp"

namespace ppn::runtime {

namespace {

using actors::WitnessedLedger;
using actors::WitnessStatus;
using schema::Json;

constexpr std::int64_t ns_per_s = 1'000'000'000;

Json time_or_null(std::int64_t utc_ns) {
  return utc_ns == 0 ? Json() : Json(schema::format_time(utc_ns));
}

/// Of what somebody else says, who may say anything.
Json time_of_seconds(std::uint64_t seconds) {
  constexpr auto most = static_cast<std::uint64_t>(
      std::numeric_limits<std::int64_t>::max() / ns_per_s);
  return time_or_null(static_cast<std::int64_t>(std::min(seconds, most)) *
                      ns_per_s);
}

Json unproven_json(const WitnessedLedger& ledger) {
  if (!ledger.unproven_size) return {};
  return {{"size", *ledger.unproven_size},
          {"since", time_or_null(ledger.unproven_since_ns)},
          {"withheld", ledger.is_withheld}};
}

Json cosigned_json(const WitnessStatus& status, const NodeId& node) {
  auto found = status.cosigned.find(node);
  if (found == status.cosigned.end()) return {};
  return {{"size", found->second.size},
          {"time", time_of_seconds(found->second.seconds)}};
}

Json key_json(const WitnessStatus& status, const NodeId& node) {
  auto found = status.cosigned.find(node);
  if (found == status.cosigned.end() || !found->second.key) return {};
  return store::witness_verifier(node, *found->second.key).text();
}

}  // namespace

Json witness_document(const events::Mesh& mesh, const WitnessStatus& status) {
  auto ledgers = Json::array();
  for (const auto& [node, ledger] : status.ledgers) {
    const auto* member = mesh.find(node);
    if (member == nullptr) continue;
    Json json{{"node", node.hex()}, {"name", member->name}};
    json["size"] = ledger.head ? Json(ledger.head->size) : Json();
    json["root"] = ledger.head ? Json(ledger.head->root.hex()) : Json();
    json["vouched"] = time_of_seconds(ledger.cosigned_seconds);
    json["told"] = time_or_null(ledger.heard_ns);
    json["unproven"] = unproven_json(ledger);
    json["clash"] = ledger.clash ? Json(events::in_words(*ledger.clash))
                                 : Json();
    json["acknowledged"] = ledger.is_acknowledged;
    json["key"] = key_json(status, node);
    json["cosigned"] = cosigned_json(status, node);
    ledgers.push_back(std::move(json));
  }
  return {{"schema", "ppn.witness.v1"},
          {"key", status.key},
          {"ledgers", std::move(ledgers)}};
}

std::vector<Warning> witness_warnings(const events::Mesh& mesh,
                                      const WitnessStatus& status) {
  std::vector<Warning> warnings;
  if (status.is_split)
    warnings.push_back(
        {"recovered-twice",
         fmt::format("the mesh was recovered by two members for epoch {}, and "
                     "each is followed by some: recover it once more, on "
                     "either",
                     mesh.epoch)});
  for (const auto& [node, ledger] : status.ledgers) {
    const auto* member = mesh.find(node);
    if (member == nullptr) continue;
    if (ledger.is_withheld)
      warnings.push_back(
          {"ledger-unproven",
           fmt::format("{} speaks, and does not prove that its ledger grew "
                       "only; `ppnctl witness show` tells more",
                       member->name)});
    if (!ledger.clash) continue;
    warnings.push_back(
        {"clash",
         fmt::format("{}: {}; `ppnctl witness show` tells more, and `ppnctl "
                     "witness acknowledge {}` lets it be",
                     member->name, events::in_words(*ledger.clash),
                     member->name)});
  }
  return warnings;
}

Json witness_change_json(const actors::AcknowledgeClash& change) {
  return {{"kind", "witness-acknowledge"}, {"node", change.node.hex()}};
}

}  // namespace ppn::runtime
