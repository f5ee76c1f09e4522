#include "tools/ppnctl/witness_text.hpp"

#include <fmt/format.h>

#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

using Rows = std::vector<std::vector<std::string>>;

/// A node proves within seconds that its ledger grew, if it does.
constexpr std::int64_t proof_patience_ns = 60'000'000'000;

std::string standing_of(const WitnessedLedger& ledger, std::int64_t now_ns) {
  if (ledger.clash) return *ledger.clash;
  bool is_late = ledger.unproven_since_ns &&
                 now_ns - *ledger.unproven_since_ns > proof_patience_ns;
  if (is_late)
    return fmt::format("says that it has {}, and does not prove it",
                       ledger.unproven_size.value_or(0));
  if (!ledger.size) return "nothing heard yet";
  return ledger.is_acknowledged ? "grew only since its history was accepted"
                                : "grew only";
}

std::string number_or_dash(const std::optional<std::uint64_t>& number) {
  return number ? std::to_string(*number) : "-";
}

std::string keys_text(const Witness& witness) {
  auto text = fmt::format("\nwitness this-node {}\n", printable(witness.key));
  for (const auto& ledger : witness.ledgers)
    if (ledger.key)
      text += fmt::format("witness {} {}\n", printable(ledger.name),
                          printable(*ledger.key));
  return text;
}

}  // namespace

std::string witness_text(const Witness& witness, bool keys,
                         std::int64_t now_ns) {
  std::string text = "no other ledger is known here\n";
  if (!witness.ledgers.empty()) {
    Rows rows{
        {"ledger of", "entries", "checked", "cosigned ours at", "standing"}};
    for (const auto& ledger : witness.ledgers)
      rows.push_back(
          {ledger.name, number_or_dash(ledger.size),
           ledger.vouched_ns ? ago_words(*ledger.vouched_ns, now_ns) : "-",
           number_or_dash(ledger.cosigned_size), standing_of(ledger, now_ns)});
    text = columns(rows);
  }
  for (const auto& ledger : witness.ledgers)
    if (ledger.clash)
      text += '\n' +
              alarm_text(fmt::format(
                  "{}: {}\nthe evidence is in the ledger of this node: "
                  "ppn-ledger prove fork DIR {}\nif you know why: ppnctl "
                  "witness acknowledge {}; else replace the node: see ppnctl "
                  "node rejoin there\n",
                  printable(ledger.name), printable(*ledger.clash),
                  printable(ledger.name), printable(ledger.name)));
  return keys ? text + keys_text(witness) : text;
}

}  // namespace ppn::ctl
