#include "tools/ppn-ledger/entry_reader.hpp"

#include "store/record.hpp"

namespace ppn::tools {

namespace {

/// Visits one record; false ends the scan, with or without an error.
class Visit {
 public:
  explicit Visit(const EntryVisitor& visit) : visit_(visit) {}

  bool operator()(std::uint64_t sequence, ByteView record) {
    auto split = store::split_record(record);
    if (!split) return stop(sequence, split.error());
    auto bytes = aligned_.assign(split->entry);
    auto entry = store::check_entry(bytes);
    if (!entry) return stop(sequence, entry.error());
    return visit_({sequence, record, bytes, *entry});
  }

  [[nodiscard]] const store::Status& status() const { return status_; }

 private:
  bool stop(std::uint64_t sequence, const store::Error& error) {
    status_ = store::Error{error.code, "entry " + std::to_string(sequence) +
                                           ": " + error.message +
                                           "; 'ppn-ledger verify' says more"};
    return false;
  }

  const EntryVisitor& visit_;
  store::AlignedBytes aligned_;
  store::Status status_;
};

}  // namespace

store::Status read_entries(OpenLedger& ledger, std::uint64_t from,
                           const EntryVisitor& visit) {
  Visit visit_one{visit};
  auto scanned = ledger.view().scan_records(from, [&](const auto& stored) {
    return visit_one(stored.sequence, stored.record);
  });
  if (!visit_one.status()) return visit_one.status();
  return scanned;
}

store::Status read_stream(OpenLedger& ledger, const std::string& stream,
                          std::uint64_t from, const EntryVisitor& visit) {
  Visit visit_one{visit};
  auto view = ledger.view();
  store::Status found;
  auto scanned = view.scan_stream(stream, 0, [&](std::uint64_t sequence) {
    if (sequence < from) return true;
    auto record = view.record(sequence);
    if (!record) {
      found = record.error();
      return false;
    }
    return visit_one(sequence, *record);
  });
  if (!found) return found;
  if (!visit_one.status()) return visit_one.status();
  return scanned;
}

}  // namespace ppn::tools
