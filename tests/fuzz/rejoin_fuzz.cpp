// What is read when a node rejoins: the intent that was left, and what a
// process says that read a ledger which may be damaged.
#include "runtime/rejoin_documents.hpp"
#include "store/byte_order.hpp"
#include "tests/fuzz/target.hpp"

namespace ppn::fuzz {

namespace {

void check_intent(std::string_view text) {
  auto founding = store::parse_intent(text);
  if (!founding) return;
  require(store::format_intent(*founding) == text,
          "an intent has one spelling");
  require(store::parse_checkpoint(founding->rejoin->last_checkpoint).ok(),
          "an intent names a checkpoint");
}

void check_identity(std::string_view text) {
  auto old =
      runtime::read_old_identity(schema::Json::parse(text, nullptr, false));
  if (!old) return;
  auto again = runtime::read_old_identity(to_json(*old));
  require(again && again->remains == old->remains &&
              again->fault.has_value() == old->fault.has_value(),
          "an identity reads back");
}

}  // namespace

void run(ByteView input) {
  check_intent(store::as_text(input));
  check_identity(store::as_text(input));
}

}  // namespace ppn::fuzz
