// Rewrites the ledger of a node that is stopped, with the node's own key: what
// an owner could do who has something to hide. Its neighbours must tell.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <filesystem>

#include "store/byte_order.hpp"
#include "store/files.hpp"
#include "store/key_rotation.hpp"
#include "store/key_store.hpp"
#include "store/lmdb_backend.hpp"
#include "tests/support/rewritten_ledger.hpp"

namespace {

using namespace ppn;
namespace fs = std::filesystem;

/// The sequence from which on it is another one.
store::Result<std::uint64_t> rewrite(const store::StateDirectory& directory,
                                     const store::StateDirectory& rewritten) {
  auto from = store::LmdbBackend::open_for_reading(directory);
  if (!from) return from.error();
  auto transaction = (*from)->read();
  if (!transaction) return transaction.error();
  store::LedgerView view{**transaction};
  auto at = tests::rewritable_entry(view);
  if (!at) return at.error();
  if (!*at)
    return store::Error{store::ErrorCode::not_found,
                        "others keep a copy of all that it has"};
  auto history = store::read_key_history(view);
  if (!history) return history.error();
  auto keys = store::FileKeyStore::open(directory.keys());
  if (!keys) return keys.error();
  auto key = (*keys)->load(history->back().key);
  if (!key) return key.error();
  auto to = store::LmdbBackend::open_for_writing(rewritten);
  if (!to) return to.error();
  auto checkpoint = tests::rewrite_ledger(view, **to, **at, *key);
  if (!checkpoint) return checkpoint.error();
  auto kept = store::replace_file(rewritten.outside_checkpoint(),
                                  store::as_bytes(*checkpoint), 0600);
  if (!kept) return kept.error();
  return **at;
}

}  // namespace

int main(int argc, char** argv) {
  if (!store::initialise_crypto()) return 1;
  CLI::App app{"Rewrites the ledger of a stopped node with its own key."};
  std::string root;
  app.add_option("DIR", root, "the state directory of the node")->required();
  CLI11_PARSE(app, argc, argv);
  store::StateDirectory directory{root};
  store::StateDirectory rewritten{root + "/rewritten"};
  auto at = rewrite(directory, rewritten);
  if (!at) {
    fmt::print(stderr, "ppn-ledger-rewriter: {}\n", at.error().message);
    return 1;
  }
  fs::remove_all(directory.ledger());
  fs::rename(rewritten.ledger(), directory.ledger());
  fs::rename(rewritten.outside_checkpoint(), directory.outside_checkpoint());
  fs::remove_all(rewritten.root);
  fmt::print("rewritten from entry {} on\n", *at);
}
