#include "tests/support/rewritten_ledger.hpp"

#include "store/byte_order.hpp"
#include "store/record.hpp"

namespace ppn::tests {

namespace {

using store::Result;
using store::Status;
using store::Table;

/// The roster's are, and those of the fleet that hosts are shown.
bool is_kept_by_others(schema::Event event) {
  using enum schema::Event;
  return (event >= MeshFounded && event <= EndpointsChanged) ||
         (event >= AuthorityRecovered && event <= FormerRestated) ||
         event == TunnelKeyAnnounced || event == TunnelKeyChanged ||
         event == GuestPlaced || event == GuestOrdered;
}

class Rewriting {
 public:
  Rewriting(store::WriteTransaction& to, std::uint64_t at,
            const store::SigningKey& key)
      : to_(to), at_(at), key_(key) {}

  Status take(const store::StoredRecord& stored) {
    store::AlignedBytes aligned;
    auto record = store::open_record(stored.record, aligned);
    if (!record) return record.error();
    Bytes bytes{stored.record.begin(), stored.record.end()};
    if (stored.sequence >= at_) bytes = signed_anew(*record->entry);
    return put(*record->entry, bytes);
  }

  Result<std::string> finish(const NodeId& node) {
    store::TreeHead head{frontier_.size(), frontier_.root()};
    auto note = store::sign_checkpoint(node, head, key_);
    if (!note) return note.error();
    for (auto [name, value] :
         {std::pair{store::meta_format, store::ledger_format},
          std::pair{store::meta_checkpoint, std::string_view{*note}}})
      if (auto put = to_.insert(Table::meta, store::as_bytes(name),
                                store::as_bytes(value));
          !put)
        return put.error();
    if (auto done = to_.commit(); !done) return done.error();
    return note;
  }

 private:
  [[nodiscard]] Bytes signed_anew(const schema::Entry& entry) const {
    schema::EntryT changed;
    entry.UnPackTo(&changed);
    changed.prev = std::make_unique<schema::Hash>(link_.stored());
    if (entry.sequence() == at_) {
      const auto& clock = *entry.clock();
      changed.clock = std::make_unique<schema::ClockReading>(
          clock.utc_ns() + 1, clock.since_boot_ns(), clock.synchronised());
    }
    flatbuffers::FlatBufferBuilder builder;
    schema::FinishEntryBuffer(builder, schema::CreateEntry(builder, &changed));
    Bytes record{builder.GetBufferPointer(),
                 builder.GetBufferPointer() + builder.GetSize()};
    auto signature = key_.sign(store::entry_domain, record);
    record.insert(record.end(), signature.bytes.begin(), signature.bytes.end());
    return record;
  }

  Status put(const schema::Entry& entry, const Bytes& record) {
    auto halves = store::split_record(record);
    if (!halves) return halves.error();
    auto hashes = store::hash_record(*halves);
    link_ = hashes.link;
    auto key = store::big_endian(entry.sequence());
    Bytes nodes;
    frontier_.append(hashes.leaf, [&](const Hash& node) {
      nodes.insert(nodes.end(), node.bytes.begin(), node.bytes.end());
    });
    if (auto done = to_.append(Table::entries, key, record); !done) return done;
    if (auto done = to_.append(Table::tree, key, nodes); !done) return done;
    return to_.insert(
        Table::streams,
        store::stream_key(entry.sequence(), entry.stream()->string_view(),
                          entry.stream_version()),
        key);
  }

  store::WriteTransaction& to_;
  std::uint64_t at_;
  const store::SigningKey& key_;
  store::Frontier frontier_;
  Hash link_;
};

}  // namespace

namespace {

Result<std::string> copy(store::LedgerView& from, store::Backend& to,
                         std::uint64_t at, std::uint64_t size,
                         const store::SigningKey& key) {
  auto transaction = to.write();
  if (!transaction) return transaction.error();
  Rewriting rewriting{**transaction, at, key};
  Status taken;
  NodeId node;
  auto scanned = from.scan_records(0, [&](const store::StoredRecord& stored) {
    if (stored.sequence >= size) return false;
    store::AlignedBytes aligned;
    if (auto record = store::open_record(stored.record, aligned))
      node = NodeId{*record->entry->node()};
    taken = rewriting.take(stored);
    return taken.ok();
  });
  if (!scanned) return scanned.error();
  if (!taken) return taken.error();
  return rewriting.finish(node);
}

}  // namespace

Result<std::string> rewrite_ledger(store::LedgerView& from, store::Backend& to,
                                   std::uint64_t at,
                                   const store::SigningKey& key) {
  return copy(from, to, at, ~std::uint64_t{0}, key);
}

Result<std::string> cut_ledger(store::LedgerView& from, store::Backend& to,
                               std::uint64_t size,
                               const store::SigningKey& key) {
  return copy(from, to, size, size, key);
}

Result<std::uint64_t> size_without_tail(store::LedgerView& ledger) {
  std::uint64_t size = 0;
  auto scanned = ledger.scan_records(0, [&](const store::StoredRecord& stored) {
    store::AlignedBytes aligned;
    auto record = store::open_record(stored.record, aligned);
    if (!record) return false;
    using enum schema::Event;
    auto event = record->entry->payload_type();
    bool is_of_tail = event == NodeStarted || event == NodeStopped ||
                      event == TunnelUp || event == TunnelDown ||
                      event == PathChanged || event == DeviceRepaired;
    if (!is_of_tail) size = stored.sequence + 1;
    return true;
  });
  if (!scanned) return scanned.error();
  return size;
}

Result<std::optional<std::uint64_t>> rewritable_entry(
    store::LedgerView& ledger) {
  std::optional<std::uint64_t> found;
  auto scanned = ledger.scan_records(0, [&](const store::StoredRecord& stored) {
    store::AlignedBytes aligned;
    auto record = store::open_record(stored.record, aligned);
    if (!record) return false;
    auto event = record->entry->payload_type();
    if (event == schema::Event::NodeStarted) found = stored.sequence;
    if (is_kept_by_others(event)) found.reset();
    return true;
  });
  if (!scanned) return scanned.error();
  return found;
}

}  // namespace ppn::tests
