#include "tools/ppnctl/witness_documents.hpp"

#include <algorithm>

#include "tools/ppnctl/fields.hpp"

namespace ppn::ctl {

bool Witness::is_degraded() const {
  return std::any_of(ledgers.begin(), ledgers.end(), [](const auto& ledger) {
    return ledger.clash || ledger.is_withheld;
  });
}

Result<Witness> read_witness(const schema::Json& document) {
  Fields fields{document, "ppn.witness.v1"};
  Witness witness;
  witness.key = fields.text("key");
  for (const auto& json : fields.array("ledgers")) {
    auto& ledger = witness.ledgers.emplace_back();
    ledger.name = fields.text(json, "name");
    ledger.node = fields.text(json, "node");
    ledger.size = fields.number_or_null(json, "size");
    ledger.vouched_ns = fields.time_or_null(json, "vouched");
    ledger.clash = fields.text_or_null(json, "clash");
    ledger.is_acknowledged = fields.flag(json, "acknowledged");
    ledger.key = fields.text_or_null(json, "key");
    const auto& unproven = fields.object_or_null(json, "unproven");
    if (!unproven.is_null()) {
      ledger.unproven_size = fields.number(unproven, "size");
      ledger.unproven_since_ns = fields.time_or_null(unproven, "since");
      ledger.is_withheld = fields.flag(unproven, "withheld");
    }
    const auto& cosigned = fields.object_or_null(json, "cosigned");
    if (!cosigned.is_null())
      ledger.cosigned_size = fields.number(cosigned, "size");
  }
  return fields.unless_faulty(std::move(witness));
}

}  // namespace ppn::ctl
