#include "tools/ppnctl/witness_text.hpp"

#include <fmt/format.h>

#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string standing_of(const WitnessedLedger& ledger) {
  if (ledger.clash) return *ledger.clash;
  if (ledger.is_withheld) return "speaks, and does not prove that it grew only";
  if (!ledger.size) return "nothing heard yet";
  if (ledger.unproven_size)
    return fmt::format("to prove: {}", *ledger.unproven_size);
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
           number_or_dash(ledger.cosigned_size), standing_of(ledger)});
    text = columns(rows);
  }
  for (const auto& ledger : witness.ledgers)
    if (ledger.clash)
      text += '\n' +
              alarm_text(fmt::format(
                  "{}: {}\nthe evidence is in the ledger of this node: "
                  "ppn-ledger prove fork STATE_DIR {}\nif you know why: ppnctl "
                  "witness acknowledge {}; else replace the node: see ppnctl "
                  "node rejoin there\n",
                  printable(ledger.name), printable(*ledger.clash),
                  printable(ledger.node), printable(ledger.name)));
  return keys ? text + keys_text(witness) : text;
}

}  // namespace ppn::ctl
