#include "tests/support/test_ledger.hpp"

#include "store/ledger_view.hpp"

namespace ppn::tests {

namespace {

constexpr std::size_t streams = 3;

}  // namespace

store::Result<TestLedger> TestLedger::parts(const std::filesystem::path& path,
                                            const store::LmdbOptions& options) {
  store::StateDirectory directory{path};
  auto backend = store::LmdbBackend::open_for_writing(directory, options);
  if (!backend) return backend.error();
  auto keys = store::FileKeyStore::open(directory.keys());
  if (!keys) return keys.error();
  TestLedger made;
  made.backend_ = std::move(*backend);
  made.keys_ = std::move(*keys);
  made.outside_ = std::make_unique<store::OutsideCheckpointFile>(
      directory.outside_checkpoint());
  return made;
}

store::Result<TestLedger> TestLedger::found(const std::filesystem::path& path,
                                            Options options) {
  auto made = parts(path, options.lmdb);
  if (!made) return made;
  auto ledger = store::Ledger::found(made->ledger_parts(), {"test", {}},
                                     test_clock, std::move(options.ledger));
  if (!ledger) return ledger.error();
  made->ledger_ = std::move(*ledger);
  return made;
}

store::Result<TestLedger> TestLedger::open(const std::filesystem::path& path,
                                           Options options) {
  auto made = parts(path, options.lmdb);
  if (!made) return made;
  store::NoReplay no_replay;
  auto ledger = store::Ledger::open(made->ledger_parts(), no_replay, test_clock,
                                    std::move(options.ledger));
  if (!ledger) return ledger.error();
  made->ledger_ = std::move(*ledger);
  return made;
}

store::AppendRequest numbered_request(const store::Ledger& ledger,
                                      std::size_t count) {
  store::AppendRequest request;
  auto first = ledger.position().head.size;
  for (std::size_t i = 0; i < count; ++i) {
    auto sequence = first + i;
    store::Event event;
    event.stream = "numbered/" + std::to_string(i % streams);
    event.expected_version = ledger.stream_version(event.stream) + i / streams;
    event.principal = {schema::PrincipalKind::actor, "test"};
    schema::CapabilityRevokedT revoked;
    revoked.grant = std::make_unique<schema::Id>();
    revoked.reason = numbered_text(sequence);
    event.payload.Set(std::move(revoked));
    request.push_back(std::move(event));
  }
  return request;
}

store::Result<std::string> text_of_entry(store::Backend& backend,
                                         std::uint64_t sequence) {
  auto transaction = backend.read();
  if (!transaction) return transaction.error();
  auto record = store::LedgerView{**transaction}.record(sequence);
  if (!record) return record.error();
  auto split = store::split_record(*record);
  if (!split) return split.error();
  store::AlignedBytes aligned;
  auto entry = store::check_entry(aligned.assign(split->entry));
  if (!entry) return entry.error();
  const auto* revoked = (*entry)->payload_as_CapabilityRevoked();
  if (revoked == nullptr)
    return store::Error{store::ErrorCode::not_found, "another kind of event"};
  return revoked->reason()->str();
}

std::string numbered_text(std::uint64_t sequence) {
  return "entry " + std::to_string(sequence);
}

}  // namespace ppn::tests
