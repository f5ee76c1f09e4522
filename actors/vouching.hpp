// The ledger actor's part in witnessing: it proves how its ledger grew, vouches
// for the ledgers of others, and keeps what others vouch for of its own. Knows
// no CAF.
#pragma once

#include <map>
#include <memory>

#include "actors/messages.hpp"
#include "store/ledger.hpp"
#include "store/witness_memory.hpp"

namespace ppn::actors {

class Vouching {
 public:
  /// Without a memory nothing is remembered, and nobody vouched for.
  Vouching(const store::Ledger& ledger, store::Backend& backend,
           std::shared_ptr<store::WitnessMemory> memory)
      : ledger_(ledger), backend_(backend), memory_(std::move(memory)) {}

  /// From what this node signed to a size, or to all that there is. bad_input
  /// if it did not sign that: what it says of its own ledger is evidence. io,
  /// damaged.
  [[nodiscard]] store::Result<Growth> grow(const store::SignedHead& from,
                                           std::uint64_t to) const;

  /// What is vouched for is remembered first. version_conflict if something
  /// else is remembered than the wish says, io.
  store::Result<Cosignature> cosign(const CosignWish& wish);

  /// Keeps what another node vouches for. damaged if it is not of this ledger,
  /// or by no such key, io.
  store::Status take(const NodeId& witness, const Cosignature& cosignature);

  void forget(const NodeId& node);

  [[nodiscard]] store::Result<WitnessNotes> notes() const;

 private:
  store::Status read_heads();

  const store::Ledger& ledger_;
  store::Backend& backend_;
  std::shared_ptr<store::WitnessMemory> memory_;
  /// What is remembered, once it was read.
  std::optional<std::map<NodeId, store::TreeHead>> heads_;
};

}  // namespace ppn::actors
