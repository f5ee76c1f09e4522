// A ledger opened for looking at it, with one view for a whole command.
#pragma once

#include <memory>
#include <string>

#include "store/ledger_view.hpp"
#include "store/lmdb_backend.hpp"

namespace ppn::tools {

struct OpenLedger {
  std::unique_ptr<store::LmdbBackend> backend;
  std::unique_ptr<store::ReadTransaction> transaction;

  [[nodiscard]] store::LedgerView view() const {
    return store::LedgerView{*transaction};
  }

  /// Sees what was appended since.
  store::Status refresh();
};

/// not_found with what to do about it, too_new, damaged, io.
store::Result<OpenLedger> open_ledger(const std::string& directory);

}  // namespace ppn::tools
