// ppn-ledger checkpoint and key: what a stranger needs to check a log.
#include "store/checkpoint.hpp"

#include <fmt/format.h>

#include "schema/reflection_json.hpp"
#include "store/key_rotation.hpp"
#include "tools/ppn-ledger/cosigned.hpp"
#include "tools/ppn-ledger/failure.hpp"
#include "tools/ppn-ledger/open_ledger.hpp"

namespace ppn::tools {

int checkpoint(const CheckpointOptions& options) {
  auto kept = read_kept(options.directory);
  if (!kept) return fail(kept.error());
  auto ledger = open_ledger(options.directory);
  if (!ledger) return fail(ledger.error());
  auto view = ledger->view();
  auto picked = pick_checkpoint(options.policy, view, *kept);
  if (!picked) return fail(picked.error());
  fmt::print("{}", store::format_note(picked->note));
  return exit_ok;
}

int key(const KeyOptions& options) {
  auto ledger = open_ledger(options.directory);
  if (!ledger) return fail(ledger.error());
  auto view = ledger->view();
  auto keys = store::read_key_history(view);
  if (!keys) return fail(keys.error());
  auto origin = store::checkpoint_origin(store::node_id_of(keys->front().key));
  if (!options.all) keys->erase(keys->begin(), keys->end() - 1);
  auto list = schema::Json::array();
  for (const auto& period : *keys) {
    auto verifier = store::VerifierKey::make(
        origin, store::NoteAlgorithm::ed25519, period.key);
    if (!verifier) return fail(verifier.error());
    if (options.json)
      list.push_back({{"from", period.from}, {"key", verifier->text()}});
    else if (options.all)
      fmt::print("from {:>10}  {}\n", period.from, verifier->text());
    else
      fmt::print("{}\n", verifier->text());
  }
  if (options.json)
    fmt::print("{}\n",
               schema::compact(schema::Json{{"schema", "ppn-ledger.keys.v1"},
                                            {"keys", std::move(list)}}));
  return exit_ok;
}

}  // namespace ppn::tools
