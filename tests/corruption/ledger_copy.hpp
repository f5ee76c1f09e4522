// A copy of a ledger to damage, and what the audit and a node say of it then.
#pragma once

#include <string>

#include "store/audit.hpp"
#include "tests/corruption/forgery.hpp"
#include "tests/corruption/specimen.hpp"

namespace ppn::tests {

class LedgerCopy {
 public:
  explicit LedgerCopy(const Specimen& original);

  /// Changes the tables by `change`, all at once.
  void edit(const std::function<void(RawTables&)>& change) const;

  /// Changes the history by `change`, so that all tables and the checkpoint in
  /// them fit together again, signed by the node's own keys.
  void rewrite(const std::function<void(History&)>& change) const;

  /// The same, but the checkpoint stays as it is.
  void rewrite_but_for_checkpoint(
      const std::function<void(History&)>& change) const;

  [[nodiscard]] Bytes record(std::uint64_t sequence) const;
  void set_record(std::uint64_t sequence, ByteView record) const;

  [[nodiscard]] std::string checkpoint() const;
  void set_checkpoint(const std::string& note) const;

  [[nodiscard]] const store::StateDirectory& directory() const {
    return directory_;
  }
  [[nodiscard]] std::string outside_checkpoint() const;
  void set_outside_checkpoint(const std::string& note) const;

  /// Audits with the checkpoint that lies beside, as ppn-ledger does.
  [[nodiscard]] store::AuditReport audit(
      store::AuditLevel level = store::AuditLevel::replay,
      unsigned jobs = 2) const;

  /// Audits without any checkpoint but the ledger's own.
  [[nodiscard]] store::AuditReport audit_alone() const;

  /// Audits with a checkpoint from elsewhere.
  [[nodiscard]] store::AuditReport audit_against(const std::string& note) const;

  /// Whether the node would start on it. What the node then writes stays.
  [[nodiscard]] store::Status open() const;

 private:
  ScratchDirectory scratch_;
  store::StateDirectory directory_;
  std::uint8_t node_;
  store::KeyHistory keys_;
};

/// A verdict in a line: "valid" or "too new", or "CLASS@ENTRY" for each
/// finding; then first bad and last good entry: "payload@5 checkpoint; bad 5,
/// good 4". Several findings of a class that name no entry are told once.
std::string in_words(const store::AuditReport& report);

/// The same with only the first finding, for damage that leads to more.
std::string first_in_words(const store::AuditReport& report);

/// The audit of a copy in words.
inline std::string verdict(const LedgerCopy& copy) {
  return in_words(copy.audit());
}

/// What a node says when it opens a copy: "opens", or why it does not.
std::string answer(const LedgerCopy& copy);

}  // namespace ppn::tests
