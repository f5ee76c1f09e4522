// The keys that an audit checks signatures with. They are read from the ledger
// under audit, so nothing about them is taken on trust: a key that the entries
// do not tell cleanly is unknown, rather than wrong for all that it signed.
#pragma once

#include <optional>
#include <vector>

#include "store/ledger_view.hpp"
#include "store/snapshot.hpp"

namespace ppn::store {

class AuditKeys {
 public:
  /// Reads the keys from the entries that the index of streams lists for the
  /// node. An index that hides a key rotation is found out by the audit.
  static AuditKeys by_index(LedgerView& view, std::uint64_t size);

  /// Reads every entry up to `size`, so that no index can hide one.
  static AuditKeys by_entries(LedgerView& view, std::uint64_t size);

  /// The key in force for entry `sequence`, if it is known.
  [[nodiscard]] const std::optional<PublicKey>& at(
      std::uint64_t sequence) const;

  /// The key that names the node, if it is known.
  [[nodiscard]] const std::optional<PublicKey>& first() const {
    return periods_.front().key;
  }

  /// Every key that is known.
  [[nodiscard]] KeyHistory known() const;

  /// Those that sign around entry `sequence`: a few, for a ledger may have
  /// thousands.
  [[nodiscard]] KeyHistory around(std::uint64_t sequence) const;

  /// Whether `period` is among the known ones.
  [[nodiscard]] bool knows(const KeyPeriod& period) const;

  /// Whether every key in force up to `sequence` is known.
  [[nodiscard]] bool complete_to(std::uint64_t sequence) const;

  bool operator==(const AuditKeys&) const = default;

 private:
  struct Period {
    std::uint64_t from = 0;
    std::optional<PublicKey> key;

    bool operator==(const Period&) const = default;
  };

  void follow(LedgerView& view, std::uint64_t sequence, bool is_listed);
  [[nodiscard]] std::size_t period_at(std::uint64_t sequence) const;

  std::vector<Period> periods_{{}};
};

}  // namespace ppn::store
