#include "tools/ppn-ledger/open_ledger.hpp"

namespace ppn::tools {

store::Status OpenLedger::refresh() {
  transaction.reset();
  auto fresh = backend->read();
  if (!fresh) return fresh.error();
  transaction = std::move(*fresh);
  return {};
}

store::Result<OpenLedger> open_ledger(const std::string& directory) {
  auto backend = store::LmdbBackend::open_for_reading({directory});
  if (!backend) return backend.error();
  OpenLedger ledger{std::move(*backend), nullptr};
  if (auto opened = ledger.refresh(); !opened) return opened.error();
  auto size = ledger.view().size();
  if (!size) return size.error();
  if (*size == 0)
    return store::Error{store::ErrorCode::not_found,
                        "the ledger in " + directory + " is empty"};
  if (auto format = ledger.view().check_format(); !format)
    return format.error();
  return ledger;
}

}  // namespace ppn::tools
